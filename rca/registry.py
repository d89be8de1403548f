"""The rankers by the names that the command line and the tables use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiops.suggest import did_you_mean
from aiops.types import InvalidInput
from rca.baselines import MaxZ, Random
from rca.ranker import CausalRanker

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiops.types import Ranker

RANKERS: dict[str, Callable[[], Ranker]] = {
    "default": CausalRanker,
    "evidence": lambda: CausalRanker(graph="none", name="evidence"),
    "granger": lambda: CausalRanker(graph="granger", name="granger"),
    "max_z": MaxZ,
    "random": Random,
}
"""Name → a ranker with its default parameters.

``evidence`` and ``granger`` are the default ranker with its graph taken away, or learned even
where the call graph is known: what each layer is worth.
"""


def make_ranker(name: str) -> Ranker:
    """Return a new ranker by its `name`.

    Raises
    ------
    InvalidInput
        If there is none; the text names the nearest.
    """
    if name not in RANKERS:
        raise InvalidInput(f"no ranker is named {name!r}; {did_you_mean(name, RANKERS)}")
    return RANKERS[name]()
