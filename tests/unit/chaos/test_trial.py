"""From an experiment file to what can be run once: targets, plans, gates, and the diff."""

import json

import pytest

from aiops.types import Denied, InvalidExperiment
from chaos.backend import SimBackend
from chaos.cluster import ObjectRef
from chaos.experiment import Experiment
from chaos.files import load
from chaos.record import Expected
from chaos.safety import Limits
from chaos.simulation.simulator import Simulator
from chaos.trial import FaultStep, Trial, diff, from_file, prepare, refuse_without_victims

CART = ObjectRef("Deployment", "shop", "cart")
STORE = {"namespace": "shop", "kind": "Deployment", "name": "store"}


@pytest.fixture
def shop():
    return SimBackend(Simulator(7))


def inject(fault="scale.zero", hold=None, target=None, **more):
    target = target or {"namespace": "shop", "kind": "Deployment", "name": "cart"}
    arguments = {"fault": fault, "target": target, **({"hold": hold} if hold else {})}
    provider = {"type": "python", "module": "chaos.ctk", "func": "inject", "arguments": arguments}
    return {"type": "action", "name": fault, "provider": provider, **more}


@pytest.fixture
def trial(shop, tmp_path):
    """Return the trial of an experiment file with this method."""

    def make(*method, run="r1", seed=5, outage=False, **settings):
        extension = {"name": "aiops", "schema": "aiops.chaos/v1", **settings}
        document = {"title": "t", "description": "d", "method": list(method)}
        path = tmp_path / "experiment.json"
        path.write_text(json.dumps({**document, "extensions": [extension]}))
        return from_file(load(path), shop, run=run, seed=seed, outage=outage)

    return make


class TestFromFile:
    def test_takes_over_what_the_file_says(self, trial):
        phases = {"baseline": "10s", "settle": "5s", "hold": "20s", "recover": "1m"}
        found = trial(inject(), phases=phases, expect={"recover_within": "40s", "alerts": ["Down"]})
        assert (found.baseline_s, found.settle_s, found.hold_s) == (10, 5, 20)
        assert (found.recover_s, found.recover_within) == (60, 40)
        assert (found.run, found.seed, found.title) == ("r1", 5, "t")
        assert found.expected == Expected("cart", ("replicas_ready",), ("Down",))

    def test_a_hold_of_its_own_goes_before_that_of_the_file(self, trial):
        found = trial(inject(), inject(hold="7s"), phases={"hold": "20s"})
        assert [step.experiment.hold_s for step in found.faults] == [20, 7]

    def test_one_fault_bears_the_name_of_the_run_and_several_a_number_each(self, trial):
        assert [step.experiment.run for step in trial(inject()).faults] == ["r1"]
        runs = [step.experiment.run for step in trial(inject(), inject("pod.delete")).faults]
        assert runs == ["r1-1", "r1-2"]

    def test_pauses_and_the_background_are_kept(self, trial):
        pauses = {"before": 3.0, "after": 4.0}
        [step] = trial(inject(background=True, pauses=pauses)).faults
        assert (step.background, step.before_s, step.after_s) == (True, 3, 4)

    def test_who_is_to_blame_can_be_said_in_the_file(self, trial):
        found = trial(inject(), expect={"root_cause": {"service": "store"}})
        assert found.expected.service == "store"

    def test_an_outage_is_allowed_by_the_caller(self, trial):
        assert trial(inject()).limits.min_ready_left == 1
        assert trial(inject(), outage=True).limits.min_ready_left == 0


