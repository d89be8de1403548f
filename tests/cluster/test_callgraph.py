"""The call graph of the shop, from the objects of a real cluster and from its metrics.

The shop finds its services by the variables that Kubernetes sets, under names that its program puts
together: nothing in its objects names a call. A copy without pods is told the addresses instead,
which is what its variables ``CART_URL`` and so on are for.
"""

import os
import sys
import uuid
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from aiops.clients.kubernetes import NotFound
from aiops.clients.prometheus import PrometheusClient
from aiops.collectors.callgraph import detect, from_kubernetes
from aiops.collectors.callgraph.workloads import read_services, read_workloads
from tests.cluster.place import on_a_cluster
from tests.cluster.test_prove import scraped
from tests.prometheus_server import needs_prometheus

SHOP = Path(__file__).parents[2] / "examples" / "shop"
sys.path.insert(0, str(SHOP))  # the example is programs in a folder, not a package

from graph import ROLES  # noqa: E402

CALLS = tuple(sorted((caller, callee) for caller, role in ROLES.items() for callee in role.calls))
WORKLOADS = {*ROLES, "load"}

pytestmark = on_a_cluster


def documents(namespace):
    """Return the shop's objects for another namespace, each Deployment without a pod."""
    for path in sorted((SHOP / "manifests").iterdir()):
        for document in yaml.safe_load_all(path.read_text(encoding="utf-8")):
            if document["kind"] == "Namespace":
                continue
            document["metadata"]["namespace"] = namespace
            if document["kind"] == "Deployment":
                document["spec"]["replicas"] = 0
                document["spec"]["template"]["spec"]["containers"][0]["env"] += addresses(document)
            yield document


def addresses(deployment):
    """Return the variables that tell a service of the shop where its callees are."""
    role = ROLES.get(deployment["metadata"]["name"])
    callees = role.calls if role else ["web"]
    return [{"name": f"{name.upper()}_URL", "value": f"http://{name}:8080"} for name in callees]


@pytest.fixture
def told(client):
    """The namespace of the copy."""
    namespace = f"calls-{os.getpid()}-{uuid.uuid4().hex[:6]}"
    space = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}
    client.create(space)
    try:
        for document in documents(namespace):
            client.create(document)
        yield namespace
    finally:
        with suppress(NotFound):
            client.delete("Namespace", None, namespace)


def test_every_known_call_is_found_where_the_objects_name_it(client, told):
    graph = from_kubernetes(client, [told])
    assert graph.topology == tuple(sorted((*CALLS, ("load", "web"))))
    assert graph.coverage(WORKLOADS) == 1
    assert graph.sources()["checkout", "stock"] == (
        f"kubernetes: env STOCK_URL of Deployment {told}/checkout",
    )
    assert graph.notes == ()


@pytest.mark.slow
def test_the_services_of_a_running_shop_lead_to_its_workloads(client, shop):
    workloads = {one.ref[2]: one for one in read_workloads(client, [shop])}
    leads = {
        (service.name[1], name)
        for service in read_services(client, [shop])
        for name, one in workloads.items()
        if service.selects(one)
    }
    assert workloads.keys() == WORKLOADS
    assert leads == {(name, name) for name in ROLES}


@pytest.mark.slow
@needs_prometheus
def test_no_call_is_made_up_from_objects_and_every_call_is_read_from_metrics(
    client, shop, tmp_path
):
    assert from_kubernetes(client, [shop]).edges == ()
    with scraped(shop, tmp_path / "prometheus") as url, PrometheusClient(url) as prometheus:
        graph = detect(prometheus, datetime.now(UTC), 60, services={*ROLES, "users"})
    assert graph.topology == tuple(sorted((*CALLS, ("users", "web"))))
    assert {edge.source for edge in graph.edges} == {
        "metric shop_client_request_seconds_count, label callee",
        "metric shop_client_requests_total, label callee",
    }
