"""The closing half of an "unknown name" error: the nearest name, or else every known one."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Say which of the `known` names `name` was probably meant to be.

    Examples
    --------
    >>> did_you_mean("workload.raed", ["workload.read", "metrics.read"])
    "did you mean 'workload.read'?"
    >>> did_you_mean("zzz", ["workload.read", "metrics.read"])
    'known: metrics.read, workload.read'
    """
    from difflib import get_close_matches

    names = sorted(known)
    near = get_close_matches(name, names, n=1)
    if near:
        return f"did you mean {near[0]!r}?"
    return f"known: {', '.join(names) or 'none'}"
