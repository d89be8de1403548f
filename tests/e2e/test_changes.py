"""Changes read from a real Prometheus: a rolled service, a new version, a new image."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from aiops.clients.prometheus import PrometheusClient
from aiops.collectors.changes import changes_from_prometheus
from aiops.collectors.inventory.taking import take_inventory
from aiops.settings import Labels
from tests.prometheus_server import needs_prometheus, prometheus_server

pytestmark = [pytest.mark.slow, needs_prometheus]

T0 = datetime(2026, 1, 5, 12, tzinfo=UTC)
MINUTES, ROLLED_S = 30, 600


def series(name, labels, begin_s, end_s, value):
    times = np.arange(begin_s, end_s, 15)
    ms = int(T0.timestamp() * 1000) + times * 1000
    return {"__name__": name, **labels}, ms, np.full(len(times), value)


def pods():
    """Yield the pods of `cart`, rolled after ten minutes, and one of `db` that nobody touches."""
    for pod in range(4):
        at = ROLLED_S + 10 * pod
        yield "cart", f"cart-5f7d8c9b4-{'bcdfg'[pod]}2x4z", "1.0", -9000, 0, at
        yield "cart", f"cart-6c8b7d9f5-{'bcdfg'[pod]}2x4z", "1.1", at, at, 60 * MINUTES
    yield "db", "db-0", "9.6", -9000, 0, 60 * MINUTES


def everything():
    for service, pod, version, born, begin, end in pods():
        own = {"service": service, "pod": pod, "namespace": "shop", "job": "shop"}
        exporter = {"namespace": "shop", "pod": pod, "job": "ksm", "instance": "ksm:8080"}
        started = T0.timestamp() + born
        yield series("process_start_time_seconds", own, begin, end, started + 1)
        yield series("shop_build_info", own | {"version": version}, begin, end, 1.0)
        yield series("kube_pod_start_time", exporter, begin, end, started)
        image = {"container": "app", "image": f"{service}:{version}"}
        yield series("kube_pod_container_info", exporter | image, begin, end, 1.0)


class Counting:
    """A client that counts range queries."""

    def __init__(self, client):
        self.client, self.asked = client, 0

    def query_range(self, *arguments):
        self.asked += 1
        return self.client.query_range(*arguments)


def test_a_roll_with_a_new_version_is_told_as_one_start_one_version_and_one_image(tmp_path):
    end = T0 + timedelta(minutes=MINUTES)
    with prometheus_server(tmp_path) as server, PrometheusClient(server.url) as client:
        server.write(everything())
        inventory = take_inventory(client, Labels(), T0, end)
        counting = Counting(client)
        found = changes_from_prometheus(counting, inventory, T0, end, 30.0)
    assert counting.asked <= 3
    assert {event.service for event in found} == {"cart"}
    told = {event.kind: event for event in found}
    assert len(told) == len(found) == 3
    rolled = T0 + timedelta(seconds=ROLLED_S)
    assert told["restart"].time == rolled
    assert told["restart"].text.startswith("4 instances started until 12:10:31 UTC")
    assert told["version"].time == told["rollout"].time == rolled
    assert told["version"].text == "shop_build_info 1.0 → 1.1"
    assert told["rollout"].text == "image of app cart:1.0 → cart:1.1"
