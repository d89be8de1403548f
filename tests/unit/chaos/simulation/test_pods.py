"""What becomes of pods: rolled out, stuck, killed for memory, replaced."""

from dataclasses import replace

import pytest

from chaos.cluster import Process
from chaos.patch import put
from chaos.simulation.pods import (
    BACK_OFF_S,
    FORGIVEN_S,
    LONGEST_BACK_OFF_S,
    Pod,
    Workload,
    read_template,
)  # fmt: skip
from chaos.simulation.service import SETTING, Service, deployment

APP = Service("app", 4, "1", 0.02, 100e6, needs_setting=0.4, cold=0.5)
CONTAINER = "/spec/template/spec/containers/0"


def template(service=APP, **changes):
    document = deployment(service)
    for name, value in changes.items():
        document = patched(document, f"{CONTAINER}/{name.replace('__', '/')}", value)
    return read_template(document, service)


def patched(document, pointer, value):
    from chaos.patch import apply

    return apply(document, put(document, pointer, value))


def workload(service=APP, step_s=5.0):
    return Workload(service, step_s, template(service), replicas=service.replicas)


def strike(work, process, run="t"):
    """Start a process in every pod."""
    for pod in work.pods:
        pod.processes[run] = process
    work.settled = False


def rounds(work, count):
    """Let rounds pass; return the ready pods after each."""
    seen = []
    for _ in range(count):
        work.reconcile()
        seen.append(work.ready)
    return seen


class TestTemplate:
    def test_what_is_shipped_works(self):
        good = template()
        assert (good.pulls, good.answers_probe, good.configured) == (True, True, True)
        assert good.cores == 1.0
        assert 200e6 <= good.memory_limit <= 202e6

    @pytest.mark.parametrize("image", ["shop/app:1.0-missing", "shop/other:1.0", "shop/app", None])
    def test_an_image_that_nobody_has_cannot_be_pulled(self, image):
        assert not template(image=image).pulls

    def test_the_next_version_can(self):
        assert template(image="shop/app:2.13").pulls

    def test_a_wrong_or_missing_setting_is_noticed(self):
        assert not template(env__0__value="x").configured
        assert not template(env=[]).configured
        assert not template(env=None).configured
        assert template(
            env=[{"name": "A", "value": "1"}, {"name": SETTING, "value": "standard"}]
        ).configured

    def test_a_probe_elsewhere_is_not_answered(self):
        assert not template(readinessProbe__httpGet__path="/x").answers_probe


