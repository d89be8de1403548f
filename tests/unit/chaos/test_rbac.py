"""Rights: as few as the deeds need, as a Role that is well formed and as questions to the server."""

import kubernetes_validate
import pytest
import yaml

from aiops.types import InvalidExperiment
from chaos import FAULTS, ObjectRef, fault, make_fault
from chaos.janitor import rights as janitor_rights
from chaos.rbac import (
    ARMING,
    Account,
    Right,
    common_rights,
    manifests,
    missing,
    rights_for,
    rights_of,
    rules,
    to_yaml,
)
from tests.memory_cluster import MemoryCluster, application

CART = ObjectRef("Deployment", "shop", "cart")


@pytest.fixture
def cluster():
    return MemoryCluster(*application("shop", "cart"))


class Server:
    """Says whether rules allow something, as an API server would, and keeps what it was asked."""

    def __init__(self, rules):
        self.rules = rules

    def allowed(self, verb, resource, *, group="", namespace=None, name=None, subresource=None):
        whole = f"{resource}/{subresource}" if subresource else resource
        return any(
            group in rule["apiGroups"]
            and whole in rule["resources"]
            and verb in rule["verbs"]
            and ("resourceNames" not in rule or name in rule["resourceNames"])
            for rule in self.rules
        )


def plan_of(cluster, kind):
    target = ObjectRef("Service", "shop", "cart") if kind.target_kind == "Service" else CART
    return kind.plan(cluster, target)


@pytest.mark.parametrize("kind", FAULTS.values(), ids=FAULTS)
@pytest.mark.parametrize("janitor", [False, True])
def test_nothing_is_missing_with_the_role_of_the_plan(cluster, kind, janitor):
    plan = plan_of(cluster, kind)
    role = manifests(rights_of((plan,)), "shop", janitor=janitor)[1]
    assert missing(plan, Server(role["rules"]), janitor=janitor) == ()


@pytest.mark.parametrize("kind", FAULTS.values(), ids=FAULTS)
def test_without_any_one_rule_something_is_missing(cluster, kind):
    plan = plan_of(cluster, kind)
    every = manifests(rights_of((plan,)), "shop")[1]["rules"]
    for number in range(len(every)):
        assert missing(plan, Server(every[:number] + every[number + 1 :]))


def test_what_is_missing_is_named(cluster):
    plan = fault("scale.zero").plan(cluster, CART)
    assert missing(plan, Server(rules(common_rights("shop")))) == ("patch deployments cart",)


def test_a_plan_needs_no_more_than_its_own_object(cluster):
    plan = fault("scale.zero").plan(cluster, CART)
    assert rights_of((plan,)) == (Right("patch", "deployments", "cart"),)


def test_a_process_needs_both_verbs_by_which_servers_let_one_exec(cluster):
    plan = make_fault("stress.cpu", {"count": 1}).plan(cluster, CART)
    assert {"create pods/exec", "get pods/exec"} < set(map(str, rights_of((plan,))))


def test_faults_need_the_rights_that_they_say(cluster):
    kinds = [fault("scale.zero"), fault("pod.delete")]
    assert list(map(str, rights_for(kinds))) == ["delete pods", "patch deployments"]


def test_nobody_may_write_more_than_the_faults_do():
    role = manifests(rights_for([fault("pod.delete")]), "shop")[1]
    writes = {
        (resource, verb)
        for rule in role["rules"]
        for resource in rule["resources"]
        for verb in set(rule["verbs"]) - {"get", "list"}
    }
    assert writes == {("pods", "delete"), ("leases", "create"), ("leases", "update")}
    assert {document["kind"] for document in manifests((), "shop")} == {
        "ServiceAccount",
        "Role",
        "RoleBinding",
    }


@pytest.mark.parametrize("kind", FAULTS.values(), ids=FAULTS)
def test_arming_a_janitor_needs_what_the_janitor_says(cluster, kind):
    plan = plan_of(cluster, kind)
    named = {str(right).removesuffix(" cart") for right in rights_of((plan,))}
    common = {str(right) for right in common_rights("shop") if not right.name}
    assert set(janitor_rights(plan)) <= named | common | set(ARMING)
    if janitor_rights(plan):
        assert set(ARMING) <= set(janitor_rights(plan))


def test_a_right_to_all_makes_one_to_a_single_object_needless():
    found = rules([Right("get", "pods"), Right("get", "pods", "a"), Right("patch", "pods", "a")])
    assert found == [
        {"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]},
        {"apiGroups": [""], "resources": ["pods"], "resourceNames": ["a"], "verbs": ["patch"]},
    ]


def test_the_account_may_live_elsewhere():
    account, role, binding = manifests((), "shop", account=Account("tools", "runner"))
    assert account["metadata"] == {"name": "runner", "namespace": "tools"}
    assert role["metadata"]["namespace"] == binding["metadata"]["namespace"] == "shop"
    assert binding["subjects"][0]["namespace"] == "tools"


@pytest.mark.parametrize("version", ["1.25", kubernetes_validate.latest_version()])
def test_the_manifests_are_valid_and_survive_yaml(version):
    documents = manifests(rights_for(FAULTS.values()), "shop", janitor=True)
    for document in documents:
        kubernetes_validate.validate(document, version, strict=True)
    assert list(yaml.safe_load_all(to_yaml(documents))) == documents


@pytest.mark.parametrize("name", ["", "Shop", "a'b", "a/b", "-a", "x" * 64])
def test_a_name_that_is_none_is_refused(name):
    with pytest.raises(InvalidExperiment, match="is no name"):
        Account(name)


def test_a_resource_of_an_unknown_group_is_told():
    with pytest.raises(InvalidExperiment, match="'gadgets'"):
        rules([Right("get", "gadgets")])
