"""Linear Granger causality between all pairs of series, as one batched solve.

Series i Granger-causes series j when the past of i helps to predict j beyond j's own past
[1]_. For every ordered pair we compare the regression of j on its own lags with the one that
also sees the lags of i. The own-lag regressor is partialled out by a Schur complement of one
shared Gram matrix, so that what is left per pair is a (lags x lags) system, and all n² of
them are solved in one call.

.. [1] C. W. J. Granger, "Investigating Causal Relations by Econometric Models and
   Cross-spectral Methods", Econometrica 37(3), 1969, DOI 10.2307/1912791. Departure: a small
   ridge term keeps collinear lags solvable.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from aiops.types import NotEnoughData

if TYPE_CHECKING:
    from numpy.typing import NDArray

RIDGE = 1e-3
"""Ridge term of a cause's lags, as a share of its own variance; a share of an effect's variance
below this is not worth explaining."""

OWN_RIDGE = 1e-6
"""Ridge term of an effect's own lags: what it keeps them from explaining, in a smooth series,
would pass for the work of others."""


@dataclass(frozen=True)
class Granger:
    """Pairwise linear Granger causality of n series.

    Attributes
    ----------
    gain : array, (n, n)
        Entry (i, j) is the share of j's unexplained variance that the past of i explains
        (partial R²), 0 to 1; the diagonal is 0. Row = cause, column = effect.
    p_value : array, (n, n)
        Of the F test that the gain is nil; 1 on the diagonal.
    lag : array of int, (n, n)
        The lag, in samples, at which i weighs most on j; 1 to `lags`.
    """

    gain: NDArray[np.float64]
    p_value: NDArray[np.float64]
    lag: NDArray[np.int_]


def linear_granger(values: NDArray[Any], *, lags: int = 3) -> Granger:
    """Test every ordered pair of columns for linear Granger causality.

    Parameters
    ----------
    values : array, (rows, n)
        Standardised samples; NaN counts as 0, the centre.
    lags : int
        How far back the past reaches, in samples.

    Raises
    ------
    NotEnoughData
        If the rows leave no degree of freedom: at least 3 · lags + 2 are needed.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> cause = rng.normal(size=200)
    >>> effect = np.r_[0.0, cause[:-1]] + 0.1 * rng.normal(size=200)
    >>> gain = linear_granger(np.column_stack([cause, effect])).gain
    >>> bool(gain[0, 1] > 0.9 > 0.1 > gain[1, 0])
    True
    """
    rows = len(values)
    freedom = rows - lags - 2 * lags - 1
    if freedom < 1:
        raise NotEnoughData(f"{rows} rows are too few for {lags} lags; give {3 * lags + 2} or more")
    past, present = _lagged(np.nan_to_num(values), lags)
    variance = np.maximum((present**2).sum(axis=0), np.finfo(float).tiny)
    rest, shared, cross = _partial_out_own_past(past, present, lags)
    ridge = RIDGE * variance[:, None, None, None] * np.eye(lags)
    weights = np.linalg.solve(rest + ridge, cross[..., None])[..., 0]
    drop = np.einsum("ijp,ijp->ij", weights, cross)
    gain = np.clip(drop / np.maximum(shared, np.finfo(float).tiny), 0.0, 1.0)
    np.fill_diagonal(gain, 0.0)
    gain[:, shared <= RIDGE * variance] = 0.0
    lag = 1 + np.abs(weights).argmax(axis=-1)
    return Granger(gain, _p_values(gain, lags, freedom), lag)


def _lagged(
    values: NDArray[np.float64], lags: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return centred lags (rows - lags, n, lags), nearest first, and what they should predict."""
    rows = len(values)
    past = np.stack([values[lags - k : rows - k] for k in range(1, lags + 1)], axis=-1)
    present = values[lags:]
    return past - past.mean(axis=0), present - present.mean(axis=0)


def _partial_out_own_past(
    past: NDArray[np.float64], present: NDArray[np.float64], lags: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Remove each effect's own past from everything (Frisch, Waugh and Lovell).

    Returns
    -------
    rest : (n, n, lags, lags)
        Gram matrix of cause i's lags, given effect j's own past.
    shared : (n,)
        Residual sum of squares of each effect, given its own past.
    cross : (n, n, lags)
        Product of cause i's lags with effect j's residual.
    """
    gram = np.einsum("tip,tjq->ijpq", past, past, optimize=True)
    with_present = np.einsum("tip,tj->ijp", past, present, optimize=True)
    n = past.shape[1]
    every = np.arange(n)
    own = gram[every, every] + OWN_RIDGE * _trace_scale(gram[every, every], lags)
    own_weights = np.linalg.solve(own, with_present[every, every][..., None])[..., 0]
    shared = (present**2).sum(axis=0) - np.einsum(
        "jp,jp->j", own_weights, with_present[every, every]
    )
    cross = with_present - np.einsum("ijpq,jq->ijp", gram, own_weights, optimize=True)
    # (effect, lags, causes x lags): the own past of j solved against every cause at once
    towards = np.linalg.solve(own, gram.transpose(1, 3, 0, 2).reshape(n, lags, n * lags))
    explained = np.einsum("ijpq,jqir->ijpr", gram, towards.reshape(n, lags, n, lags), optimize=True)
    rest = gram[every, every][:, None] - explained
    return rest, shared, cross


def _trace_scale(own: NDArray[np.float64], lags: int) -> NDArray[np.float64]:
    """Return lags x lags identities scaled to each series' mean lag variance (never zero)."""
    scale = np.maximum(np.einsum("jpp->j", own) / lags, np.finfo(float).tiny)
    result: NDArray[np.float64] = scale[:, None, None] * np.eye(lags)
    return result


def _p_values(gain: NDArray[np.float64], lags: int, freedom: int) -> NDArray[np.float64]:
    from scipy.special import fdtrc

    f = (gain / lags) / np.maximum((1.0 - gain) / freedom, np.finfo(float).tiny)
    p_value: NDArray[np.float64] = fdtrc(lags, freedom, f)
    np.fill_diagonal(p_value, 1.0)
    return p_value
