"""Moments and spans as people type them: ``14:05``, ``-10m``, ``1h30m``."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, timedelta

from aiops.types import InvalidInput

_UNITS_S = {"d": 86_400, "h": 3_600, "m": 60, "min": 60, "s": 1}
_PART = r"([0-9]{1,6}(?:\.[0-9]{1,3})?)(d|h|min|m|s)"
_SPAN = re.compile(rf"(?:{_PART})+")
_AGO = re.compile(rf"-\s*(?P<minus>(?:{_PART})+)|(?P<ago>(?:{_PART})+)\s+ago")
_CLOCK = re.compile(r"[0-9]{1,2}:[0-9]{2}(?::[0-9]{2})?")

LONGEST = timedelta(days=20 * 366)
"""No samples are older; what is longer is a slip of the pen."""

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
"""No samples are from before."""

EXAMPLES = "2026-01-05T14:05:00+00:00, 14:05, -10m or now"


def span(text: str) -> timedelta:
    """Read a length of time such as ``90s``, ``15m``, ``1h30m`` or ``14d``.

    Raises
    ------
    InvalidInput
        If it is none, zero, or longer than `LONGEST`.

    Examples
    --------
    >>> span("1h30m"), span("14d")
    (datetime.timedelta(seconds=5400), datetime.timedelta(days=14))
    """
    compact = text.strip()
    length = _length(compact) if _SPAN.fullmatch(compact) else timedelta(0)
    if not length:
        raise InvalidInput(f"{text!r} is no length of time; write it as 90s, 15m, 1h30m or 14d")
    return length


def moment(text: str, *, now: datetime) -> datetime:
    """Read a moment; what is left open is the latest that is not later than `now`.

    Parameters
    ----------
    text : str
        ISO 8601 with a zone; a time of day, which is in this machine's zone and today's or
        yesterday's; ``-10m`` or ``10m ago``; or ``now``.
    now : datetime
        With a zone.

    Returns
    -------
    datetime
        In UTC.

    Raises
    ------
    InvalidInput
        If it is no time, or a date without a zone.

    Examples
    --------
    >>> now = datetime(2026, 1, 5, 14, 20, tzinfo=UTC)
    >>> moment("-10m", now=now).isoformat()
    '2026-01-05T14:10:00+00:00'
    """
    said = text.strip()
    if said == "now":
        return now.astimezone(UTC)
    if ago := _AGO.fullmatch(said):
        return (now - _length(ago["minus"] or ago["ago"])).astimezone(UTC)
    if _CLOCK.fullmatch(said):
        return _latest(said, now)
    return _iso(text)


def is_span(text: str) -> bool:
    """Say whether `text` is written as a length of time.

    >>> is_span("14d"), is_span("-14d")
    (True, False)
    """
    return _SPAN.fullmatch(text.strip()) is not None


def is_clock(text: str) -> bool:
    """Say whether `text` is a time of day alone, so that its day and zone have to be assumed.

    >>> is_clock("14:05"), is_clock("2026-01-05T14:05:00Z")
    (True, False)
    """
    return _CLOCK.fullmatch(text.strip()) is not None


def _latest(clock: str, now: datetime) -> datetime:
    """Return the last time that a clock of this machine's zone showed `clock`."""
    try:
        shown = time.fromisoformat(clock.zfill(5) if clock.count(":") == 1 else clock.zfill(8))
    except ValueError:
        raise InvalidInput(f"{clock!r} is no time of day; write it as 14:05") from None
    today = now.astimezone().date()
    moments = (
        datetime.combine(today - timedelta(days=days), shown.replace(fold=fold)).astimezone()
        for days in range(3)
        for fold in (1, 0)  # an hour that comes twice: the later one first
    )
    # A time that a clock skipped comes back as another one.
    latest = next(one for one in moments if one <= now and one.time() == shown)
    return latest.astimezone(UTC)


def _iso(text: str) -> datetime:
    try:
        read = datetime.fromisoformat(text.strip())
        utc = read.astimezone(UTC)
    except (ValueError, OverflowError):
        raise InvalidInput(f"{text!r} is no time; write it as {EXAMPLES}") from None
    if utc < EARLIEST:
        raise InvalidInput(f"{text} is long before any sample; check the year")
    if read.tzinfo is None:
        raise InvalidInput(
            f"{text} has no time zone; write {read.astimezone().isoformat()} for this machine's, "
            f"or {read.replace(tzinfo=UTC).isoformat()} for UTC"
        )
    return utc


def _length(text: str) -> timedelta:
    length = timedelta(
        seconds=sum(float(count) * _UNITS_S[unit] for count, unit in re.findall(_PART, text))
    )
    if length > LONGEST:
        raise InvalidInput(f"{text!r} is longer than {LONGEST.days} days; check the unit")
    return length
