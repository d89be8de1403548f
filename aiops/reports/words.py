"""Numbers, units, moments and spans as a reader would say them; nothing here knows of incidents.

Every function is pure and independent of the locale and of the time zone of the machine: all
moments are shown in UTC.
"""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime

MINUS = "\N{MINUS SIGN}"
THIN = "\N{NARROW NO-BREAK SPACE}"
MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)

_LARGE = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"), (1.0, ""))
_SMALL = ((1.0, ""), (1e-3, "m"), (1e-6, "µ"), (1e-9, "n"))
_PLAIN = (*_LARGE[:-1], (1e-3, ""), (1e-6, "µ"), (1e-9, "n"))
_SCALES = {"": _PLAIN, "s": _SMALL, "%": ((1.0, ""),)}

_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|%")
_UNITS = {
    "s": "s",
    "sec": "s",
    "second": "s",
    "seconds": "s",
    "byte": "B",
    "bytes": "B",
    "%": "%",
    "percent": "%",
}

_SPANS = ((86_400, "d", 3_600, "h"), (3_600, "h", 60, "min"), (60, "min", 1, "s"))
_SURENESS = ((0.25, "very unsure"), (0.5, "unsure"), (0.75, "fairly sure"), (1.0, "sure"))


def number(value: float, unit: str = "") -> str:
    r"""Write `value` to three significant digits with an SI prefix and its unit.

    Seconds take only prefixes below one, percentages none; a number without a unit keeps its
    plain decimals between a thousandth and a thousand.

    Examples
    --------
    >>> number(0.0123, "s"), number(1_234_567, "B"), number(0.71), number(12_400)
    ('12.3\u202fms', '1.23\u202fMB', '0.71', '12.4\u202fk')
    """
    if math.isnan(value):
        return "no value"
    sign = MINUS if value < 0 else ""
    if math.isinf(value):
        return f"{sign}∞"
    size = float(f"{abs(value):.3g}")
    scale, prefix = _scale(size, _SCALES.get(unit, _LARGE))
    # the row of plain decimals is found at a thousandth but counts in ones
    digits = _digits(size / scale if prefix else size)
    tail = f"{THIN}{prefix}{unit}" if prefix or unit else ""
    return f"{sign}{digits}{tail}"


def unit_of(metric: str) -> str:
    """Return the unit that a metric's name states: ``s``, ``B``, ``%``, ``B/s``, ``/s`` or none.

    Only what the name says outright is believed; a wrong unit is worse than none.

    Examples
    --------
    >>> [unit_of(name) for name in ("latency_seconds", "NetworkReceiveBytes", "cpu(%)", "queue")]
    ['s', 'B', '%', '']
    >>> unit_of("requests_per_second"), unit_of("rx_bytes_per_second")
    ('/s', 'B/s')
    """
    words = [word.lower() for word in _WORD.findall(metric)]
    if "per" in words:
        rate = words[words.index("per") + 1 :][:1] in (["s"], ["sec"], ["second"])
        amount = "B" if {"byte", "bytes"} & set(words) else ""
        return f"{amount}/s" if rate else ""
    return next((_UNITS[word] for word in reversed(words) if word in _UNITS), "")


def duration(seconds: float) -> str:
    r"""Write a span of time in its two largest useful units.

    Examples
    --------
    >>> duration(0.25), duration(40), duration(330), duration(7_500), duration(273_600)
    ('250\u202fms', '40\u202fs', '5\u202fmin 30\u202fs', '2\u202fh 5\u202fmin', '3\u202fd 4\u202fh')
    """
    size = abs(seconds)
    if size < 60:
        return number(size, "s")
    whole = round(size)
    large, name, small, rest_name = next(pair for pair in _SPANS if whole >= pair[0])
    rest = whole % large // small
    tail = f" {rest}{THIN}{rest_name}" if rest else ""
    return f"{whole // large}{THIN}{name}{tail}"


def offset(seconds: float) -> str:
    r"""Write a signed distance from a moment.

    >>> offset(0), offset(40), offset(180)
    ('+0\u202fs', '+40\u202fs', '+3\u202fmin')
    """
    return f"{MINUS if seconds < 0 else '+'}{duration(seconds)}"


def clock(seconds: float, *, to: str = "s") -> str:
    """Write the UTC time of day of a moment, in seconds since 1970, to the second or minute.

    >>> clock(1661140434), clock(1661140434, to="min")
    ('03:53:54', '03:53')
    """
    moment = _utc(seconds)
    tail = f":{moment.second:02}" if to == "s" else ""
    return f"{moment.hour:02}:{moment.minute:02}{tail}"


def day(seconds: float, *, short: bool = False) -> str:
    """Write the UTC date of a moment, in seconds since 1970.

    >>> day(1661140434), day(1661140434, short=True)
    ('22 August 2022', '22 Aug')
    """
    moment = _utc(seconds)
    month = MONTHS[moment.month - 1]
    return f"{moment.day} {month[:3]}" if short else f"{moment.day} {month} {moment.year}"


def sureness(confidence: float) -> str:
    """Put a confidence from 0 to 1 into words.

    >>> [sureness(value) for value in (0.1, 0.4, 0.71, 0.9)]
    ['very unsure', 'unsure', 'fairly sure', 'sure']
    """
    return next((words for limit, words in _SURENESS if confidence < limit), _SURENESS[-1][1])


def fit(text: str, length: int) -> str:
    """Cut `text` to `length` characters.

    >>> fit("productcatalogservice", 12), fit("cart", 12)
    ('productcata…', 'cart')
    """
    return text if len(text) <= length else f"{text[: length - 1]}…"


def plural(count: int, noun: str) -> str:
    """Count things.

    >>> plural(1, "span"), plural(1200, "series"), plural(3, "span")
    ('1 span', '1,200 series', '3 spans')
    """
    ending = "" if count == 1 or noun.endswith("s") else "s"
    return f"{count:,} {noun}{ending}"


def ordinal(place: float) -> str:
    """Write a rank; ties at their mean keep their half.

    >>> [ordinal(place) for place in (1, 2, 3, 4, 11, 22, 2.5)]
    ['1st', '2nd', '3rd', '4th', '11th', '22nd', '2.5th']
    """
    if place != int(place):
        return f"{place:g}th"
    whole = int(place)
    teen = 10 <= whole % 100 <= 20
    return f"{whole}{'th' if teen else {1: 'st', 2: 'nd', 3: 'rd'}.get(whole % 10, 'th')}"


def _utc(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, tz=UTC)


def _scale(size: float, scales: tuple[tuple[float, str], ...]) -> tuple[float, str]:
    if size == 0:
        return 1.0, ""
    return next((pair for pair in scales if size >= pair[0]), scales[-1])


def _digits(size: float) -> str:
    if size >= 100:
        return f"{size:,.0f}"
    return f"{size:.3g}" if size >= 1e-4 or size == 0 else f"{size:.0e}"
