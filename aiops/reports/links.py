"""Links from a line of evidence to the graph of its query in the Prometheus it was read from."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

from aiops.reports.axis import sample_times

if TYPE_CHECKING:
    from aiops.types import Case

SCHEMES = ("http", "https")


def graph_link(case: Case, query: str) -> str:
    """Return the address of a query's graph over the window of the case; "" where there is none.

    The case says in its `system` where it was read; nothing but http and https is ever linked.
    """
    if not (query and case.system and _is_web(case.system)):
        return ""
    times = sample_times(case.metrics)
    minutes = math.ceil((times[-1] - times[0]) / 60)
    asked = {
        "g0.expr": query,
        "g0.tab": "0",
        "g0.range_input": f"{minutes}m",
        "g0.end_input": case.metrics.index[-1].strftime("%Y-%m-%d %H:%M:%S"),
    }
    return f"{case.system.rstrip('/')}/graph?{urlencode(asked)}"


def _is_web(address: str) -> bool:
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    return parts.scheme in SCHEMES and bool(parts.netloc) and not (parts.query or parts.fragment)
