"""The Wilson interval: what a share of few runs can be trusted for."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Self

Z_95 = 1.959963984540054
"""The normal quantile that leaves 2.5 % on either side."""


@dataclass(frozen=True, slots=True)
class Share:
    """How many of how many, with the 95 % interval of Wilson.

    Attributes
    ----------
    hits, of : int
        The count, and what it is a count of.
    value, low, high : float or None
        The share and its interval; None where there is nothing to count.
    """

    hits: int
    of: int
    value: float | None
    low: float | None
    high: float | None

    @classmethod
    def count(cls, hits: int, of: int) -> Self:
        """Return the share of `hits` in `of`.

        Raises
        ------
        ValueError
            If `hits` is not between 0 and `of`.

        Examples
        --------
        >>> str(Share.count(8, 10))
        '.80 [.49, .94] of 10'
        """
        if of == 0 and hits == 0:
            return cls(0, 0, None, None, None)
        low, high = wilson(hits, of)
        return cls(hits, of, hits / of, low, high)

    def __str__(self) -> str:
        return "none to count" if self.value is None else f"{self.brief} of {self.of}"

    @property
    def brief(self) -> str:
        """The share and its interval, without what it is a share of."""
        if self.value is None or self.low is None or self.high is None:
            return "none"
        return f"{_short(self.value)} [{_short(self.low)}, {_short(self.high)}]"

    def to_dict(self) -> dict[str, float | int | None]:
        """Return the share as a JSON-ready object."""
        return asdict(self)


def wilson(hits: int, of: int, z: float = Z_95) -> tuple[float, float]:
    """Return the interval of a share, 95 % by default.

    Raises
    ------
    ValueError
        If `of` is not positive or `hits` not between 0 and `of`.

    Notes
    -----
    E. B. Wilson, "Probable inference, the law of succession, and statistical inference", Journal
    of the American Statistical Association 22, 1927. Unlike the normal approximation it stays
    within 0 and 1 and says something of 0 or all out of few.

    Examples
    --------
    >>> [round(end, 4) for end in wilson(0, 10)]
    [0.0, 0.2775]
    """
    if not 0 <= hits <= of or of == 0:
        raise ValueError(f"{hits} of {of} is no share")
    share, spread = hits / of, z * z / of
    centre = (share + spread / 2) / (1 + spread)
    half = z / (1 + spread) * math.sqrt(share * (1 - share) / of + spread / (4 * of))
    low = 0.0 if hits == 0 else centre - half
    high = 1.0 if hits == of else centre + half
    return low, high


def _short(share: float) -> str:
    return f"{share:.2f}".removeprefix("0")
