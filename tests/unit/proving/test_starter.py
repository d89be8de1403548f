"""The starter: five faults that every gate lets pass, on whatever is in the namespace."""

from itertools import pairwise

import pytest

from aiops.proving.gameday import run_on_simulator
from aiops.proving.judges import AiopsJudge
from aiops.proving.running import SETTLE_S
from aiops.proving.score import score
from aiops.proving.starter import MILD, ROWS, WANTED, phases, starter
from aiops.proving.suite import draw
from aiops.types import InvalidExperiment
from chaos.backend import SimBackend
from chaos.cluster import ObjectRef
from chaos.faults import make_fault
from chaos.safety import ClusterScope, check
from chaos.simulation.simulator import Simulator
from tests.memory_cluster import MemoryCluster, application, namespace, opted_in


class Shelf:
    """A backend that only has a cluster."""

    system = "shop"
    step_s = 2.0

    def __init__(self, *documents, space=None):
        self.cluster = MemoryCluster(space or opted_in("shop"), *documents)
        self.scope = ClusterScope(self.cluster)


def shelf(*names, replicas=4, **more):
    return Shelf(*(one for name in names for one in application("shop", name, replicas)), **more)


@pytest.fixture(params=["memory", "simulator"])
def backend(request):
    return SimBackend(Simulator(7)) if request.param == "simulator" else shelf("cart", "web")


def test_has_five_faults_each_of_them_mild(backend):
    suite = starter(backend, seed=3)
    assert len(suite.faults) == WANTED
    assert all((row.fault, row.params) in MILD for row in suite.faults)
    assert (suite.seed, suite.namespace, suite.phases) == (3, "shop", phases(backend.step_s))
    assert suite.title == "Starter for shop"


def test_every_gate_lets_each_of_them_pass(backend):
    for row in starter(backend).faults:
        [name] = row.targets
        ref = ObjectRef("Deployment", "shop", name)
        hold_s = phases(backend.step_s).hold
        plan = make_fault(row.fault, row.params).plan(backend.cluster, ref, hold_s=hold_s)
        found = check((plan,), backend.cluster, backend.scope, hold_s=hold_s)
        assert found.clear


@pytest.mark.parametrize("step_s", [2.0, 5.0])
def test_baseline_and_hold_have_rows_enough_to_rank_by(step_s):
    assert phases(step_s).baseline / step_s >= ROWS
    assert phases(step_s).hold / step_s >= ROWS


def test_on_a_cluster_it_stays_within_a_quarter_of_an_hour():
    suite = starter(shelf("cart", "web"))
    each = suite.phases.baseline + suite.phases.hold + suite.phases.recover + SETTLE_S
    assert len(draw(suite)) * each <= 15 * 60


@pytest.mark.slow
def test_no_ranker_has_too_little_to_go_by(tmp_path):
    played = run_on_simulator(starter(SimBackend(Simulator(7))), tmp_path / "out")
    board = score(played.runs, AiopsJudge())
    ranked = [one for run in board.runs for one in run.ranked]
    assert {one.ranker for one in ranked} == {"default", "max_z", "random"}
    assert [one.error for one in ranked if one.error] == []
    assert board.detection.failures == 0


def test_changes_nothing():
    backend = shelf("cart", "web")
    starter(backend)
    assert backend.cluster.mutations == []


def test_strikes_one_workload_after_the_other():
    struck = [row.targets[0] for row in starter(shelf("cart", "store", "web")).faults]
    assert len(set(struck)) == 3
    assert all(one != following for one, following in pairwise(struck))


def test_holds_controls_as_every_suite_does():
    runs = draw(starter(shelf("cart", "web")))
    assert sum(one.fault is None for one in runs) >= 0.2 * len(runs)


def test_passes_over_a_workload_that_cannot_lose_a_pod():
    documents = [*application("shop", "alone", 1), *application("shop", "web", 4)]
    struck = {row.targets for row in starter(Shelf(*documents)).faults}
    assert struck == {("web",)}


class TestRefused:
    def test_where_there_is_nothing(self):
        with pytest.raises(InvalidExperiment, match="namespace shop has no Deployment to strike"):
            starter(Shelf())

    def test_where_nothing_can_lose_a_pod(self):
        with pytest.raises(InvalidExperiment) as refused:
            starter(shelf("cart", replicas=1))
        text = str(refused.value)
        assert text.startswith("only 0 of 5 safe faults find a target in shop: ")
        assert "Deployment shop/cart" in text

    def test_where_the_namespace_has_not_opted_in(self):
        with pytest.raises(InvalidExperiment, match="namespace shop has not opted in"):
            starter(shelf("cart", "web", space=namespace("shop")))

    def test_where_no_fault_can_even_be_planned(self):
        documents = application("shop", "cart", 4)
        documents[0]["spec"]["selector"] = {"matchExpressions": []}
        with pytest.raises(InvalidExperiment, match=r"only 0 of 5 .* matchLabels"):
            starter(Shelf(*documents))
