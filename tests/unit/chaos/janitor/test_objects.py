"""The janitor's objects: only what it needs, and nothing that a strict cluster refuses."""

import json
from datetime import UTC, datetime
from pathlib import Path

import kubernetes_validate
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops.types import InvalidExperiment
from chaos import ObjectRef, Plan, Process
from chaos.deeds import DeleteDeed, PatchDeed, StartDeed
from chaos.janitor import manifests, rights, script
from chaos.janitor.objects import (
    NAME_LENGTH,
    RESOURCES,
    janitor_name,
    labels,
    owned,
    undoable,
)  # fmt: skip
from chaos.recovery import KINDS

CART = ObjectRef("Deployment", "shop", "cart")
EXPIRES = datetime(2026, 1, 5, 12, tzinfo=UTC)
SCALE = PatchDeed(
    CART,
    "u1",
    ({"op": "replace", "path": "/spec/replicas", "value": 0},),
    ({"op": "replace", "path": "/spec/replicas", "value": 3},),
)
PODS = [
    StartDeed(ObjectRef("Pod", "shop", f"cart-{number}"), f"p{number}", Process("cpu", 1.0, 5.0))
    for number in (1, 0)
]
GONE = DeleteDeed(ObjectRef("Pod", "shop", "cart-2"), "p2")
PLAN = Plan("many.things", CART, (SCALE, *PODS, GONE))


def objects(plan=PLAN, run="r1"):
    """Return the objects of a janitor by kind."""
    made = manifests(run, plan, EXPIRES, lifetime_s=100, image="python:3")
    return {one["kind"]: one for one in made}


def test_the_job_comes_first_and_starts_nothing_before_the_others_are_there():
    assert list(objects()) == ["Job", "ServiceAccount", "Role", "RoleBinding", "ConfigMap"]
    assert objects()["Job"]["spec"]["parallelism"] == 0


def test_all_have_the_name_the_namespace_and_the_labels_of_the_run():
    for one in objects().values():
        meta = {"name": "chaos-janitor-r1", "namespace": "shop", "labels": labels("r1")}
        assert one["metadata"] == meta
    assert labels("r1")["chaos.aiops/run"] == "r1"


def test_the_role_names_each_object_and_allows_to_read_and_patch_it_only():
    assert objects()["Role"]["rules"] == [
        {
            "apiGroups": ["apps"],
            "resources": ["deployments"],
            "resourceNames": ["cart"],
            "verbs": ["get", "patch"],
        },
        {
            "apiGroups": [""],
            "resources": ["pods"],
            "resourceNames": ["cart-0", "cart-1"],
            "verbs": ["get", "patch"],
        },
    ]


def test_the_binding_gives_the_role_to_the_account_of_the_pod():
    made = objects()
    assert made["RoleBinding"]["roleRef"]["name"] == made["Role"]["metadata"]["name"]
    [subject] = made["RoleBinding"]["subjects"]
    assert (subject["namespace"], subject["name"]) == ("shop", "chaos-janitor-r1")
    assert made["Job"]["spec"]["template"]["spec"]["serviceAccountName"] == subject["name"]


def test_the_pod_mounts_the_script_and_a_plan_that_the_script_can_read():
    data = objects()["ConfigMap"]["data"]
    assert data["janitor.py"] == Path(script.__file__).read_text(encoding="utf-8")
    plan = json.loads(data["plan.json"])
    janitor = script.Janitor(None, plan)
    assert (janitor.run, janitor.expires) == ("r1", EXPIRES.timestamp())
    assert [deed["path"] for deed in janitor.deeds] == [
        "/apis/apps/v1/namespaces/shop/deployments/cart",
        "/api/v1/namespaces/shop/pods/cart-1",
        "/api/v1/namespaces/shop/pods/cart-0",
    ]
    for deed, sent in zip(PLAN.deeds, janitor.deeds, strict=False):
        assert {**sent, "path": None} == {**deed.to_json(), "path": None}
    pod = objects()["Job"]["spec"]["template"]["spec"]
    mounts = {one["name"]: one["mountPath"] for one in pod["containers"][0]["volumeMounts"]}
    assert f"{mounts['plan']}/plan.json" == str(script.PLAN)
    assert f"{mounts['plan']}/janitor.py" in pod["containers"][0]["command"]
    assert str(script.ARMED).startswith(mounts["tmp"])
    assert str(script.ARMED) in pod["containers"][0]["readinessProbe"]["exec"]["command"][-1]


def test_the_pod_may_run_where_only_restricted_pods_may():
    pod = objects()["Job"]["spec"]["template"]["spec"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["runAsUser"] > 0
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    [container] = pod["containers"]
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert set(container["resources"]["limits"]) == {"cpu", "memory"}
    assert {next(iter(set(volume) - {"name"})) for volume in pod["volumes"]} == {
        "configMap",
        "emptyDir",
    }


def test_what_was_only_deleted_needs_no_janitor():
    plan = Plan("pod.delete", CART, (GONE,))
    assert undoable(plan) == ()
    assert rights(plan) == ()


@pytest.mark.parametrize("version", ["1.25", kubernetes_validate.latest_version()])
@pytest.mark.parametrize("kind", objects())
def test_each_fits_the_schema(kind, version):
    document = owned(objects()[kind], {"metadata": {"name": "chaos-janitor-r1", "uid": "u"}})
    kubernetes_validate.validate(document, version, strict=True)


@pytest.mark.parametrize(
    "ref", [ObjectRef("Node", "shop", "n1"), ObjectRef("Deployment", "other", "cart")], ids=str
)
def test_what_it_cannot_restore_is_refused(ref):
    deed = PatchDeed(ref, "u", SCALE.ops, SCALE.undo_ops)
    with pytest.raises(InvalidExperiment, match=f"cannot restore {ref}"):
        objects(Plan("x", CART, (deed,)))


def test_every_kind_that_can_bear_a_mark_can_be_restored():
    assert set(RESOURCES) == set(KINDS)


def test_the_others_belong_to_the_job():
    job = {"metadata": {"name": "chaos-janitor-r1", "uid": "job-uid"}}
    document = objects()["Role"]
    [owner] = owned(document, job)["metadata"]["ownerReferences"]
    assert owner == {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "name": "chaos-janitor-r1",
        "uid": "job-uid",
    }
    assert "ownerReferences" not in document["metadata"]


def test_the_rights_to_arm_hold_those_that_the_role_grants():
    assert rights(PLAN) == (
        "create jobs",
        "create serviceaccounts",
        "create roles",
        "create rolebindings",
        "create configmaps",
        "list jobs",
        "patch jobs",
        "delete jobs",
        "list pods",
        "get deployments",
        "patch deployments",
        "get pods",
        "patch pods",
    )


RUNS = st.from_regex(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?", fullmatch=True)


@given(RUNS, RUNS)
def test_every_run_has_a_name_of_its_own_that_a_label_can_bear(one, other):
    assert len(janitor_name(one)) <= NAME_LENGTH
    assert janitor_name(one)[-1] != "-"
    assert (janitor_name(one) == janitor_name(other)) == (one == other)