class TestRollout:
    def test_half_of_the_pods_at_a_time(self):
        work = workload()
        new = template(image="shop/app:1.1")
        work.declare(new, 4, recreate=False)
        work.reconcile()
        assert sorted(pod.template == new for pod in work.pods).count(True) == 2
        work.reconcile()
        assert [pod.template for pod in work.pods] == [new] * 4
        assert work.ready == 4

    def test_pods_that_take_time_to_start_hold_the_rollout_up(self):
        slow = replace(APP, startup_s=20.0)
        work = workload(slow)
        work.declare(template(slow, image="shop/app:1.1"), 4, recreate=False)
        ready = rounds(work, 20)
        assert min(ready) == 3  # maxUnavailable is 25 %
        assert ready[-1] == 4
        assert all(pod.template.key == work.template.key for pod in work.pods)

    @pytest.mark.parametrize("replicas", range(1, 9))
    def test_a_rolling_update_keeps_the_old_pods_while_the_new_are_not_ready(self, replicas):
        service = replace(APP, replicas=replicas)
        work = workload(service)
        work.declare(template(image="shop/app:none"), replicas, recreate=False)
        assert set(rounds(work, 30)) == {replicas - replicas // 4}

    def test_recreate_does_not(self):
        work = workload()
        work.declare(template(image="shop/app:none"), 4, recreate=True)
        assert set(rounds(work, 30)) == {0}

    def test_back_to_the_old_template_the_old_pods_are_still_there(self):
        work = workload()
        kept = list(work.pods)
        work.declare(template(image="shop/app:none"), 4, recreate=False)
        rounds(work, 3)
        work.declare(template(), 4, recreate=False)
        assert rounds(work, 2)[-1] == 4
        assert sum(any(pod is old for old in kept) for pod in work.pods) == 3

    def test_scaling_takes_the_unready_first(self):
        work = workload()
        work.pods[0].down_s = 100.0
        work.declare(work.template, 3, recreate=False)
        assert rounds(work, 1) == [3]

    def test_a_replaced_pod_is_back_after_its_start(self):
        work = workload(replace(APP, startup_s=12.0))
        work.replace_one()
        assert rounds(work, 4) == [3, 3, 4, 4]


class TestMemory:
    def test_too_low_a_limit_kills_ever_more_rarely(self):
        work = workload(replace(APP, replicas=1))
        work.declare(template(resources__limits__memory="60M"), 1, recreate=True)
        ready = rounds(work, 600)
        kills = work.notes.count("oom")
        assert 5 < kills < 30
        assert 0 < sum(ready) < 600
        assert work.pods[0].crashes == kills

    def test_the_back_off_doubles_up_to_its_limit(self):
        work = workload()
        pod = Pod(work.template)
        seen = []
        for _ in range(8):
            work._kill(pod)
            seen.append(pod.down_s)
        assert seen[:4] == [BACK_OFF_S, 2 * BACK_OFF_S, 4 * BACK_OFF_S, 8 * BACK_OFF_S]
        assert seen[-1] == LONGEST_BACK_OFF_S

    def test_a_leak_ends_in_a_kill_and_is_gone_after_it(self):
        work = workload()
        before = work.memory()
        strike(work, Process("memory", 10e6, 600.0))
        work.reconcile()
        assert work.memory() == pytest.approx(before + 5 * 10e6)
        rounds(work, 3)
        assert work.notes.count("oom") == 4
        assert not any(pod.processes for pod in work.pods)

    def test_a_leak_that_is_stopped_gives_its_memory_back(self):
        work = workload()
        before = work.memory()
        strike(work, Process("memory", 10e6, 600.0))
        work.reconcile()
        for pod in work.pods:
            work.stop(pod, "t")
        assert work.memory() == before

    def test_a_process_ends_by_itself(self):
        work = workload()
        strike(work, Process("cpu", 0.5, 12.0))
        rounds(work, 2)
        assert work.capacity().burnt == 0.5
        rounds(work, 1)
        assert work.capacity().burnt == 0.0
        assert work.settled


class TestCapacity:
    def test_a_wrong_setting_fails_the_share_that_needs_it(self):
        work = workload()
        work.declare(template(env__0__value="x"), 4, recreate=False)
        assert work.capacity().failing == 0.0
        rounds(work, 1)
        assert work.capacity().failing == pytest.approx(0.4 * 2 / 3)  # two new pods, one old
        rounds(work, 1)
        assert work.capacity().failing == pytest.approx(0.4)

    def test_cold_pods_work_more_and_warm_up(self):
        work = workload()
        assert work.capacity().work == 1.0
        for _ in range(4):
            work.replace_one()
        rounds(work, 1)
        assert work.capacity().work == pytest.approx(1.5)
        rounds(work, 100)
        assert work.capacity().work == pytest.approx(1.0, abs=0.01)

    def test_a_process_acts_in_the_pods_it_was_started_in(self):
        work = workload()
        strike(work, Process("cpu", 0.8, 600.0), "t1")
        strike(work, Process("delay", 0.2, 600.0), "t2")
        assert (work.capacity().burnt, work.capacity().delay_s) == (0.8, 0.2)
        work.replace_one()
        rounds(work, 1)
        assert work.capacity().burnt == pytest.approx(0.8 * 3 / 4)

    def test_whatever_happened_long_ago_is_forgotten(self):
        work = workload()
        work.replace_one()
        rounds(work, int(FORGIVEN_S / 5) + 1)
        assert work.settled
