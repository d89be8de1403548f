"""The simulated shop: five services, who calls whom, and what comes in. Data only."""

from __future__ import annotations

from chaos.service import Service
from chaos.system import Topology

NAMESPACE = "shop"

SHOP = (
    Service("web", 2, "2", 0.020, 180e6, {"cart": 0.5, "catalog": 0.8, "payment": 0.1}),
    Service("cart", 3, "1", 0.030, 250e6, {"store": 1.5}),
    Service("catalog", 3, "1", 0.015, 320e6, {"store": 0.5}),
    Service("payment", 2, "1", 0.060, 210e6),
    Service("store", 2, "1500m", 0.012, 900e6),
)
"""The services, callers before callees; requests from outside reach the first one."""

TOPOLOGY = Topology(SHOP, entries={"web": 1.0})
"""The shop as a whole, calm but for its load."""
