"""`aiops chaos rbac | admission | freeze | unfreeze`: what they print, and what they switch."""

import pytest
import yaml

from chaos.safety import FREEZE_MAP, OPT_IN


class TestRbac:
    def documents(self, aiops, *words):
        answer = aiops("chaos", "rbac", *words)
        assert answer.code == 0
        return list(yaml.safe_load_all(answer.out))

    def rules(self, documents):
        [role] = [one for one in documents if one["kind"] == "Role"]
        return {
            (resource, verb)
            for rule in role["rules"]
            for resource in rule["resources"]
            for verb in rule["verbs"]
        }

    def test_prints_manifests_of_one_namespace(self, aiops):
        documents = self.documents(aiops, "-n", "mall")
        assert {"ServiceAccount", "Role", "RoleBinding"} <= {one["kind"] for one in documents}
        spaces = {one["metadata"].get("namespace", "mall") for one in documents}
        assert spaces == {"mall"}

    def test_asks_for_no_more_than_the_faults_need(self, aiops):
        some = self.rules(self.documents(aiops, "--fault", "scale.zero"))
        everything = self.rules(self.documents(aiops))
        assert ("deployments", "patch") in some
        assert ("pods/exec", "create") not in some
        assert ("pods/exec", "create") in everything
        assert some < everything
        assert not any("*" in pair for pair in everything)

    def test_a_janitor_needs_more(self, aiops):
        alone, armed = self.documents(aiops), self.documents(aiops, "--janitor")
        assert self.rules(alone) < self.rules(armed)

    def test_json_is_the_same(self, aiops):
        assert aiops("chaos", "rbac", "--json").json == self.documents(aiops)

    def test_an_unknown_fault_is_named_with_its_nearest(self, aiops, refused):
        refused(aiops("chaos", "rbac", "--fault", "scale.zreo"), "'scale.zero'")


class TestAdmission:
    def test_prints_a_policy_and_its_binding(self, aiops):
        answer = aiops("chaos", "admission", "-n", "mall", "-n", "shop")
        kinds = [one["kind"] for one in yaml.safe_load_all(answer.out)]
        assert answer.code == 0
        assert "ValidatingAdmissionPolicy" in kinds
        assert "ValidatingAdmissionPolicyBinding" in kinds
        assert "system:serviceaccount:mall:" in answer.out
        assert "system:serviceaccount:shop:" in answer.out
        assert OPT_IN in answer.out

    def test_json_is_the_same(self, aiops):
        text = aiops("chaos", "admission").out
        assert aiops("chaos", "admission", "--json").json == list(yaml.safe_load_all(text))


class TestFreeze:
    def test_stops_a_run_before_it_begins_until_it_is_lifted(
        self, aiops, reach, server, experiment
    ):
        words = ("chaos", "plan", experiment(), "--allow-outage", "--backend", "k8s", *reach)
        assert aiops("chaos", "freeze", *reach, "--reason", "a release").code == 0
        assert server.object("ConfigMap", "shop", FREEZE_MAP)["data"] == {"reason": "a release"}
        answer = aiops(*words)
        assert answer.code == 2
        assert "frozen" in answer.out
        assert "a release" in answer.out
        assert aiops("chaos", "unfreeze", *reach).code == 0
        assert aiops(*words).code == 0
        assert [one.method for one in server.log] == ["POST", "DELETE"]

    def test_says_how_it_is_lifted(self, aiops, reach):
        answer = aiops("chaos", "freeze", *reach)
        assert answer.out == (
            "shop is frozen; lift it: aiops chaos unfreeze -n shop --context fake\n"
        )

    def test_twice_is_once(self, aiops, reach, server):
        aiops("chaos", "freeze", *reach, "--reason", "mine")
        answer = aiops("chaos", "freeze", *reach, "--reason", "another")
        assert (answer.code, answer.out) == (0, "shop is frozen; it was already\n")
        assert server.object("ConfigMap", "shop", FREEZE_MAP)["data"] == {"reason": "mine"}

    def test_what_was_not_frozen_is_said_so(self, aiops, reach, server):
        answer = aiops("chaos", "unfreeze", *reach)
        assert (answer.code, answer.out) == (0, "shop is not frozen; it was not before\n")
        assert server.log == []

    @pytest.mark.parametrize(("command", "verb"), [("freeze", "create"), ("unfreeze", "delete")])
    def test_without_the_right_it_is_refused(self, aiops, reach, server, refused, command, verb):
        server.deny(verb, "configmaps")
        refused(aiops("chaos", command, *reach), verb, "configmaps")
        assert server.log == []

    def test_a_namespace_that_is_not_there_is_refused(self, aiops, reach, server, refused):
        refused(aiops("chaos", "freeze", "-n", "none", *reach), "none")
        assert server.log == []
