"""How strong an incident must be to page, so that there are no more pages than were asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence


MOST = 10**9
"""As good as no limit."""


def page_level(strengths: Sequence[float], most: int) -> float:
    """Return the lowest level that at most `most` of these strengths reach.

    It is 0 where all of them may page. Incidents that are equally strong page together or not at
    all.

    Examples
    --------
    >>> page_level([5.0, 1.0, 3.0, 3.0], 2), page_level([5.0, 1.0], 2)
    (5.0, 0.0)
    """
    if len(strengths) <= most:
        return 0.0
    ordered = sorted(strengths, reverse=True)
    kept = [strength for strength in ordered if strength > ordered[most]]
    return kept[-1] if kept else float(np.nextafter(ordered[0], np.inf))


def most_pages(budget: float | None, days: float) -> int | None:
    """Return how many pages a budget (pages a day) allows in so many days: at least one.

    >>> most_pages(2, 14), most_pages(0.5, 0.25), most_pages(None, 14)
    (28, 1, None)
    """
    return None if budget is None else max(1, int(min(budget * days, MOST)))
