"""Durations as people write them: "30s", "5m", "250ms", "1h", or a plain number of seconds.

One unit per duration; no calendar units, because a day is not always as long.
"""

import re
from typing import Annotated, Any

from pydantic import BeforeValidator, WithJsonSchema

_TEXT = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)(ms|s|m|h)?", re.ASCII)
_MILLISECONDS = {"h": 3_600_000, "m": 60_000, "s": 1000, "ms": 1}
LONGEST_S = 24 * 3600.0
"""No phase, pause or hold of an experiment is longer than a day, s."""


def seconds(value: Any) -> float:
    """Return the duration `value` in seconds, at a resolution of one millisecond.

    Raises
    ------
    ValueError
        If it is no duration, negative, or longer than `LONGEST_S`.

    Examples
    --------
    >>> seconds("250ms"), seconds("5m"), seconds(12)
    (0.25, 300.0, 12.0)
    """
    found = _TEXT.fullmatch(value) if isinstance(value, str) else None
    if found:
        result = round(float(found[1]) * _MILLISECONDS[found[2] or "s"]) / 1000
    elif isinstance(value, (int, float)) and not isinstance(value, bool) and value >= 0:
        result = round(min(float(value), 2 * LONGEST_S), 3)
    else:
        raise ValueError(f'{value!r} is no duration; write "30s", "5m", "250ms", "1h" or seconds')
    if result > LONGEST_S:
        raise ValueError(f"{value!r} is longer than a day; give a shorter one")
    return result


def duration_text(duration_s: float) -> str:
    """Return `duration_s`, in seconds, in its largest whole unit; the inverse of `seconds`.

    >>> duration_text(300.0), duration_text(90), duration_text(0.25)
    ('5m', '90s', '250ms')
    """
    milliseconds = round(duration_s * 1000)
    if milliseconds == 0:
        return "0s"
    unit, size = next(
        (unit, size) for unit, size in _MILLISECONDS.items() if milliseconds % size == 0
    )
    return f"{milliseconds // size}{unit}"


_SCHEMA = {
    "anyOf": [
        {"type": "number", "minimum": 0, "maximum": LONGEST_S},
        {"type": "string", "pattern": f"^{_TEXT.pattern}$"},
    ]
}

Seconds = Annotated[float, BeforeValidator(seconds), WithJsonSchema(_SCHEMA)]
"""A field that reads a duration and holds seconds."""