class TestPrepare:
    def test_changes_nothing(self, trial, shop):
        now, before = shop.cluster.now, shop.cluster.get(CART)
        for fault in ("scale.zero", "pod.delete", "stress.cpu", "image.bad"):
            prepare(trial(inject(fault)), shop)
        assert shop.cluster.now == now
        assert shop.cluster.get(CART) == before

    def test_names_the_victims_by_the_run_of_each_fault(self, trial, shop):
        prepared = prepare(trial(inject("pod.delete"), inject(target=STORE)), shop)
        assert list(prepared.plans) == ["r1-1", "r1-2"]
        assert prepared.victims[-1] == "Deployment shop/store"
        assert all(victim.startswith("Pod shop/cart-") for victim in prepared.victims[:-1])

    def test_what_is_struck_twice_is_refused(self, trial, shop):
        with pytest.raises(InvalidExperiment, match="cart is struck twice"):
            prepare(trial(inject("pod.delete"), inject()), shop)

    def test_a_target_that_is_not_there_is_named_with_its_nearest(self, trial, shop):
        target = {"namespace": "shop", "kind": "Deployment", "name": "crat"}
        with pytest.raises(InvalidExperiment, match="nearest is Deployment shop/cart"):
            prepare(trial(inject(target=target)), shop)

    def test_labels_that_fit_several_targets_are_refused(self, trial):
        target = {"namespace": "shop", "kind": "Pod", "labels": {"app": "cart"}}
        with pytest.raises(InvalidExperiment, match="name it"):
            trial(inject(target=target))

    def test_gates_speak_and_then_the_server_is_not_asked(self, trial, shop, monkeypatch):
        monkeypatch.setattr("chaos.trial.dry_run", pytest.fail)
        prepared = prepare(trial(inject()), shop)
        assert {one.gate for one in prepared.preflight.refusals} == {"caps", "last-replica"}
        with pytest.raises(InvalidExperiment, match="refused, nothing was changed"):
            prepared.preflight.refuse_unless_clear()

    def test_the_longest_hold_counts(self, trial, shop):
        longer = inject("pod.delete", hold="20m", target=STORE)
        found = trial(inject("pod.delete"), longer, outage=True)
        texts = [str(one) for one in prepare(found, shop).preflight.refusals]
        assert any("1200 s of hold, max_hold is 900" in text for text in texts)

    def test_what_the_server_refuses_in_the_rehearsal_is_a_refusal(self, trial, shop, monkeypatch):
        real = shop.cluster.patch

        def patch(ref, ops, *, dry_run=False):
            if dry_run:
                raise Denied("you may not patch deployments")
            return real(ref, ops)

        monkeypatch.setattr(shop.cluster, "patch", patch)
        prepared = prepare(trial(inject(), outage=True), shop)
        [refusal] = prepared.preflight.refusals
        assert refusal.gate == "dry-run"
        assert "you may not patch deployments" in refusal.text

    def test_as_json_it_says_everything(self, trial, shop):
        document = json.loads(json.dumps(prepare(trial(inject()), shop).to_json()))
        assert (document["run"], document["title"], document["seed"]) == ("r1", "t", 5)
        assert document["victims"] == ["Deployment shop/cart"]
        assert document["plans"]["r1"]["fault"] == "scale.zero"
        assert set(document["findings"][0]) == {"gate", "level", "text", "remedy"}

    def test_the_diff_is_one_a_person_can_read(self, trial, shop):
        lines = diff(prepare(trial(inject()), shop), shop).splitlines()
        assert any(line.startswith("-") and line.endswith("replicas: 3") for line in lines)
        assert any(line.startswith("+") and line.endswith("replicas: 0") for line in lines)


class TestTrial:
    def test_a_control_has_nothing_to_plan(self, shop):
        prepared = prepare(Trial("r1", 7, "quiet"), shop)
        assert (prepared.victims, prepared.preflight.clear) == ((), True)

    def test_one_that_injects_nothing_is_no_experiment(self):
        with pytest.raises(InvalidExperiment, match="the method of 'quiet' injects no fault"):
            refuse_without_victims(Trial("r1", 7, "quiet"))

    def test_one_that_injects_something_is(self, shop):
        step = FaultStep(Experiment("scale.zero", CART, 10.0, 7, "r1"))
        trial = Trial("r1", 7, "t", steps=(step,), limits=Limits().with_outage())
        refuse_without_victims(trial)
        assert prepare(trial, shop).preflight.clear
