"""What the toolkit remembers: incidents with their rankings and guide runs, and grades.

`Store` is all there is to know from outside; the tables, for people who query them, are in
`aiops.store.schema`.
"""

from __future__ import annotations

from aiops.store.store import Store

__all__ = ["Store"]
