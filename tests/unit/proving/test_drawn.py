"""Draws made concrete: what is struck, for how long, and what is expected of the monitoring."""

import pytest

from aiops.proving.drawn import trial_of
from aiops.proving.suite import Draw, Phases, Row, Suite
from chaos.cluster import ObjectRef

SUITE = Suite(faults=(Row(fault="scale.zero"),), allow_outage=True)


class TestTrialOf:
    def trial(self, *names, **draw):
        given = {"fault": None, "target": None, "params": {}, "decoy": False}
        return trial_of(SUITE, Draw(1, 11, **(given | draw)), names or ["cart", "store", "web"])

    def test_a_fault_is_expected_to_be_found_where_it_strikes(self):
        trial = self.trial(fault="scale.zero", target="store")
        [step] = trial.faults
        assert str(step.experiment.target) == "Deployment shop/store"
        assert step.experiment.run == trial.run
        assert (trial.expected.service, trial.expected.metrics) == ("store", ("replicas_ready",))

    def test_the_seed_chooses_among_what_there_is(self):
        [first, again] = [self.trial(fault="scale.zero").faults[0] for _ in range(2)]
        assert first.experiment.target == again.experiment.target
        assert first.experiment.target.name in {"cart", "store", "web"}

    def test_a_control_does_nothing(self):
        trial = self.trial()
        assert (trial.steps, trial.decoy, trial.expected.service) == ((), None, None)

    def test_a_decoy_changes_what_the_draw_names(self):
        assert self.trial(decoy=True, target="web").decoy == ("rollout", "web")

    def test_a_service_is_struck_as_a_service(self):
        [step] = self.trial(fault="svc.selector", target="cart").faults
        assert step.experiment.target == ObjectRef("Service", "shop", "cart")

    @pytest.mark.parametrize(("allow", "least"), [(True, 0), (False, 1)])
    def test_an_outage_has_to_be_allowed(self, allow, least):
        suite = SUITE.model_copy(update={"allow_outage": allow})
        trial = trial_of(suite, Draw(1, 11, None, None, {}), ["cart"])
        assert trial.limits.min_ready_left == least

    def test_a_long_hold_is_meant(self):
        suite = SUITE.model_copy(update={"phases": Phases(hold=3600.0)})
        assert trial_of(suite, Draw(1, 11, None, None, {}), ["cart"]).limits.max_hold_s == 3600
