"""Budgets: no more pods than their owners can do without."""

import pytest

from aiops.types import InvalidExperiment
from chaos import ObjectRef
from chaos.safety import Limits
from chaos.safety.budgets import disruptions_allowed


def budget(selector, status=None, **spec):
    document = {
        "kind": "PodDisruptionBudget",
        "metadata": {"name": "cart", "namespace": "shop", "generation": 2},
        "spec": {"selector": selector, **spec},
    }
    return document | ({"status": status} if status else {})


CART = {"matchLabels": {"app": "cart"}}


def put(cluster, document):
    cluster.objects[ObjectRef("PodDisruptionBudget", "shop", "cart")] = document


@pytest.mark.parametrize(
    ("spec", "allowed"),
    [
        ({"minAvailable": 3}, 1),
        ({"minAvailable": "75%"}, 1),
        ({"minAvailable": "60%"}, 1),
        ({"minAvailable": 9}, 0),
        ({"maxUnavailable": 2}, 2),
        ({"maxUnavailable": "30%"}, 2),
        ({"maxUnavailable": 0}, 0),
        ({}, 0),
    ],
)
def test_a_budget_counts_as_its_controller_does(ask, cluster, spec, allowed):
    put(cluster, budget(CART, **spec))
    for count in (1, 2):
        assert ask(count=count).clear is (count <= allowed)


def test_pods_that_are_away_already_use_the_budget_up(ask, cluster):
    put(cluster, budget(CART, maxUnavailable=1))
    plan = ask.plan()
    assert ask().clear
    other = next(
        ref for ref in sorted(cluster.objects) if ref.kind == "Pod" and ref not in plan.victims
    )
    cluster.objects[other]["status"]["conditions"][0]["status"] = "False"
    assert [finding.gate for finding in ask().refusals] == ["budget"]


def test_its_controller_knows_better_while_it_is_up_to_date(ask, cluster):
    said = {"disruptionsAllowed": 0, "observedGeneration": 2}
    put(cluster, budget(CART, said, maxUnavailable=4))
    assert not ask().clear
    put(cluster, budget(CART, said | {"observedGeneration": 1}, maxUnavailable=4))
    assert ask().clear


@pytest.mark.parametrize("selector", [{"matchLabels": {"app": "web"}}, None])
def test_a_budget_of_other_pods_says_nothing(ask, cluster, selector):
    put(cluster, budget(selector, maxUnavailable=0))
    assert ask().clear


def test_a_budget_without_any_condition_protects_every_pod(ask, cluster):
    put(cluster, budget({}, maxUnavailable=0))
    assert not ask().clear


def test_an_allowed_outage_is_no_leave_to_break_a_budget(ask, cluster):
    put(cluster, budget(CART, maxUnavailable=1))
    limits = Limits().with_outage()
    assert [one.gate for one in ask("scale.zero", limits=limits).refusals] == ["budget"]
    told = Limits(max_percent=100, min_ready_left=0, respect_budgets=False)
    assert ask("scale.zero", limits=told).clear


def test_a_number_that_is_none_is_told():
    with pytest.raises(InvalidExperiment, match="'half'"):
        disruptions_allowed({"spec": {"minAvailable": "half"}}, pods=2, ready=2)
