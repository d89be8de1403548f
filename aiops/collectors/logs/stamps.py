"""From the parts of written times to nanoseconds since 1970, many at once.

What is written without a zone is in the zone of the `Clock`. An hour that a change of the clocks
repeats is taken as its first run, and one that it skips as the moment after the gap. A zone is read
where it is a number, ``Z``, ``UTC`` or ``GMT``: other abbreviations stand for several zones each,
and such a time is taken as one without a zone. What is written without a year is in the year that
brings it nearest to the moment `Clock.near`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from aiops.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Mapping

NO_TIME = np.iinfo(np.int64).min
"""In place of a time: the text names none, or one that does not exist (numpy's NaT)."""

SECOND = 1_000_000_000
"""In nanoseconds."""

MONTHS = "Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec"
_MONTH_NUMBERS = {name: str(number) for number, name in enumerate(MONTHS.split("|"), start=1)}
_STAMP = {
    "year": (0, 4),
    "month": (5, 7),
    "day": (8, 10),
    "hour": (11, 13),
    "minute": (14, 16),
    "second": (17, 19),
}
_STAMP_WIDTH = 19
_YEARS = (1700, 2200)  # nanoseconds in 64 bits go from 1677 to 2262
_NO_YEAR = -1
_PARTS = ("month", "day", "hour", "minute", "second")


@dataclass(frozen=True, slots=True)
class Clock:
    """How to read times that do not say all.

    Attributes
    ----------
    zone : str
        The zone of times that name none: an IANA name such as ``Europe/Berlin``.
    near : int
        Nanoseconds since 1970; times without a year are the nearest to it.

    Raises
    ------
    InvalidInput
        If there is no such zone.
    """

    zone: str = "UTC"
    near: int = 0

    def __post_init__(self) -> None:
        try:
            ZoneInfo(self.zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise InvalidInput(
                f"{self.zone!r} is no time zone; write one such as UTC or Europe/Berlin"
            ) from None


def moments(parts: Mapping[str, pa.Array], clock: Clock) -> np.ndarray:
    """Return the times that are written as `parts`, in nanoseconds since 1970, shape (n,).

    Parameters
    ----------
    parts : mapping
        Name of a part → one text for each time, ``""`` for a part that is not there. The names:
        ``epoch`` (seconds, or thousandths, millionths, milliardths of one), or ``stamp``
        (``2026-11-22 14:05:00`` with any separators), or ``year``, ``month`` (a number or an
        English name), ``day``, ``hour``, ``minute``, ``second``; beside them ``half`` (AM, PM),
        ``fraction``, ``milli`` and ``zone``.

    Returns
    -------
    ndarray of int64
        `NO_TIME` where the parts name no moment: the 31st of June, the 25th hour.

    Examples
    --------
    >>> parts = {"stamp": pa.array(["2026-11-22T14:05:00"]), "fraction": pa.array(["25"])}
    >>> moments(parts, Clock()).astype("datetime64[ns]")
    array(['2026-11-22T14:05:00.250000000'], dtype='datetime64[ns]')
    """
    if "epoch" in parts:
        return _epochs(parts["epoch"], _fractions(parts))
    numbers = _from_stamps(parts["stamp"]) if "stamp" in parts else _from_parts(parts)
    numbers["hour"] = _hours(numbers["hour"], parts)
    written = _written_seconds(numbers, clock)
    legal = written != NO_TIME
    seconds = np.where(legal, written, 0)
    absolute = seconds - _offsets(parts, seconds, clock)
    return np.where(legal, absolute * SECOND + _fractions(parts), NO_TIME)


def _epochs(texts: pa.Array, fractions: np.ndarray) -> np.ndarray:
    """Return epochs in nanoseconds; the number of their digits tells the unit."""
    digits = pc.binary_length(texts).to_numpy(zero_copy_only=False).astype(np.int64)
    whole: np.ndarray = _integers(texts) * 10 ** (19 - digits)
    return whole + np.where(digits == 10, fractions, 0)


def _from_stamps(stamps: pa.Array) -> dict[str, np.ndarray]:
    """Return the numbers in texts of one fixed width, read straight from their bytes."""
    joined = pc.binary_join(pa.ListArray.from_arrays([0, len(stamps)], stamps), "")[0]
    digits = np.frombuffer(joined.as_buffer(), np.uint8).reshape(-1, _STAMP_WIDTH)
    numbers = digits.astype(np.int64) - ord("0")

    def number_at(first: int, last: int) -> np.ndarray:
        number: np.ndarray = numbers[:, first:last] @ (10 ** np.arange(last - first)[::-1])
        return number

    return {name: number_at(*place) for name, place in _STAMP.items()}


def _from_parts(parts: Mapping[str, pa.Array]) -> dict[str, np.ndarray]:
    months = parts["month"].dictionary_encode()
    names = [_MONTH_NUMBERS.get(name, name) for name in months.dictionary.to_pylist()]
    written = {**parts, "month": pa.array(names, pa.string()).take(months.indices)}
    numbers = {name: _integers(written[name]) for name in _PARTS}
    numbers["year"] = _years(parts["year"]) if "year" in parts else np.full(len(months), _NO_YEAR)
    return numbers


def _years(texts: pa.Array) -> np.ndarray:
    years = _integers(texts)
    years = np.where(pc.equal(pc.binary_length(texts), 2), years + 2000, years)
    return np.where(pc.equal(texts, ""), _NO_YEAR, years)


def _hours(hours: np.ndarray, parts: Mapping[str, pa.Array]) -> np.ndarray:
    """Return hours of the day from those of its halves, where a half is written."""
    if "half" not in parts:
        return hours
    afternoon = pc.equal(parts["half"], "PM").to_numpy(zero_copy_only=False)
    return hours % 12 + np.where(afternoon, 12, 0)


def _written_seconds(numbers: Mapping[str, np.ndarray], clock: Clock) -> np.ndarray:
    """Return what a clock on the wall shows as seconds since 1970; `NO_TIME` for no such time."""
    dated = numbers["year"] != _NO_YEAR
    if dated.all():
        return _wall_seconds(numbers["year"], numbers)
    near = np.array(clock.near, "datetime64[ns]").astype("datetime64[Y]").astype(np.int64) + 1970
    guesses = np.array([_wall_seconds(near + shift, numbers) for shift in (-1, 0, 1)])
    distance = np.abs(guesses.astype(np.float64) - clock.near / SECOND)
    nearest = np.take_along_axis(guesses, distance.argmin(axis=0)[np.newaxis], axis=0)[0]
    return np.where(dated, _wall_seconds(numbers["year"], numbers), nearest)


def _wall_seconds(years: np.ndarray, numbers: Mapping[str, np.ndarray]) -> np.ndarray:
    month, day = numbers["month"], numbers["day"]
    hour, minute, second = numbers["hour"], numbers["minute"], numbers["second"]
    months = (years - 1970) * 12 + month - 1
    first_day = _day_of(months)
    legal = (years >= _YEARS[0]) & (years < _YEARS[1])
    legal &= (month >= 1) & (month <= 12) & (day >= 1) & (day <= _day_of(months + 1) - first_day)
    legal &= (hour < 24) & (minute < 60) & (second <= 60)  # 60: a leap second
    seconds = ((first_day + day - 1) * 24 + hour) * 3600 + minute * 60 + second
    return np.where(legal, seconds, NO_TIME)


def _day_of(months: np.ndarray) -> np.ndarray:
    """Return the first day of each month, both counted from January 1970."""
    days: np.ndarray = months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    return days


def _offsets(parts: Mapping[str, pa.Array], seconds: np.ndarray, clock: Clock) -> np.ndarray:
    """Return how far the wall clocks that show `seconds` are ahead of UTC, in seconds."""
    if "zone" not in parts:
        return _local_offsets(seconds, clock)
    zones = parts["zone"].dictionary_encode()
    offsets = np.array([_offset_of(zone) for zone in zones.dictionary.to_pylist()])
    known: np.ndarray = offsets[zones.indices.to_numpy()]
    unknown = np.isnan(known)
    if not unknown.any():
        return known.astype(np.int64)
    return np.where(unknown, _local_offsets(seconds, clock), known).astype(np.int64)


def _offset_of(zone: str) -> float:
    """Return seconds ahead of UTC; NaN for a zone that is not written."""
    zone = zone.strip()
    if not zone:
        return float("nan")
    digits = zone[1:].replace(":", "")
    if not digits.isdigit():  # Z, UTC, GMT
        return 0.0
    ahead = int(digits[:2]) * 3600 + int(digits[2:] or 0) * 60
    return float(-ahead if zone[0] == "-" else ahead)


def _local_offsets(seconds: np.ndarray, clock: Clock) -> np.ndarray:
    import pandas as pd

    if clock.zone == "UTC":
        return np.zeros(len(seconds), np.int64)
    wall = pd.DatetimeIndex(seconds.astype("datetime64[s]"))
    first_run = np.ones(len(wall), bool)
    local = wall.tz_localize(clock.zone, ambiguous=first_run, nonexistent="shift_forward")
    utc: np.ndarray = local.tz_convert("UTC").tz_localize(None).as_unit("s").asi8
    ahead: np.ndarray = seconds - utc
    return ahead


def _fractions(parts: Mapping[str, pa.Array]) -> np.ndarray:
    """Return the parts of a second, in nanoseconds."""
    if "milli" in parts:
        return _integers(parts["milli"]) * (SECOND // 1000)
    if "fraction" not in parts:
        return np.zeros(1, np.int64)
    return _integers(pc.utf8_rpad(parts["fraction"], 9, "0"))


def _integers(texts: pa.Array) -> np.ndarray:
    """Return the numbers that texts of digits are; 0 for an empty one."""
    padded = pc.if_else(pc.equal(texts, ""), "0", texts)
    numbers: np.ndarray = pc.cast(padded, pa.int64()).to_numpy(zero_copy_only=False)
    return numbers
