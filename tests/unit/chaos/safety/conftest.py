"""A cluster with one application in a namespace that has opted in, and a way to ask the gates."""

import pytest

from chaos import ObjectRef, make_fault
from chaos.safety import ClusterScope, check
from tests.memory_cluster import MemoryCluster, application, opted_in

CART = ObjectRef("Deployment", "shop", "cart")
CART_SERVICE = ObjectRef("Service", "shop", "cart")


@pytest.fixture
def cluster():
    """Four ready pods of one Deployment behind one Service."""
    return MemoryCluster(opted_in("shop"), *application("shop", "cart", replicas=4))


@pytest.fixture
def ask(cluster):
    """Return what the gates say about a fault; `ask.plan` makes the plan alone."""

    def plan(fault="pod.delete", target=None, **params):
        kind = make_fault(fault, params)
        usual = CART_SERVICE if kind.target_kind == "Service" else CART
        return kind.plan(cluster, target or usual, seed=1, hold_s=30.0)

    def preflight(fault="pod.delete", target=None, limits=None, hold_s=30.0, **params):
        plans = (plan(fault, target, **params),)
        return check(plans, cluster, ClusterScope(cluster), limits=limits, hold_s=hold_s)

    preflight.plan = plan
    return preflight
