"""What each fault does to the shop, beside what `test_simulator` says of the first two."""

import pytest

from aiops.types import InvalidExperiment
from chaos import ObjectRef, fault
from chaos.faults.cpu_low import CpuLow
from chaos.faults.env_mutate import EnvMutate
from chaos.faults.image_bad import ImageBad
from chaos.faults.net_delay import NetDelay
from chaos.faults.probe_readiness import ProbeReadiness
from chaos.faults.stress_cpu import StressCpu
from chaos.patch import apply
from chaos.simulation.simulator import Simulator

CART = ObjectRef("Deployment", "shop", "cart")
CONTAINER = "/spec/template/spec/containers/0"
STORE = ObjectRef("Deployment", "shop", "store")


def struck(fault_id, target, *, before=60, after=40, **options):
    """Run a shop, strike `target`, run on; return the metrics of both halves and the shop."""
    shop = Simulator(seed=3, **options)
    shop.advance(before)
    fault(fault_id).plan(shop, target, hold_s=900.0).inject(shop, "r1")
    shop.advance(after)
    metrics = shop.metrics()
    # two steps pass until the pods have followed
    return metrics.iloc[:before], metrics.iloc[before + 2 :], shop


def test_a_wrong_setting_makes_the_service_answer_errors():
    before, after, _ = struck("env.mutate", CART)
    assert before["cart", "error_ratio"].mean() < 0.01
    assert after["cart", "error_ratio"].mean() == pytest.approx(0.5, abs=0.05)
    assert after["web", "error_ratio"].mean() > 0.1
    assert after["store", "request_rate"].mean() < 0.9 * before["store", "request_rate"].mean()


@pytest.mark.parametrize("fault_id", ["image.bad", "probe.readiness"])
def test_a_rolling_update_that_never_becomes_ready_hurts_nobody(fault_id):
    _, after, _ = struck(fault_id, CART)
    assert (after["cart", "replicas_ready"] == 3).all()
    assert after["web", "error_ratio"].mean() < 0.01


@pytest.mark.parametrize("kind", [ImageBad, ProbeReadiness])
def test_a_forced_one_takes_the_service_away(kind):
    shop = Simulator(seed=3)
    shop.advance(20)
    kind(force=True).plan(shop, CART).inject(shop, "r1")
    shop.advance(20)
    after = shop.metrics()[22:]
    assert (after["cart", "replicas_ready"] == 0).all()
    assert after["web", "error_ratio"].mean() > 0.4


def test_delay_slows_the_service_and_its_callers_only():
    before, after, _ = struck("net.delay", STORE)
    rise = after.mean() - before.mean()
    assert rise["store", "latency_p95"] == pytest.approx(0.4, rel=0.05)
    assert rise["cart", "latency_p95"] > 0.4
    assert rise["payment", "latency_p95"] == pytest.approx(0.0, abs=0.02)
    assert after["store", "cpu"].mean() == pytest.approx(before["store", "cpu"].mean(), rel=0.2)


def test_fewer_replicas_work_harder():
    before, after, _ = struck("scale.down", STORE)
    assert (after["store", "replicas_ready"] == 1).all()
    assert after["store", "queue_length"].mean() > 5 * before["store", "queue_length"].mean()


def test_a_low_cpu_limit_makes_requests_wait():
    before, after, _ = struck("cpu.low", STORE)
    assert after["store", "latency_p95"].mean() > 2 * before["store", "latency_p95"].mean()
    assert after["store", "cpu"].max() < 2 * 0.3 * 1.03


def test_a_low_memory_limit_kills_pods_again_and_again():
    _, after, shop = struck("memory.low", STORE, after=100)
    assert set(after["store", "replicas_ready"]) >= {0.0}
    assert shop.logs().message.str.contains("OOMKilled").sum() > 3


def test_a_leak_fills_the_memory_until_the_pods_are_killed():
    before, after, _ = struck("stress.memory", STORE)
    assert after["store", "memory"].max() > 1.6 * before["store", "memory"].mean()
    assert after["store", "replicas_ready"].min() == 0


