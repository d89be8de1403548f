"""The simulated shop: repeatable, lawful, and hurt by faults in the right direction."""

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pandas as pd
import pytest

from aiops.types import InvalidExperiment, check_metrics
from chaos import ObjectRef, PatchConflict, fault
from chaos.simulation.shop import SHOP
from chaos.simulation.simulator import ROLLOUT_STEPS, Simulator
from chaos.workloads import pod_ref

CART = ObjectRef("Deployment", "shop", "cart")
STORE = ObjectRef("Deployment", "shop", "store")
NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
RESTARTED_AT = "/spec/template/metadata/annotations/kubectl.kubernetes.io~1restartedAt"


def struck(fault_id, target, *, before=60, after=40, **options):
    """Run a shop, strike `target`, run on; return the metrics of both halves and the shop."""
    shop = Simulator(seed=3, **options)
    shop.advance(before)
    fault(fault_id).plan(shop, target, hold_s=900.0).inject(shop, "r1")
    shop.advance(after)
    metrics = shop.metrics()
    # two steps pass until the pods have followed
    return metrics.iloc[:before], metrics.iloc[before + 2 :], shop


def burning(shop):
    """Count the pods of the store in which the process of a run burns CPU."""
    pods = [pod_ref(pod) for pod in shop.list("Pod", "shop", {"app": "store"})]
    return sum(shop.running(pod, run) for pod in pods for run in ("r1", "r2"))


def restart(shop, ref, moment="2026-01-05T00:00:00Z"):
    shop.patch(ref, [{"op": "add", "path": RESTARTED_AT, "value": moment}])


class TestFrame:
    def test_it_is_a_legal_metrics_frame(self):
        shop = Simulator(seed=1)
        shop.advance(10)
        metrics = shop.metrics()
        check_metrics(metrics)
        assert metrics.shape == (10, 5 * 7)
        assert metrics.index[0] == shop.start
        assert metrics.index[-1] == shop.now - timedelta(seconds=5)

    def test_before_the_first_step_it_is_empty(self):
        metrics = Simulator(seed=1).metrics()
        assert metrics.shape == (0, 35)
        assert str(metrics.index.tz) == "UTC"

    def test_the_same_seed_gives_the_same_frame_however_time_passed(self):
        once, bit_by_bit, other = Simulator(seed=5), Simulator(seed=5), Simulator(seed=6)
        once.advance(30)
        other.advance(30)
        for steps in (1, 9, 20):
            bit_by_bit.advance(steps)
        pd.testing.assert_frame_equal(once.metrics(), bit_by_bit.metrics(), check_exact=True)
        assert not once.metrics().equals(other.metrics())

    def test_reading_disturbs_nothing(self):
        read, unread = Simulator(seed=5), Simulator(seed=5)
        for _ in range(5):
            frame = read.metrics()
            frame.iloc[:] = 0.0
            read.get(CART)["spec"]["replicas"] = 0
            read.advance(1)
        unread.advance(5)
        pd.testing.assert_frame_equal(read.metrics(), unread.metrics(), check_exact=True)

    def test_four_hundred_steps_take_less_than_a_second(self):
        shop = Simulator(seed=1)
        began = time.process_time()
        shop.advance(400)
        assert time.process_time() - began < 1.0

    def test_a_quiet_half_hour_opens_no_shift(self):
        shop = Simulator(seed=1, start=NOON - timedelta(hours=6))  # where the wave is steepest
        shop.advance(400)
        metrics = shop.metrics()
        first, second = metrics.iloc[:200], metrics.iloc[200:]
        scale = first.std().replace(0.0, 1.0)
        assert ((second.mean() - first.mean()).abs() / scale).max() < 2.0
        assert metrics.notna().all(axis=None)

    @pytest.mark.parametrize(
        ("options", "complaint"),
        [
            ({"seed": -1}, "seed"),
            ({"step_s": 0.0}, "step_s"),
            ({"step_s": float("nan")}, "step_s"),
            ({"start": datetime(2026, 1, 5)}, "UTC"),  # noqa: DTZ001  the defect under test
            ({"start": datetime(2026, 1, 5, tzinfo=timezone(timedelta(hours=1)))}, "UTC"),
        ],
    )
    def test_impossible_parameters_are_refused(self, options, complaint):
        with pytest.raises(InvalidExperiment, match=complaint):
            Simulator(**({"seed": 1} | options))


class TestCluster:
    def test_an_unknown_object_is_named_with_its_nearest(self):
        with pytest.raises(InvalidExperiment, match="nearest is Deployment shop/cart"):
            Simulator(seed=1).get(replace(CART, name="carts"))

    def test_a_patch_is_all_or_nothing(self):
        shop = Simulator(seed=1)
        before = shop.get(CART)
        with pytest.raises(PatchConflict):
            shop.patch(
                CART,
                [
                    {"op": "replace", "path": "/spec/replicas", "value": 1},
                    {"op": "test", "path": "/metadata/name", "value": "store"},
                ],
            )
        assert shop.get(CART) == before

    @pytest.mark.parametrize(
        "operation",
        [
            {"op": "replace", "path": "/spec/replicas", "value": -1},
            {"op": "replace", "path": "/spec/replicas", "value": "3"},
            {"op": "replace", "path": "/spec/replicas", "value": True},
            {"op": "remove", "path": "/spec"},
            {"op": "replace", "path": "", "value": None},
            {"op": "replace", "path": "/spec/template/spec/containers", "value": []},
        ],
    )
    def test_what_an_api_server_would_refuse_is_refused(self, operation):
        shop = Simulator(seed=1)
        before = shop.get(CART)
        with pytest.raises(InvalidExperiment):
            shop.patch(CART, [operation])
        assert shop.get(CART) == before

    def test_ready_replicas_follow_one_step_later(self):
        shop = Simulator(seed=1)
        shop.advance(1)
        shop.patch(CART, [{"op": "replace", "path": "/spec/replicas", "value": 5}])
        assert shop.get(CART)["status"]["readyReplicas"] == 3
        shop.advance(2)
        assert shop.get(CART)["status"]["readyReplicas"] == 5
        assert shop.metrics()["cart", "replicas_ready"].tolist() == [3.0, 3.0, 5.0]

    def test_the_call_graph_names_its_five_services(self):
        topology = Simulator(seed=1).topology
        names = {name for call in topology for name in call}
        assert names == {"web", "cart", "catalog", "payment", "store"}
        order = [service.name for service in SHOP]
        assert all(order.index(caller) < order.index(callee) for caller, callee in topology)


