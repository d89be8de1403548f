"""A run that is kept: its folder, its effect and outcome, and the case that graders read."""

import json
import re
from dataclasses import replace

import pytest

from aiops import datasets
from aiops.proving.running import SETTLE_S, export, new_run, run_prepared, run_trial
from aiops.types import InvalidCase, InvalidExperiment, MetricId, Unreachable
from chaos.backend import SimBackend
from chaos.cluster import ObjectRef
from chaos.experiment import Experiment
from chaos.files.activities import SteadyProbe
from chaos.files.extension import Effect as EffectBlock
from chaos.journal import Journal
from chaos.probes import Hypothesis
from chaos.record import Effect, Expected, RunOutcome
from chaos.runs import Alert, RunFolder
from chaos.safety import Limits
from chaos.simulation.simulator import Simulator
from chaos.trial import FaultStep, Trial, prepare
from rca.baselines import MaxZ
from rca.grading import evaluate


def trial_of(fault=None, service="cart", params=None, **changes):
    parts = {"baseline_s": 300.0, "hold_s": 120.0, "recover_s": 60.0, "title": "t"}
    parts["limits"] = Limits().with_outage()
    if fault:
        target = ObjectRef("Deployment", "shop", service)
        experiment = Experiment(fault, target, 120.0, 7, "run-x", params or {})
        parts["steps"] = (FaultStep(experiment),)
        parts["expected"] = Expected(service, ("replicas_ready",))
    return Trial("run-x", 7, **(parts | changes))


class Watched(SimBackend):
    """A shop whose own monitoring raised an alert."""

    def alerts(self, since):
        return (Alert("CartDown", since, None, {"service": "cart"}),)


def keep(folder, trial, backend=None):
    backend = backend or SimBackend(Simulator(7))
    return run_trial(trial, backend, Journal(folder / "journal.jsonl"), folder / "run")


@pytest.fixture(scope="module")
def struck(tmp_path_factory):
    """A run in which the cart was away for two minutes."""
    return keep(tmp_path_factory.mktemp("struck"), trial_of("scale.zero"))


@pytest.fixture(scope="module")
def quiet(tmp_path_factory):
    """A run in which nothing was done."""
    return keep(tmp_path_factory.mktemp("quiet"), trial_of())


class TestFolder:
    def test_holds_the_record_and_the_case_and_no_alerts_where_nobody_gives_any(self, struck):
        assert {path.name for path in struck.path.iterdir()} == {"run.json", "case"}
        assert RunFolder.read(struck.path) == struck
        assert struck.alerts() is None

    def test_holds_the_alerts_where_there_is_a_source(self, tmp_path):
        found = keep(tmp_path, trial_of(), Watched(Simulator(7)))
        [alert] = found.alerts()
        assert (alert.name, alert.end) == ("CartDown", None)
        assert alert.start == found.record.phases.baseline_start

    def test_the_case_is_the_whole_run_with_the_truth_on_it(self, struck):
        case, phases = struck.case(), struck.record.phases
        assert (case.id, case.fault, case.system) == ("run-x", "scale.zero", "shop")
        assert case.inject_time == phases.injected
        assert case.root_cause.service == "cart"
        assert case.root_cause.metrics == (MetricId("cart", "replicas_ready"),)
        assert case.metrics.index[0] == phases.baseline_start
        assert case.metrics.index[-1] < phases.end
        assert ("web", "cart") in case.topology

    def test_a_control_has_no_root_cause(self, quiet):
        case = quiet.case()
        assert (case.root_cause, case.fault, case.trigger) == (None, None, None)

    def test_nothing_in_the_metrics_says_what_was_done(self, struck, quiet):
        one, other = struck.case().metrics, quiet.case().metrics
        assert list(one.columns) == list(other.columns)
        assert one.index.equals(other.index)
        before = one.index < struck.case().inject_time
        assert one[before].equals(other[before])
        document = json.loads((quiet.path / "run.json").read_text())
        assert set(document) == set(json.loads((struck.path / "run.json").read_text()))

    def test_a_refused_run_leaves_nothing(self, tmp_path):
        with pytest.raises(InvalidExperiment, match="refused, nothing was changed"):
            keep(tmp_path, trial_of("scale.zero", limits=Limits()))
        assert list(tmp_path.iterdir()) == []


