"""Drawn systems in the simulator: lawful, repeatable, restless, and recorded in a change log."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from aiops.types import check_metrics
from chaos import ObjectRef, fault
from chaos.simulation.load import Burst
from chaos.simulation.shop import TOPOLOGY
from chaos.simulation.simulator import Simulator
from chaos.simulation.system import Unrest
from chaos.simulation.topology import draw_topology

CART = ObjectRef("Deployment", "shop", "cart")
STORE = ObjectRef("Deployment", "shop", "store")
NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
ANNOTATIONS = "/spec/template/metadata/annotations"


class TestDrawn:
    def test_it_is_a_legal_metrics_frame_of_its_services(self, drawn):
        metrics = drawn.metrics()
        check_metrics(metrics)
        names = [service.name for service in drawn.system.services]
        assert list(metrics.columns.get_level_values("service").unique()) == names
        assert drawn.topology == drawn.system.calls

    def test_the_same_seed_gives_the_same_run(self):
        runs = [Simulator(seed, 15.0, NOON, draw_topology(4)) for seed in (8, 8, 9)]
        for run in runs:
            run.advance(80)
        one, same, other = runs
        pd.testing.assert_frame_equal(one.metrics(), same.metrics(), check_exact=True)
        assert one.events == same.events
        assert not one.metrics().equals(other.metrics())

    def test_a_fault_changes_nothing_before_it_and_nobody_unrelated_after_it(self):
        runs = [Simulator(8, 15.0, NOON, draw_topology(4)) for _ in range(2)]
        calm, hurt = runs
        for run in runs:
            run.advance(40)
        leaf = hurt.system.services[-1]
        fault("net.delay").plan(hurt, leaf.ref, hold_s=900.0).inject(hurt, "r1")
        for run in runs:
            run.advance(20)
        pd.testing.assert_frame_equal(calm.metrics()[:40], hurt.metrics()[:40], check_exact=True)
        others = [
            service.name
            for service in hurt.system.services
            if service.name != leaf.name and not service.calls
        ]
        after = (calm.metrics()[40:], hurt.metrics()[40:])
        moved = np.isclose(*(frame[others].to_numpy() for frame in after), rtol=0.5, equal_nan=True)
        assert others
        assert moved.mean() > 0.6
        assert not after[0][leaf.name].equals(after[1][leaf.name])

    def test_a_missed_sample_is_missing_in_every_metric_of_its_service(self):
        unrest = Unrest(missed=0.1)
        shop = Simulator(seed=1, topology=replace(TOPOLOGY, unrest=unrest))
        shop.advance(100)
        missing = shop.metrics().isna()
        for name in missing.columns.get_level_values("service").unique():
            rows = missing[name]
            assert 0 < rows.any(axis=1).sum() < 30
            assert (rows.any(axis=1) == rows.all(axis=1)).all()

    def test_an_autoscaled_service_begins_where_its_autoscaler_would_be(self):
        by_hour = {}
        for hour in range(0, 24, 3):
            system = Simulator(1, 15.0, NOON.replace(hour=hour), draw_topology(3))
            for service in system.system.services:
                if service.autoscaling:
                    replicas = system.get(service.ref)["spec"]["replicas"]
                    by_hour.setdefault(service.name, set()).add(replicas)
                    scaling = service.autoscaling
                    assert scaling.least <= replicas <= scaling.most
        assert any(len(seen) > 1 for seen in by_hour.values())

    def test_a_calm_hour_mostly_answers(self):
        ratios = []
        for seed in range(6):
            system = Simulator(seed, 60.0, NOON, draw_topology(seed))
            system.advance(60)
            ratios += [
                system.metrics()[entry, "error_ratio"].median() for entry in system.system.entries
            ]
        assert max(ratios) < 0.01


class TestEvents:
    def test_a_change_is_recorded_once_and_reading_is_not(self):
        shop = Simulator(seed=1)
        shop.advance(3)
        shop.patch(CART, [{"op": "replace", "path": "/spec/replicas", "value": 5}])
        shop.patch(STORE, [{"op": "add", "path": f"{ANNOTATIONS}/note", "value": "x"}])
        shop.get(CART)
        seen = [(event.time, event.kind, event.service, event.text) for event in shop.events]
        assert seen == [
            (shop.now, "scale", "cart", "3 -> 5 replicas"),
            (shop.now, "rollout", "store", "image shop/store:1.0"),
        ]

    def test_what_is_done_inside_pods_is_in_no_change_log(self):
        shop = Simulator(seed=1)
        fault("stress.cpu").plan(shop, STORE, hold_s=900.0).inject(shop, "r1")
        shop.advance(3)
        assert shop.events == ()

    def test_scheduled_work_is_recorded_whenever_it_begins(self):
        burst = Burst("store", 40.0, period_s=300.0, offset_s=60.0, lasts_s=100.0)
        shop = Simulator(seed=1, topology=replace(TOPOLOGY, bursts=(burst,)))
        shop.advance(120)
        begins = [event.time - shop.start for event in shop.events if event.kind == "cron"]
        assert begins == [timedelta(seconds=60), timedelta(seconds=360)]
        rate = shop.metrics()["store", "request_rate"].to_numpy()
        assert rate[12:32].mean() == pytest.approx(rate[33:70].mean() + 40.0, rel=0.1)
