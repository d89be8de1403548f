"""Root causes: from strangeness to ranked causes, and the grader that says how good that is.

`CausalRanker` is the default; `RANKERS` holds every ranker by name; `evaluate` grades any of
them on folders of labelled cases. Importing this package costs numpy and pandas, no more.
"""

from rca.baselines import MaxZ, Random
from rca.grading import CaseResult, Report, evaluate
from rca.ranker import CausalRanker
from rca.registry import RANKERS, make_ranker

__all__ = [
    "RANKERS",
    "CaseResult",
    "CausalRanker",
    "MaxZ",
    "Random",
    "Report",
    "evaluate",
    "make_ranker",
]
