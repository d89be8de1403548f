"""What an "unknown name" error offers instead."""

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


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Return the one of many `known` names that is most like `name`; None if there are none.

    Examples
    --------
    >>> nearest("shop/crat", ["shop/cart", "shop/web"])
    'shop/cart'
    """
    from difflib import get_close_matches

    return next(iter(get_close_matches(name, sorted(known), n=1, cutoff=0.0)), None)
