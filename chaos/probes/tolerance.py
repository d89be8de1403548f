"""Whether what a probe found is tolerated: the rules of the Chaos Toolkit, and comparisons.

An answer of an HTTP request or a process is a mapping; a plain tolerance then speaks of its
``status``.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any

from chaos.files.comparisons import Comparison
from chaos.files.tolerances import JsonPath, Range, Regex, Tolerance
from chaos.patch import same
from chaos.probes.jsonpath import select


def within(tolerance: Tolerance, value: Any) -> bool:
    """Say whether `value` is tolerated; true is never 1, and NaN is never tolerated.

    >>> within(200, {"status": 200, "body": "ok"}), within((0.99, 1.0), 0.5), within("< 2", 1)
    (True, False, True)
    """
    if isinstance(tolerance, (Range, Regex, JsonPath)):
        if tolerance.target and isinstance(value, dict):
            value = value.get(tolerance.target, value)
        return _structured(tolerance, value)
    if isinstance(value, dict) and "status" in value:
        value = value["status"]
        if isinstance(tolerance, tuple):
            return _among(tolerance, value)
    return _plain(tolerance, value)


def _plain(tolerance: Any, value: Any) -> bool:
    if isinstance(tolerance, tuple):
        bounds = [item for item in tolerance if _is_number(item)]
        if len(tolerance) == len(bounds) == 2:
            return _between(bounds[0], value, bounds[1])
        return _among(tolerance, value)
    if isinstance(tolerance, str) and Comparison.written(tolerance):
        return Comparison.parse(tolerance).holds(number(value))
    return same(tolerance, value)


def _among(choices: tuple[Any, ...], value: Any) -> bool:
    return any(same(choice, value) for choice in choices)


def _structured(tolerance: Range | Regex | JsonPath, value: Any) -> bool:
    if isinstance(tolerance, Range):
        return _between(tolerance.range[0], value, tolerance.range[1])
    if isinstance(tolerance, Regex):
        text = value if isinstance(value, str) else json.dumps(value, default=str)
        return re.search(tolerance.pattern, text) is not None
    return _at_path(tolerance, value)


def _at_path(tolerance: JsonPath, value: Any) -> bool:
    found = select(_parsed(value), tolerance.path)
    if "expect" in tolerance.model_fields_set:
        expected = tolerance.expect if isinstance(tolerance.expect, list) else [tolerance.expect]
        return same(found, expected)
    if tolerance.count is not None:
        return len(found) == tolerance.count
    return bool(found)


def _parsed(value: Any) -> Any:
    try:
        return json.loads(value) if isinstance(value, str) else value
    except ValueError:
        return value


def _between(low: float, value: Any, high: float) -> bool:
    return low <= number(value) <= high


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def number(value: Any) -> float:
    """Return `value` as a number, NaN if it is none.

    >>> number("0.5"), number(None), number(True)
    (0.5, nan, nan)
    """
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return math.nan
    try:
        return float(value)
    except (ValueError, OverflowError):
        return math.nan
