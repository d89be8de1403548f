"""Whose a series is: by its labels, in Python and as PromQL; the two say the same.

`subject_of` works it out for one metric; `scope` writes it as PromQL.
"""

from aiops.collectors.labels.subjects import Identity, Subject, subject_of

__all__ = ["Identity", "Subject", "subject_of"]
