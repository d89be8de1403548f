"""The admission policy: well formed, for every version that serves it, and about our accounts alone."""

import kubernetes_validate
import pytest

from aiops.types import InvalidExperiment
from chaos.admission import note, policy
from chaos.rbac import Account
from chaos.safety import DENIED

ACCOUNTS = (Account("shop"), Account("tools", "janitor"))


@pytest.fixture
def rules():
    """Return the expressions of the policy, by their message."""
    document, _ = policy(ACCOUNTS)
    return {rule["message"]: rule["expression"] for rule in document["spec"]["validations"]}


@pytest.mark.parametrize("version", ["1.30", kubernetes_validate.latest_version()])
def test_policy_and_binding_are_valid(version):
    for document in policy(ACCOUNTS):
        kubernetes_validate.validate(document, version, strict=True)


def test_an_older_server_does_not_know_it():
    with pytest.raises(kubernetes_validate.SchemaNotFoundError):
        kubernetes_validate.validate(policy(ACCOUNTS)[0], "1.29", strict=True)
    assert "1.20" in note("1.20")
    assert note("1.30") is None


def test_it_is_in_force_and_denies():
    document, binding = policy(ACCOUNTS)
    assert binding["spec"]["policyName"] == document["metadata"]["name"]
    assert binding["spec"]["validationActions"] == ["Deny"]
    assert document["spec"]["failurePolicy"] == "Fail"


def test_it_holds_these_accounts_and_nobody_else():
    (condition,) = policy(ACCOUNTS)[0]["spec"]["matchConditions"]
    assert condition["expression"] == (
        "request.userInfo.username in ['system:serviceaccount:shop:aiops-chaos', "
        "'system:serviceaccount:tools:janitor']"
    )


def test_every_write_is_matched_with_subresources_but_no_question_about_rights():
    constraints = policy(ACCOUNTS)[0]["spec"]["matchConstraints"]
    (rule,) = constraints["resourceRules"]
    assert set(rule["operations"]) == {"CREATE", "UPDATE", "DELETE", "CONNECT"}
    assert (rule["resources"], rule["scope"]) == (["*/*"], "*")
    assert [one["apiGroups"] for one in constraints["excludeResourceRules"]] == [
        ["authorization.k8s.io"]
    ]


@pytest.mark.parametrize("pattern", DENIED)
def test_it_denies_the_same_namespaces_as_the_gates(rules, pattern):
    (expression,) = (text for message, text in rules.items() if "platform" in message)
    name = pattern.removesuffix("*")
    checks = expression.split(" && ")
    assert len(checks) == len(DENIED)
    expected = f"!request.namespace.startsWith('{name}')"
    if not pattern.endswith("*"):
        expected = f"request.namespace != '{name}'"
    assert expected in checks


def test_it_asks_for_the_label_and_guards_against_its_absence(rules):
    (expression,) = (text for message, text in rules.items() if "label" in message)
    asked, _, marked = expression.partition(" || ")
    assert asked[1:-1].split(" && ") == [
        "namespaceObject != null",
        "has(namespaceObject.metadata.labels)",
        "'chaos.aiops/enabled' in namespaceObject.metadata.labels",
        "namespaceObject.metadata.labels['chaos.aiops/enabled'] == 'true'",
    ]
    assert marked.startswith("(request.operation == 'UPDATE' && oldObject != null")


def test_a_policy_for_nobody_is_refused():
    with pytest.raises(InvalidExperiment, match="at least one account"):
        policy(())
