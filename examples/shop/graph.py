"""The six services of the shop: who calls whom, how often, and what an answer costs. Data only."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Role:
    """What one service does for a request.

    Attributes
    ----------
    work_ms : float
        Mean CPU time of an answer of its own, in milliseconds.
    calls : mapping of str to float
        Callee → the share of requests that need it.
    timeout_s : float
        How long it waits for a callee: longer than what the callee waits for its own.
    """

    work_ms: float
    calls: Mapping[str, float] = field(default_factory=dict)
    timeout_s: float = 1.0


ENTRY = "web"
ROLES = {
    "web": Role(1.0, {"catalog": 0.8, "cart": 0.5, "checkout": 0.25}, timeout_s=3.0),
    "catalog": Role(1.5, {"stock": 0.5}),
    "cart": Role(1.0),
    "checkout": Role(1.0, {"cart": 1.0, "payment": 1.0, "stock": 1.0}),
    "payment": Role(2.0),
    "stock": Role(0.7),
}
"""The services, callers before callees; users reach the first one."""

PROFILES = {"standard": 1.0, "sale": 0.8}
"""What SHOP_PROFILE may be → the factor on a price."""
