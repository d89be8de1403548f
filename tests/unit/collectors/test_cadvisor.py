"""cAdvisor's text, one value per pod, and nodes that do not answer."""

import pytest

from aiops.collectors.cadvisor import read_cadvisor
from aiops.types import Denied, Unreachable
from tests.kubernetes_documents import Lists

CPU, MEMORY = "container_cpu_usage_seconds_total", "container_memory_working_set_bytes"


def path(node):
    return f"/api/v1/nodes/{node}/proxy/metrics/cadvisor"


def line(metric, pod, container, value, time=1000, namespace="shop"):
    labels = f'container="{container}",id="/kubepods",namespace="{namespace}",pod="{pod}"'
    return f"{metric}{{{labels}}} {value} {time}\n"


def read(**texts):
    client = Lists(raw={path(node): text for node, text in texts.items()})
    reading = read_cadvisor(client, list(texts), 5000)
    values = {
        (one.labels["__name__"], one.labels["pod"]): (int(one.times[0]), float(one.samples[0]))
        for one in reading.series
    }
    return values, reading.unread


def test_the_pod_as_a_whole_counts_and_its_containers_not_again():
    text = line(CPU, "cart-0", "", 9.0) + line(CPU, "cart-0", "app", 8.0) + line(CPU, "", "", 99.0)
    assert read(one=text) == ({(CPU, "cart-0"): (1000, 9.0)}, ())


def test_containers_are_added_where_the_pod_is_not_measured():
    text = (
        line(CPU, "cart-0", "app", 8.0, 1000)
        + line(CPU, "cart-0", "proxy", 0.5, 3000)
        + line(CPU, "cart-0", "POD", 0.1)
    )
    assert read(one=text) == ({(CPU, "cart-0"): (3000, 8.5)}, ())


def test_no_bytes_are_no_measurement():
    text = line(MEMORY, "cart-0", "", 0) + line(MEMORY, "cart-1", "", 5)
    assert set(read(one=text)[0]) == {(MEMORY, "cart-1")}


def test_a_node_that_does_not_answer_is_told_and_the_others_are_read():
    found, unread = read(
        one=line(CPU, "cart-0", "", 9.0), two=Unreachable("no answer"), three=f"{CPU} many"
    )
    assert set(found) == {(CPU, "cart-0")}
    assert unread == ("node two: no answer", unread[1])
    assert unread[1].startswith("node three: an exposition breaks the text format")


def test_a_right_that_is_missing_is_an_error():
    with pytest.raises(Denied, match="nodes/proxy"):
        read(one=Denied("cannot get nodes/proxy"))
