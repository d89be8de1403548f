"""The diff: what is touched and its surroundings, never a secret, never the server's own notes."""

import pytest

from chaos import ObjectRef, PatchConflict
from chaos.safety import object_diff, plan_diff
from chaos.safety.diff import masked


def lines(text, sign):
    return [line[1:] for line in text.splitlines()[2:] if line[0] == sign]


def test_a_patch_is_shown_as_the_lines_that_change(ask, cluster):
    plan = ask.plan("scale.zero")
    text = plan_diff(plan, cluster.objects)
    assert text.startswith("--- Deployment shop/cart (now)\n+++ Deployment shop/cart (fault)\n@@")
    assert lines(text, "-") == ["  replicas: 4"]
    assert lines(text, "+") == ["  replicas: 0"]
    assert len(lines(text, " ")) == 6


def test_each_victim_has_its_own_part(ask, cluster):
    plan = ask.plan("pod.failure", count=2)
    text = plan_diff(plan, cluster.objects)
    assert all(f"--- {victim} (now)" in text for victim in plan.victims)


def test_deletions_and_processes_are_told_in_words(ask, cluster):
    deleted, stressed = (ask.plan(fault, count=1) for fault in ("pod.delete", "stress.cpu"))
    assert plan_diff(deleted, {}) == f"--- {deleted.victims[0]} is deleted"
    told = plan_diff(stressed, {})
    assert told == f"+++ {stressed.victims[0]} runs a cpu process (0.4) for at most 40 s"


def test_a_document_that_changed_since_is_not_shown_as_if_it_had_not(ask, cluster):
    plan = ask.plan("scale.zero")
    cluster.objects[plan.target]["spec"]["replicas"] = 9
    with pytest.raises(PatchConflict):
        plan_diff(plan, cluster.objects)


def test_no_secret_gets_out_and_no_document_is_changed(ask, cluster):
    plan = ask.plan("image.bad")
    before = cluster.objects[plan.target]
    container = before["spec"]["template"]["spec"]["containers"][0]
    container["env"] += [{"name": "DB_PASSWORD", "value": "hunter2"}]
    before["metadata"] |= {
        "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "hunter2"},
        "managedFields": [{"manager": "hunter2"}],
    }
    before["status"] = {"replicas": 4}
    text = "\n".join(object_diff(plan.target, before, {"kind": "Deployment"}))
    assert "hunter2" not in text
    assert "<masked>" in text
    assert "status" not in text
    assert container["env"][-1]["value"] == "hunter2"
    assert before["metadata"]["managedFields"]


def test_the_values_of_a_secret_are_masked():
    secret = {"kind": "Secret", "data": {"a": "aHVudGVyMg=="}, "stringData": {"b": "hunter2"}}
    shown = masked(secret)
    assert shown == {
        "kind": "Secret",
        "data": {"a": "<masked>"},
        "stringData": {"b": "<masked>"},
    }


def test_what_does_not_change_shows_nothing():
    assert (
        object_diff(ObjectRef("Service", "shop", "a"), {"kind": "Service"}, {"kind": "Service"})
        == []
    )
