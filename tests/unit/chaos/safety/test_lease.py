"""The lease: one run at a time, whoever dies meanwhile, and whoever else writes."""

import copy
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops.clients.kubernetes.errors import Conflict, NotFound
from aiops.types import InvalidExperiment, InvalidInput, Unreachable
from chaos import ObjectRef
from chaos.safety import LEASE, RunLease
from chaos.safety.lease import ATTEMPTS, LEASE_S, SKEW

LAPSED = timedelta(seconds=LEASE_S + 1) + SKEW


class Store:
    """An API server that keeps leases and refuses what was read too long ago."""

    def __init__(self):
        self.objects = {}
        self.meddle = lambda: None
        self.served = True

    def get(self, kind, namespace, name):
        if (namespace, name) not in self.objects:
            raise NotFound("no such lease")
        found = copy.deepcopy(self.objects[namespace, name])
        self.meddle()
        return found

    def create(self, document):
        if not self.served:
            raise InvalidInput("the cluster has no Lease at all")
        key = self._key(document)
        if key in self.objects:
            raise Conflict("it exists")
        return self._put(key, document, 1)

    def replace(self, document):
        key = self._key(document)
        if key not in self.objects:
            raise NotFound("no such lease")
        version = self.objects[key]["metadata"]["resourceVersion"]
        if document["metadata"]["resourceVersion"] != version:
            raise Conflict("it has changed")
        return self._put(key, document, int(version) + 1)

    def _put(self, key, document, version):
        document = copy.deepcopy(dict(document))
        document["metadata"]["resourceVersion"] = str(version)
        self.objects[key] = document
        return copy.deepcopy(document)

    @staticmethod
    def _key(document):
        return document["metadata"]["namespace"], document["metadata"]["name"]


class Clock:
    def __init__(self):
        self.time = datetime(2026, 1, 5, 12, tzinfo=UTC)

    def __call__(self):
        return self.time


@pytest.fixture
def store():
    return Store()


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def lease(store, clock):
    """Return the lease of a run on the namespace shop."""
    return lambda run, namespace="shop": RunLease(store, namespace, run, clock)


def test_the_second_run_is_kept_out_until_the_first_is_done(lease):
    assert lease("r1").take() is None
    with pytest.raises(InvalidExperiment, match="run r1 is at work in namespace shop"):
        lease("r2").take()
    lease("r1").release()
    assert lease("r2").take() is None


def test_other_namespaces_are_free(lease):
    lease("r1").take()
    assert lease("r2", "other").take() is None


def test_taking_twice_is_taking_once(lease, store):
    lease("r1").take()
    lease("r1").take()
    assert store.objects["shop", LEASE]["spec"]["holderIdentity"] == "r1"


def test_a_lease_that_is_renewed_never_lapses(lease, clock):
    lease("r1").take()
    for _ in range(5):
        clock.time += timedelta(seconds=LEASE_S - 1)
        assert lease("r1").renew()
    with pytest.raises(InvalidExperiment):
        lease("r2").take()


def test_a_lease_that_lapsed_is_taken_over_and_its_holder_learns_of_it(lease, store, clock):
    lease("r1").take()
    clock.time += LAPSED
    assert lease("r2").take() is None
    assert store.objects["shop", LEASE]["spec"]["leaseTransitions"] == 1
    assert not lease("r1").renew()
    lease("r1").release()
    assert store.objects["shop", LEASE]["spec"]["holderIdentity"] == "r2"


def test_a_clock_that_runs_ahead_does_not_take_a_live_lease(lease, clock):
    lease("r1").take()
    clock.time += timedelta(seconds=LEASE_S) + SKEW
    with pytest.raises(InvalidExperiment):
        lease("r2").take()


def test_of_two_that_take_a_free_lease_together_only_one_gets_it(lease, store):
    lease("r0").take()
    lease("r0").release()

    def overtake():
        store.meddle = lambda: None
        lease("r2").take()

    store.meddle = overtake
    with pytest.raises(InvalidExperiment, match="run r2 is at work"):
        lease("r1").take()


def test_of_two_that_create_it_together_only_one_gets_it(lease, store):
    create = store.create

    def overtaken(document):
        store.create = create
        lease("r2").take()
        return create(document)

    store.create = overtaken
    with pytest.raises(InvalidExperiment, match="run r2 is at work"):
        lease("r1").take()


def test_a_lease_that_changes_all_the_time_is_given_up(lease, store):
    lease("r1").take()
    lease("r1").release()
    asked = []

    def touch():
        asked.append(1)
        document = store.objects["shop", LEASE]
        document["metadata"]["resourceVersion"] += "0"

    store.meddle = touch
    with pytest.raises(Unreachable, match="try again"):
        lease("r1").take()
    assert len(asked) == ATTEMPTS


def test_a_cluster_without_leases_is_noted(lease, store):
    store.served = False
    note = lease("r1").take()
    assert note.level == "note"
    assert "keeps no leases" in note.text


def test_a_lease_that_was_never_taken_cannot_be_renewed_nor_released(lease, store):
    assert not lease("r1").renew()
    lease("r1").release()
    assert store.objects == {}


@pytest.mark.parametrize("step", ["renew", "release"])
def test_a_lease_that_changes_while_it_is_written_is_no_longer_ours(lease, store, clock, step):
    lease("r1").take()
    clock.time += LAPSED

    def overtake():
        store.meddle = lambda: None
        lease("r2").take()

    store.meddle = overtake
    assert getattr(lease("r1"), step)() in {None, False}
    assert store.objects["shop", LEASE]["spec"]["holderIdentity"] == "r2"


def test_a_lease_that_another_tool_left_half_written_is_free(lease, store):
    spec = {"holderIdentity": "somebody"}
    store.create({"metadata": {"namespace": "shop", "name": LEASE}, "spec": spec})
    assert lease("r1").take() is None


@pytest.mark.parametrize(("after", "gates"), [(timedelta(0), ["lease"]), (LAPSED, [])])
def test_preflight_sees_who_holds_it(ask, cluster, after, gates):
    store, clock = Store(), Clock()
    RunLease(store, "shop", "r1", clock).take()
    cluster.objects[ObjectRef("Lease", "shop", LEASE)] = store.objects["shop", LEASE]
    cluster.now = clock.time + after
    assert [finding.gate for finding in ask().refusals] == gates


def test_preflight_notes_a_cluster_without_leases(ask, cluster, monkeypatch):
    get = cluster.get

    def refuse(ref):
        if ref.kind == "Lease":
            raise InvalidInput("the cluster has no Lease at all")
        return get(ref)

    monkeypatch.setattr(cluster, "get", refuse)
    preflight = ask()
    assert preflight.clear
    assert [(one.gate, one.level) for one in preflight.findings] == [("lease", "note")]


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["take", "renew", "release"]))))
@settings(deadline=None, max_examples=100)
def test_never_do_two_runs_hold_it(steps):
    store, clock, holder = Store(), Clock(), None
    for run, step in steps:
        lease = RunLease(store, "shop", run, clock)
        if step == "take":
            try:
                lease.take()
            except InvalidExperiment:
                assert holder not in {None, run}
                continue
            assert holder in {None, run}
            holder = run
        elif step == "renew":
            assert lease.renew() is (holder == run)
        else:
            lease.release()
            holder = None if holder == run else holder
