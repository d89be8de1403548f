"""What a guide can read and do in the simulated shop, and how its tools fail."""

import math

import pytest

from aiops.guides import ToolFailed
from aiops.proving.tools import RESTARTED_AT, ROLLOUT_S, toolbox, workload
from chaos import fault
from chaos.backend import SimBackend
from chaos.patch import lookup
from chaos.simulation.sampling import METRICS
from chaos.simulation.simulator import ROLLOUT_STEPS, Simulator
from chaos.workloads import pod_ref

CALM = 60


@pytest.fixture
def shop():
    """A shop that has run for five calm minutes."""
    simulator = Simulator(seed=7)
    simulator.advance(CALM)
    return simulator


@pytest.fixture
def backend(shop):
    """The shop as a backend."""
    return SimBackend(shop)


@pytest.fixture
def tool(shop, backend):
    """Run a tool by its name."""
    tools = toolbox(backend, began=shop.start, before=shop.now)
    return lambda name, **arguments: tools[name].run(arguments)


def strike(shop, kind, service, steps=6):
    fault(kind).plan(shop, workload("shop", service)).inject(shop, "r1")
    shop.advance(steps)


def test_only_the_restart_writes(shop, backend):
    tools = toolbox(backend, began=shop.start, before=shop.now)
    names = ("workload.read", "metrics.read", "workload.restart")
    assert [tools[name].writes for name in names] == [False, False, True]


class TestReadWorkload:
    def test_counts_the_copies(self, tool):
        assert tool("workload.read", service="cart") == {"replicas": 3, "ready": 3}

    def test_sees_that_none_is_left(self, shop, tool):
        strike(shop, "scale.zero", "cart")
        assert tool("workload.read", service="cart") == {"replicas": 0, "ready": 0}

    def test_an_unknown_service_is_a_failed_step(self, tool):
        with pytest.raises(ToolFailed, match="crat"):
            tool("workload.read", service="crat")


class TestReadMetrics:
    def test_gives_the_latest_values_and_the_usual_ones(self, shop, tool):
        found = tool("metrics.read", service="store")
        frame = shop.metrics().xs("store", axis=1, level="service")
        for name in frame:
            assert found[name] == frame[name].iloc[-1]
            assert found[f"{name}_before"] == frame[name].median()

    def test_the_rise_is_the_largest_ratio_and_says_whose_it_is(self, shop, tool):
        strike(shop, "stress.cpu", "store")
        found = tool("metrics.read", service="store")
        name = found["metric"]
        assert found["rise"] == found[name] / found[f"{name}_before"]
        assert found["rise"] >= 2
        usual = {metric: found[f"{metric}_before"] for metric in METRICS}
        ratios = [found[metric] / before for metric, before in usual.items() if before > 0]
        assert found["rise"] == max(ratios)

    def test_the_fault_does_not_change_what_was_usual(self, shop, tool):
        before = tool("metrics.read", service="store")["cpu_before"]
        strike(shop, "stress.cpu", "store")
        assert tool("metrics.read", service="store")["cpu_before"] == before

    def test_what_is_not_measured_is_left_out(self, shop, tool):
        strike(shop, "scale.zero", "cart")
        found = tool("metrics.read", service="store")
        strike(shop, "scale.zero", "web")
        silent = tool("metrics.read", service="payment")
        assert "latency_p95" in found
        assert "latency_p95" not in silent
        numbers = [value for value in silent.values() if not isinstance(value, str)]
        assert all(math.isfinite(value) for value in numbers)

    def test_before_everything_nothing_rose(self, shop, backend):
        tools = toolbox(backend, began=shop.start, before=shop.start)
        found = tools["metrics.read"].run({"service": "store"})
        assert (found["rise"], found["metric"]) == (0.0, "")
        assert not any(name.endswith("_before") for name in found)

    def test_an_unknown_service_is_a_failed_step(self, tool):
        with pytest.raises(ToolFailed, match="no metrics of a service named 'crat'"):
            tool("metrics.read", service="crat")


class TestRestart:
    def test_ends_runaway_work_and_waits_for_the_rollout(self, shop, tool):
        strike(shop, "stress.cpu", "store")
        before = shop.now
        assert tool("workload.restart", service="store", replicas="2") == {"ready": 2}
        pods = shop.list("Pod", "shop", {"app": "store"})
        assert not any(shop.running(pod_ref(pod), "r1") for pod in pods)
        passed = (shop.now - before).total_seconds() / shop.step_s
        assert 1 < passed <= ROLLOUT_STEPS + 1

    def test_leaves_a_stamp_beside_the_annotations_of_others(self, shop, tool):
        path = "/spec/template/metadata/annotations/team"
        shop.patch(workload("shop", "cart"), [{"op": "add", "path": path, "value": "a"}])
        asked = shop.now.isoformat()
        tool("workload.restart", service="cart", replicas="3")
        found = shop.get(workload("shop", "cart"))
        assert found["spec"]["template"]["metadata"]["annotations"]["team"] == "a"
        assert lookup(found, RESTARTED_AT) == asked

    def test_a_rollout_that_hangs_is_waited_for_so_long_and_then_a_failed_step(self, shop, tool):
        strike(shop, "probe.readiness", "store")
        before = shop.now
        with pytest.raises(ToolFailed, match="store was restarted, but only"):
            tool("workload.restart", service="store", replicas="3")
        assert (shop.now - before).total_seconds() == ROLLOUT_S

    def test_too_few_ready_copies_are_a_failed_step(self, shop, tool):
        strike(shop, "scale.zero", "cart")
        with pytest.raises(ToolFailed, match="cart was restarted, but only 0 replicas are ready"):
            tool("workload.restart", service="cart", replicas="3")

    def test_an_unknown_service_is_a_failed_step_and_nothing_happens(self, shop, tool):
        before = shop.now
        with pytest.raises(ToolFailed, match="crat"):
            tool("workload.restart", service="crat", replicas="3")
        assert shop.now == before
