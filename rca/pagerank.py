"""Personalised PageRank against the arrows: blame flows from effects back to causes.

The causal graph points cause → effect. Walking it as it stands ends at the symptom; this
module walks it reversed, so that the walker who starts at a strange service moves on to what
could have made it strange, and stays where nothing explains the strangeness any further.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def blame(
    weights: NDArray[Any], restart: NDArray[Any], *, alpha: float = 0.85
) -> NDArray[np.float64]:
    """Return the stationary share of blame of every node, solved in closed form.

    Solves x = alpha · Pᵀ x + (1 - alpha) · v [1]_, where P moves from effects to causes and a
    node without causes restarts at v.

    Parameters
    ----------
    weights : array, (n, n)
        Entry (i, j) ≥ 0 is the weight of the edge i → j, i being the cause.
    restart : array, (n,)
        Where the walker starts, ≥ 0: the evidence of each node; uniform when all is zero.
    alpha : float
        Probability of walking on rather than starting again.

    Returns
    -------
    array, (n,)
        Sums to 1.

    References
    ----------
    .. [1] L. Page, S. Brin, R. Motwani, T. Winograd, "The PageRank Citation Ranking", 1999,
       section 2; personalised as in T. Haveliwala, "Topic-Sensitive PageRank", WWW 2002.

    Examples
    --------
    A chain a → b → c in which all three are equally strange: the first cause is blamed most.

    >>> chain = np.array([[0, 1, 0], [0, 0, 1], [0, 0, 0]])
    >>> blame(chain, np.ones(3)).round(2).tolist()
    [0.47, 0.34, 0.18]
    """
    n = len(restart)
    total = restart.sum()
    start = restart / total if total > 0 else np.full(n, 1.0 / n)
    backward = np.asarray(weights, dtype=float).T
    reach = backward.sum(axis=1, keepdims=True)
    step = np.where(reach > 0, backward / np.where(reach > 0, reach, 1.0), start)
    share = np.linalg.solve(np.eye(n) - alpha * step.T, (1.0 - alpha) * start)
    result: NDArray[np.float64] = np.maximum(share, 0.0) / np.maximum(share, 0.0).sum()
    return result
