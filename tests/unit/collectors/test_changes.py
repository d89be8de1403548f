"""Changes that Prometheus alone tells, against a client that answers from a table."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from aiops.collectors.changes import changes_from_prometheus
from aiops.collectors.inventory.grouping import families_of
from aiops.settings import Labels
from aiops.types import Event, Unreachable

T0 = datetime(2026, 1, 5, 12, tzinfo=UTC)
END = T0 + timedelta(minutes=10)
STEP_S = 60.0
POINTS = 11


def at(seconds):
    return T0 + timedelta(seconds=seconds)


def inventory(*listed):
    return SimpleNamespace(families=families_of(listed, {}, Labels()))


class Client:
    """Answers each query with the frames whose metric it names."""

    def __init__(self, *series):
        self.series = series
        self.asked = []

    def query_range(self, expr, start, end, step_s):
        self.asked.append(expr)
        index = pd.date_range(start, end, freq=pd.Timedelta(seconds=step_s))
        told = [
            (labels, values) for labels, values in self.series if labels["aiops_column"] in expr
        ]
        names = sorted({name for labels, _ in told for name in labels})
        columns = (
            pd.MultiIndex.from_tuples(
                [tuple(labels.get(name, "") for name in names) for labels, _ in told] or [],
                names=names or ["aiops_column"],
            )
            if told
            else pd.MultiIndex.from_arrays([[]], names=["aiops_column"])
        )
        values = np.array([values for _, values in told]).reshape(len(told), len(index)).T
        return pd.DataFrame(values, index=index, columns=columns)


def when(place, value):
    """Return values that begin at `place`."""
    return [np.nan] * place + [value] * (POINTS - place)


PROCESS = {"__name__": "process_start_time_seconds", "service": "cart", "pod": "cart-1"}
BUILD = {"__name__": "shop_build_info", "service": "cart", "pod": "cart-1", "version": "1.2"}
IMAGE = {
    "__name__": "kube_pod_container_info",
    "namespace": "shop",
    "pod": "cart-7d9f8b6c5d-x7k2p",
    "container": "app",
    "image": "shop:1",
}


def start(pod, seconds, **more):
    labels = {"aiops_column": "process_start_time_seconds", "service": "cart", "pod": pod}
    return labels | more, when(int(seconds // STEP_S) + 1, T0.timestamp() + seconds)


def test_instances_that_start_together_are_one_event():
    client = Client(
        *(start(f"cart-{pod}", 100 + 50 * pod) for pod in range(3)), start("cart-9", 400)
    )
    found = changes_from_prometheus(client, inventory(PROCESS), T0, END, STEP_S)
    assert found == (
        Event(at(100), "restart", "cart", "3 instances started until 12:03:20 UTC, "
              "cart-0 first (process_start_time_seconds)"),
        Event(at(400), "restart", "cart", "cart-9 started (process_start_time_seconds)"),
    )  # fmt: skip
    assert len(client.asked) == 1
    assert f">= {T0.timestamp():.3f}" in client.asked[0]


def test_a_container_that_starts_again_and_again_is_told_each_time():
    labels, _ = start("cart-1", 0)
    times = [
        np.nan,
        *(T0.timestamp() + np.array([30.0, 30.1, 240, 240, 240, 480, 480, 480, 480, 480])),
    ]
    found = changes_from_prometheus(Client((labels, times)), inventory(PROCESS), T0, END, STEP_S)
    assert [event.time for event in found] == [at(30), at(240), at(480)]


def version(value, *spans):
    labels = {"aiops_column": "shop_build_info", "service": "cart", "version": value}
    there = {point for span in spans for point in range(*span)}
    return labels, [1.0 if point in there else np.nan for point in range(POINTS)]


def test_a_new_version_is_told_with_the_one_before():
    client = Client(version("1.2", (0, 5)), version("1.3", (4, POINTS)))
    found = changes_from_prometheus(client, inventory(BUILD), T0, END, STEP_S)
    assert found == (Event(at(240), "version", "cart", "shop_build_info 1.2 → 1.3"),)


@pytest.mark.parametrize("back", [7, 8])
def test_a_version_that_comes_back_is_told(back):
    client = Client(version("1.2", (0, 5), (back, POINTS)), version("1.3", (4, 8)))
    found = changes_from_prometheus(client, inventory(BUILD), T0, END, STEP_S)
    assert found[1:] == (Event(at(60 * back), "version", "cart", "shop_build_info 1.3 → 1.2"),)


def test_a_canary_that_starts_again_and_again_came_once():
    client = Client(version("1.2", (0, POINTS)), version("1.3", (2, 4), (5, 6), (8, POINTS)))
    found = changes_from_prometheus(client, inventory(BUILD), T0, END, STEP_S)
    assert [event.time for event in found] == [at(120)]


def test_a_host_that_boots_is_told_by_its_boot():
    boot = {"__name__": "node_boot_time_seconds", "job": "node", "instance": "db:9100"}
    labels = {"aiops_column": boot["__name__"], "service": "db", "instance": "db:9100"}
    client = Client((labels, when(3, T0.timestamp() + 150)))
    (found,) = changes_from_prometheus(client, inventory(boot), T0, END, STEP_S)
    assert found == Event(at(150), "restart", "db", "db:9100 started (node_boot_time_seconds)")


def test_a_service_that_is_new_has_changed_no_version():
    client = Client(version("1.3", (4, POINTS)))
    assert changes_from_prometheus(client, inventory(BUILD), T0, END, STEP_S) == ()


def test_a_new_image_is_a_rollout_of_the_workload():
    def image(name, place):
        labels = {"aiops_column": "kube_pod_container_info", "service": "cart"}
        return labels | {"container": "app", "image": name}, when(place, 1.0)

    client = Client(image("shop:1", 0), image("shop:2", 3))
    found = changes_from_prometheus(client, inventory(IMAGE), T0, END, STEP_S)
    assert found == (Event(at(180), "rollout", "cart", "image of app shop:1 → shop:2"),)


def test_where_no_metric_tells_nothing_is_asked():
    client = Client()
    assert changes_from_prometheus(client, inventory(), T0, END, STEP_S) == ()
    assert client.asked == []


def test_a_server_that_does_not_answer_is_an_error():
    def refuse(*_):
        raise Unreachable("no answer")

    with pytest.raises(Unreachable):
        changes_from_prometheus(
            SimpleNamespace(query_range=refuse), inventory(PROCESS), T0, END, STEP_S
        )