@pytest.mark.parametrize(
    ("kind", "metric"),
    [(StressCpu, "cpu"), (NetDelay, "latency_p95"), (CpuLow, "latency_p95")],
)
def test_a_weaker_fault_does_less(kind, metric):
    seen = []
    for strength in (0.25, 1.0):
        shop = Simulator(seed=3)
        shop.advance(20)
        kind(strength=strength).plan(shop, STORE, hold_s=900.0).inject(shop, "r1")
        shop.advance(30)
        seen.append(shop.metrics()[25:]["store", metric].mean())
    assert seen[0] < 0.9 * seen[1]


@pytest.mark.parametrize("strength", [0.0, -1.0, 1.1, float("nan")])
def test_an_impossible_strength_is_refused(strength):
    with pytest.raises(InvalidExperiment, match="strength"):
        StressCpu(strength=strength)


@pytest.mark.parametrize(
    ("fault_id", "path", "complaint"),
    [
        ("scale.down", "/spec/replicas", "at least two"),
        ("env.mutate", "/spec/template/spec/containers/0/env", "no environment variable"),
        ("probe.readiness", "/spec/template/spec/containers/0/readinessProbe", "no HTTP"),
        ("image.bad", "/spec/template/spec/containers/0/image", "no image"),
        ("memory.low", "/spec/template/spec/containers/0/resources/limits/memory", "limit"),
    ],
)
def test_what_a_fault_cannot_act_on_is_said(fault_id, path, complaint):
    document = apply(Simulator(seed=1).get(CART), [{"op": "remove", "path": path}])
    with pytest.raises(InvalidExperiment, match=complaint):
        fault(fault_id).changes(document)


def test_a_leak_needs_a_limit():
    shop = Simulator(seed=1)
    shop.patch(CART, [{"op": "remove", "path": f"{CONTAINER}/resources/limits/memory"}])
    with pytest.raises(InvalidExperiment, match="needs a memory limit"):
        fault("stress.memory").plan(shop, CART)


def test_deleted_pods_are_replaced():
    before, after, shop = struck("pod.delete", STORE)
    assert (before["store", "replicas_ready"] == 2).all()
    assert (after["store", "replicas_ready"] == 2).all()
    names = {pod["metadata"]["name"] for pod in shop.list("Pod", "shop", {"app": "store"})}
    assert len(names - {"store-1", "store-2"}) == 1


def test_a_failed_pod_keeps_its_place_and_is_not_ready():
    _, after, shop = struck("pod.failure", STORE)
    assert (after["store", "replicas_ready"] == 0).all()
    assert [pod["metadata"]["name"] for pod in shop.list("Pod", "shop", {"app": "store"})] == [
        "store-1", "store-2",
    ]  # fmt: skip
    assert after["web", "error_ratio"].mean() > 0.4


def test_a_service_that_selects_nobody_leaves_its_pods_idle():
    _, after, _ = struck("svc.selector", ObjectRef("Service", "shop", "store"))
    assert (after["store", "replicas_ready"] == 2).all()
    assert (after["store", "request_rate"] == 0).all()
    assert after["cart", "error_ratio"].mean() > 0.9


@pytest.mark.parametrize("name", ["DB_PASSWORD", "API_TOKEN", "SIGNING_KEY"])
def test_what_looks_like_a_secret_is_left_alone(name):
    with pytest.raises(InvalidExperiment, match="looks like a secret"):
        EnvMutate(name=name)
    document = Simulator(seed=1).get(CART)
    container = document["spec"]["template"]["spec"]["containers"][0]
    container["env"].insert(0, {"name": name, "value": "hunter2"})
    [change] = fault("env.mutate").changes(document)
    assert change["path"].endswith("/env/1/value")


@pytest.mark.parametrize("fault_id", ["cpu.low", "memory.low"])
def test_two_containers_are_not_one(fault_id):
    document = Simulator(seed=1).get(CART)
    containers = document["spec"]["template"]["spec"]["containers"]
    containers.append(containers[0] | {"name": "sidecar"})
    with pytest.raises(InvalidExperiment, match="single container"):
        fault(fault_id).changes(document)


def test_a_variable_that_comes_from_elsewhere_is_passed_over():
    document = Simulator(seed=1).get(CART)
    container = document["spec"]["template"]["spec"]["containers"][0]
    container["env"].insert(0, {"name": "KEY", "valueFrom": {"secretKeyRef": {"name": "k"}}})
    [change] = fault("env.mutate").changes(document)
    assert change["path"].endswith("/env/1/value")