class TestEffect:
    def test_a_fault_that_users_notice_is_effective_and_names_the_trigger(self, struck):
        effect = struck.record.effect
        assert effect.effect is Effect.EFFECTIVE
        assert (struck.case().trigger.service, struck.case().trigger.metric) == (
            effect.service,
            effect.sli,
        )
        assert struck.record.outcome is RunOutcome.HELD

    def test_one_that_nobody_notices_is_an_outcome_of_its_own(self, tmp_path):
        target = {"service": "payment", "params": {"strength": 0.1}}
        found = keep(tmp_path, trial_of("stress.memory", **target))
        assert found.record.effect.effect is Effect.NO_EFFECT
        assert found.record.outcome is RunOutcome.NO_EFFECT
        assert found.case().trigger is None
        assert found.case().root_cause.service == "payment"

    def test_a_control_without_effect_has_held(self, quiet):
        assert quiet.record.effect.effect is Effect.NO_EFFECT
        assert quiet.record.outcome is RunOutcome.HELD

    def test_what_cannot_be_measured_is_unknown_and_the_record_is_kept(self, tmp_path):
        class Blind(SimBackend):
            def metrics(self, since):
                raise Unreachable("no answer")

        found = keep(tmp_path, trial_of("scale.zero"), Blind(Simulator(7)))
        effect = RunFolder.read(found.path).record.effect
        assert (effect.effect, effect.why) == (Effect.UNKNOWN, "not measured: no answer")
        assert found.record.outcome is RunOutcome.HELD
        assert not found.measured
        with pytest.raises(InvalidCase):
            found.case()


class TestEffectByProbe:
    def probe(self, metric):
        arguments = {"service": "cart", "metric": metric, "window": 5, "aggregate": "last"}
        provider = {"type": "python", "module": "chaos.ctk", "func": "slo", "arguments": arguments}
        told = {"type": "probe", "name": "ready", "tolerance": ">= 0", "provider": provider}
        return Hypothesis("well", (SteadyProbe.model_validate(told),))

    @pytest.mark.parametrize(
        ("least", "effect"), [(3.0, Effect.EFFECTIVE), (3.5, Effect.NO_EFFECT)]
    )
    def test_it_is_effective_when_it_fell_as_far_as_the_file_demands(self, tmp_path, least, effect):
        told = EffectBlock(sli="ready", min_drop=least)
        trial = trial_of("scale.zero", hypothesis=self.probe("replicas_ready"), effect=told)
        found = keep(tmp_path, trial).record
        assert (found.effect.effect, found.effect.sli) == (effect, "ready")
        assert found.effect.change == 3
        assert found.effect.why == f"ready fell by 3 of {least:g}"

    def test_a_probe_without_a_number_leaves_it_unknown(self, tmp_path):
        told = EffectBlock(sli="ready", min_drop=1.0)
        trial = trial_of("scale.zero", hypothesis=self.probe("nothing"), effect=told)
        found = keep(tmp_path, trial).record.effect
        assert found.effect is Effect.UNKNOWN
        assert "gave no number" in found.why


class TestRunPrepared:
    def test_a_real_monitoring_is_given_time_to_hold_what_it_measured(self, tmp_path):
        waited = []

        class Real(SimBackend):
            name = "k8s"

            def wait(self, seconds):
                waited.append(seconds)
                super().wait(seconds)

        found = keep(tmp_path, trial_of(), Real(Simulator(7)))
        assert waited[-1] == SETTLE_S
        assert found.record.backend == "k8s"
        assert found.record.phases.end < found.case().metrics.index[-1]

    def test_progress_is_passed_on(self, tmp_path):
        said, backend = [], SimBackend(Simulator(7))
        prepared = prepare(trial_of(), backend)
        run_prepared(prepared, backend, Journal(tmp_path / "j"), tmp_path / "run", said.append)
        assert said == ["measuring the baseline for 300 s", "measuring the recovery for 60 s"]

    def test_runs_have_names_that_say_nothing_and_are_never_the_same(self):
        names = {new_run() for _ in range(50)}
        assert len(names) == 50
        assert all(re.fullmatch(r"run-[0-9a-f]{10}", name) for name in names)


class TestExport:
    def test_ends_with_the_fault(self, struck, tmp_path):
        case = export(struck, tmp_path / "out" / "one")
        read = datasets.load(tmp_path / "out" / "one")
        assert read.metrics.equals(case.metrics)
        assert read.metrics.index[-1] < struck.record.phases.reverted
        assert read.metrics.index[-1] > case.inject_time
        assert (read.root_cause, read.trigger) == (case.root_cause, struck.case().trigger)

    def test_gives_what_the_grader_reads(self, struck, tmp_path):
        export(struck, tmp_path / "out" / "one")
        graded = evaluate({"max_z": MaxZ()}, tmp_path / "out", seed=0)
        [result] = [one for one in graded.results if one.ranker == "max_z"]
        assert (result.case, result.n_services) == ("run-x", 5)
        assert result.service_rank is not None

    def test_a_control_can_be_exported_too(self, quiet, tmp_path):
        assert export(quiet, tmp_path / "out").root_cause is None

    def test_a_folder_in_use_is_left_alone(self, struck, tmp_path):
        (tmp_path / "mine").write_text("precious")
        with pytest.raises(InvalidCase):
            export(struck, tmp_path)
        assert [path.name for path in tmp_path.iterdir()] == ["mine"]

    def test_a_run_without_measurements_has_no_case(self, struck, tmp_path):
        with pytest.raises(InvalidCase):
            export(replace(struck, path=tmp_path / "none"), tmp_path / "out")
