"""State that is kept per series, and what becomes of it when series appear and vanish."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from numpy.typing import NDArray


def order_of(known: Sequence[Hashable], wanted: Sequence[Hashable]) -> NDArray[np.intp]:
    """Return where in `known` each of `wanted` stands; -1 for those that are new.

    >>> order_of(["a", "b"], ["b", "c"]).tolist()
    [1, -1]
    """
    places = {name: place for place, name in enumerate(known)}
    return np.array([places.get(name, -1) for name in wanted], dtype=np.intp)


def spread(state: NDArray[Any], order: NDArray[np.intp], fill: float) -> NDArray[Any]:
    """Return `state` in another order; series that are new start with `fill`.

    Parameters
    ----------
    state : array, (known,)
    order : array, (wanted,)
        As `order_of` returns it.

    Examples
    --------
    >>> spread(np.array([1.0, 2.0]), np.array([1, -1]), 0.0).tolist()
    [2.0, 0.0]
    """
    if not len(state):
        return np.full(len(order), fill, dtype=state.dtype)
    return np.where(order < 0, np.asarray(fill, dtype=state.dtype), state[order])
