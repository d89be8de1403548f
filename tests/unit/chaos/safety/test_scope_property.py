"""Nothing outside the opted-in scope is ever changed: random clusters, random experiments.

`SCOPE_CASES` sets how many cases are drawn: a sample by default, 10,000 for the figure.
"""

import os
from contextlib import ExitStack
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from aiops.types import InvalidExperiment, RevertIncomplete
from chaos import FAULTS, Experiment, Journal, ObjectRef, PatchConflict, injected
from chaos.faults.base import PodFault
from chaos.marks import put_mark
from chaos.safety import ClusterScope, Limits, check, denied, dry_run, freeze_manifest
from chaos.safety.scope import OPT_IN
from tests.memory_cluster import MemoryCluster, application, namespace, ref_of

CASES = int(os.environ.get("SCOPE_CASES", "100"))

SPACES = ("shop", "team-a", "default", "kube-system", "openshift-x")
APPS = ("cart", "web")

opt_in = st.sampled_from(
    [{OPT_IN: "true"}] * 5 + [{OPT_IN: "True"}, {OPT_IN: ""}, {"a": "true"}, {}]
)
frozen_label = st.sampled_from([{}] * 15 + [{"chaos.aiops/freeze": "true"}])


@st.composite
def clusters(draw):
    """Draw namespaces, labelled or not, with applications, budgets, freezes and other runs."""
    documents = []
    for space in draw(st.lists(st.sampled_from(SPACES), min_size=1, max_size=3, unique=True)):
        documents.append(namespace(space, draw(opt_in) | draw(frozen_label)))
        for app in draw(st.lists(st.sampled_from(APPS), min_size=1, max_size=2, unique=True)):
            replicas = draw(st.integers(0, 4))
            away = draw(st.sampled_from([0, 0, 0, 1, 9]))
            documents += application(space, app, replicas, max(0, replicas - away))
        if draw(st.integers(0, 9)) == 9:
            documents.append(freeze_manifest(space, "audit"))
    cluster = MemoryCluster(*documents)
    if draw(st.integers(0, 9)) == 9:
        ref = draw(st.sampled_from([r for r in sorted(cluster.objects) if r.namespace]))
        ops = put_mark(cluster.get(ref), "other", "{}")
        cluster.patch(ref, ops)
    cluster.mutations.clear()
    return cluster


@st.composite
def experiments(draw, cluster):
    """Draw a fault and a target, most of them there and of the right kind."""
    kind = draw(st.sampled_from(list(FAULTS.values())))
    there = [ref for ref in sorted(cluster.objects) if ref.kind == kind.target_kind]
    anything = st.builds(
        ObjectRef,
        st.sampled_from(["Deployment", "Service", "Pod", "Namespace", "Node"]),
        st.sampled_from([*SPACES, "nowhere", ""]),
        st.sampled_from([*APPS, "cart-0", "kube-system"]),
    )
    elsewhere = not there or draw(st.integers(0, 5)) == 5
    target = draw(anything if elsewhere else st.sampled_from(there))
    counts = [{"count": 1}, {"count": 2}, {"count": 3}, {}]
    params = draw(st.sampled_from(counts)) if isinstance(kind, PodFault) else {}
    hold_s = draw(st.sampled_from([30.0] * 9 + [901.0]))
    return Experiment(
        kind.id, target, hold_s, seed=draw(st.integers(0, 9)), run="r1", params=params
    )


limits = st.sampled_from([Limits(), Limits(max_pods=1), *[Limits().with_outage()] * 3])


@st.composite
def cases(draw):
    cluster = draw(clusters())
    return cluster, draw(experiments(cluster)), draw(limits)


def run(cluster, experiment, limits, journal):
    """Do what a run does, in its order: plan, ask the gates, rehearse, strike, take back."""
    plan = experiment.plan(cluster)
    preflight = check(
        (plan,), cluster, ClusterScope(cluster), limits=limits, hold_s=experiment.hold_s
    )
    rehearsed = dry_run(plan, cluster)
    replace(preflight, findings=(*preflight.findings, *rehearsed)).refuse_unless_clear()
    with ExitStack() as stack:
        stack.enter_context(injected(experiment, cluster, journal, plan=plan))
    return plan


def may_be_struck(cluster, space):
    found = cluster.objects[ObjectRef("Namespace", "", space)]["metadata"]["labels"]
    return found.get(OPT_IN) == "true" and not denied(space)


@pytest.mark.slow
@pytest.mark.timeout(60 + CASES)
@given(case=cases())
@settings(
    deadline=None,
    max_examples=CASES,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_only_the_victims_in_namespaces_that_opted_in_are_changed(case, tmp_path):
    cluster, experiment, limits = case
    before = dict(cluster.objects)
    journal = Journal(tmp_path / "journal.jsonl")
    try:
        plan = run(cluster, experiment, limits, journal)
    except (InvalidExperiment, PatchConflict, RevertIncomplete):
        event("refused")
        assert cluster.mutations == []
        assert cluster.objects == before
        return
    event("struck")
    event(f"struck by {plan.fault}")
    changed = {ref for _, ref in cluster.mutations}
    assert changed
    assert changed <= set(plan.victims)
    assert all(may_be_struck(cluster, ref.namespace) for ref in changed)
    untouched = before.keys() - changed
    assert all(cluster.objects[ref] == before[ref] for ref in untouched)


def test_a_document_is_found_under_its_own_name():
    documents = application("shop", "cart")
    assert set(MemoryCluster(*documents).objects) == set(map(ref_of, documents))
