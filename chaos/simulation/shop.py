"""The simulated shops: who calls whom, what an answer costs, and what comes in. Data only.

The first is the simulator's own. The twin stands for the real one in ``examples/shop``, so that
what the simulator says can be held against what a real system says.
"""

from __future__ import annotations

from chaos.simulation.load import Load
from chaos.simulation.service import Service
from chaos.simulation.system import Topology

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

_TWIN_MEMORY = 17e6

TWIN_SHOP = (
    Service("users", 1, "4", 0.0002, _TWIN_MEMORY, {"web": 1.0}),
    Service(
        "web", 2, "250m", 0.0040, _TWIN_MEMORY, {"catalog": 0.8, "cart": 0.5, "checkout": 0.25}
    ),
    Service("catalog", 2, "250m", 0.0035, _TWIN_MEMORY, {"stock": 0.5}),
    Service(
        "checkout", 2, "250m", 0.0040, _TWIN_MEMORY, {"cart": 1.0, "payment": 1.0, "stock": 1.0}
    ),
    Service("cart", 2, "250m", 0.0030, _TWIN_MEMORY),
    Service("payment", 2, "250m", 0.0040, _TWIN_MEMORY),
    Service("stock", 2, "250m", 0.0027, _TWIN_MEMORY),
)
"""The shop of ``examples/shop``; the work is its own and about 2 ms for reading and writing HTTP."""

TWIN = Topology(TWIN_SHOP, entries={"users": 1.0}, load=Load(rate=12.0, swing=0.0, sd=0.0))
"""The twin as a whole: its load generator's rate, and no day."""