class TestStress:
    def test_the_callee_burns_and_slows_and_its_callers_slow_with_it(self):
        before, after, _ = struck("stress.cpu", STORE)
        ratio = after.mean() / before.mean()
        assert ratio["store", "cpu"] > 1.5
        assert ratio["store", "latency_p95"] > 2
        assert ratio["cart", "latency_p95"] > 1.5
        assert ratio["web", "latency_p95"] > 1.3
        assert ratio["payment", "latency_p95"] == pytest.approx(1.0, abs=0.15)

    def test_at_noon_retries_raise_the_load_of_the_slow_callee(self):
        before, after, _ = struck("stress.cpu", STORE, start=NOON)
        assert after["store", "request_rate"].mean() > 1.3 * before["store", "request_rate"].mean()
        assert after["web", "error_ratio"].mean() > 10 * before["web", "error_ratio"].mean()

    def test_cpu_never_exceeds_the_limits(self):
        _, after, _ = struck("stress.cpu", STORE, start=NOON)
        assert after["store", "cpu"].max() < 3.0 * 1.03

    def test_who_neither_calls_nor_is_called_differs_by_nothing(self):
        _, after, shop = struck("stress.cpu", STORE)
        calm = Simulator(seed=3)
        calm.advance(100)
        untouched = calm.metrics().loc[after.index, "payment"]
        pd.testing.assert_frame_equal(shop.metrics().loc[after.index, "payment"], untouched)

    def test_a_rollout_kills_the_burning_process(self):
        before, _, shop = struck("stress.cpu", STORE)
        restart(shop, STORE)
        shop.advance(ROLLOUT_STEPS)
        assert burning(shop) == 0
        half_replaced = shop.metrics()["store", "cpu"].iloc[-1]
        assert 1.5 * before["store", "cpu"].mean() < half_replaced < 2.8
        shop.advance(40)
        healed = shop.metrics().iloc[-40:]
        assert healed["store", "cpu"].mean() == pytest.approx(
            before["store", "cpu"].mean(), rel=0.1
        )
        assert healed["web", "latency_p95"].mean() < 1.1 * before["web", "latency_p95"].mean()

    def test_a_second_restart_is_a_rollout_too_and_the_same_one_is_none(self):
        _, _, shop = struck("stress.cpu", STORE)
        restart(shop, STORE)
        shop.advance(ROLLOUT_STEPS)
        fault("stress.cpu").plan(shop, STORE, hold_s=900.0).inject(shop, "r2")
        restart(shop, STORE)
        shop.advance(ROLLOUT_STEPS)
        assert burning(shop) == 2
        restart(shop, STORE, "2026-01-05T00:10:00Z")
        shop.advance(ROLLOUT_STEPS)
        assert burning(shop) == 0

    def test_an_annotation_of_the_deployment_itself_restarts_nothing(self):
        _, _, shop = struck("stress.cpu", STORE)
        shop.patch(STORE, [{"op": "add", "path": "/metadata/annotations/note", "value": "x"}])
        shop.advance(ROLLOUT_STEPS)
        assert burning(shop) == 2


class TestScaleZero:
    def test_the_target_vanishes_and_its_callers_fail(self):
        before, after, _ = struck("scale.zero", CART)
        for metric in ("request_rate", "cpu", "memory", "replicas_ready", "queue_length"):
            assert (after["cart", metric] == 0).all()
        assert after["cart"][["error_ratio", "latency_p95"]].isna().all(axis=None)
        assert after["web", "error_ratio"].mean() > 0.4
        assert before["web", "error_ratio"].mean() < 0.01

    def test_its_callee_gets_less_to_do(self):
        before, after, _ = struck("scale.zero", CART)
        assert after["store", "request_rate"].mean() < 0.5 * before["store", "request_rate"].mean()

    def test_a_call_that_is_rarely_made_hurts_little(self):
        _, after, _ = struck("scale.zero", replace(CART, name="payment"))
        assert after["web", "error_ratio"].mean() == pytest.approx(0.1, abs=0.03)

    def test_pods_take_a_burning_process_with_them(self):
        _, _, shop = struck("stress.cpu", STORE)
        fault("scale.zero").plan(shop, STORE).inject(shop, "r2")
        shop.advance(1)
        assert burning(shop) == 0

    def test_the_shop_survives_without_its_front(self):
        _, after, _ = struck("scale.zero", replace(CART, name="web"))
        assert (after.xs("request_rate", axis=1, level="metric") == 0).all(axis=None)
        assert not np.isinf(after.to_numpy()).any()
