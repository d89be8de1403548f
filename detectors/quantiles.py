"""Quantiles that skip missing values, for whole frames at once.

numpy's nan-functions walk the columns one by one in Python and warn where a column is empty;
these sort once, stay vectorised, and answer NaN for an empty column without a word.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def nan_quantile(values: NDArray[Any], q: float, axis: int = 0) -> NDArray[np.float64]:
    """Return the `q` quantile along `axis`, skipping NaN, interpolated linearly.

    Parameters
    ----------
    values : array
        Any shape; NaN marks missing values.
    q : float
        0 to 1.

    Returns
    -------
    array
        `values`' shape without `axis`; NaN where nothing is present.

    Examples
    --------
    >>> nan_quantile(np.array([[1.0, np.nan], [3.0, np.nan]]), 0.5).tolist()
    [2.0, nan]
    """
    ordered = np.sort(np.moveaxis(np.asarray(values, dtype=float), axis, -1), axis=-1)
    present = np.sum(~np.isnan(ordered), axis=-1)
    place = q * np.maximum(present - 1, 0)
    low = np.floor(place).astype(int)
    high = np.minimum(low + 1, np.maximum(present - 1, 0))
    at_low, at_high = (
        np.take_along_axis(ordered, index[..., None], axis=-1)[..., 0] for index in (low, high)
    )
    result: NDArray[np.float64] = at_low + (place - low) * (at_high - at_low)
    return result
