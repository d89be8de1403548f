"""`aiops chaos validate | plan | run | recover`: what they print, change, and end with."""

import io
import signal
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from aiops.clients.kubernetes import KubernetesClient
from aiops.proving import running
from chaos.backend import SimBackend
from chaos.cluster import ObjectRef
from chaos.faults import make_fault
from chaos.journal import Journal, RunEvent
from chaos.live import LiveCluster
from chaos.runs import RunFolder
from chaos.signals import Interrupted

CART = ObjectRef("Deployment", "shop", "cart")
BRIEF = {"baseline": 0.05, "hold": 0.05, "recover": 0.05}
OUTAGE = "--allow-outage"


def complete(tolerance=True):
    arguments = {"kind": "Deployment", "namespace": "shop", "name": "cart"}
    provider = {"type": "python", "module": "chaos.ctk", "func": "available"}
    provider["arguments"] = arguments
    return {"type": "probe", "name": "complete", "tolerance": tolerance, "provider": provider}


def guard(condition):
    slo = {"service": "cart", "metric": "replicas_ready", "window": 5, "aggregate": "last"}
    return {"slo": slo, "abort_if": condition}


@pytest.fixture
def meanwhile(monkeypatch):
    """Let something happen after each wait of the simulated shop, while a fault is in place."""

    def use(happen):
        wait = SimBackend.wait

        def passing(self, seconds):
            wait(self, seconds)
            if self.cluster.get(CART)["spec"]["replicas"] == 0:
                happen(self)

        monkeypatch.setattr(SimBackend, "wait", passing)

    return use


def interrupt(_):
    raise Interrupted(signal.SIGTERM)


def scale(shop):
    shop.cluster.patch(CART, [{"op": "replace", "path": "/spec/replicas", "value": 2}])


class TestValidate:
    def test_a_sound_file_is_said_to_be(self, aiops, experiment):
        path = experiment()
        answer = aiops("chaos", "validate", path)
        assert answer.code == 0
        assert answer.out.splitlines() == [
            f"{path} is sound: The shop survives",
            "  scale.zero on Deployment shop/cart for 120 s",
        ]

    def test_json_lists_the_faults(self, aiops, experiment, fault):
        path = experiment(fault(), fault("pod.delete", hold="20s"))
        document = aiops("chaos", "validate", path, "--json").json
        assert document["title"] == "The shop survives"
        assert [one["fault"] for one in document["faults"]] == ["scale.zero", "pod.delete"]
        assert [one["hold_s"] for one in document["faults"]] == [120, 20]

    @pytest.mark.parametrize(
        ("change", "words"),
        [
            ({"fault": "scale.zreo"}, ["scale.zreo", "scale.zero"]),
            ({"hold": "never"}, ["hold"]),
            ({"params": {"forse": True}}, ["forse"]),
        ],
    )
    def test_one_that_is_not_is_refused(self, aiops, experiment, fault, refused, change, words):
        path = experiment(fault(**change))
        refused(aiops("chaos", "validate", path), path.name, *words)

    def test_a_missing_file_is_named(self, aiops, tmp_path, refused):
        refused(aiops("chaos", "validate", tmp_path / "none.yaml"), tmp_path / "none.yaml")

    def test_foreign_code_must_be_allowed(self, aiops, experiment, fault, refused):
        provider = {"type": "process", "path": "/bin/true"}
        action = {"type": "action", "name": "by hand", "provider": provider}
        path = experiment(fault(), action)
        refused(aiops("chaos", "validate", path), "/bin/true", "--allow-process")
        assert aiops("chaos", "validate", path, "--allow-process", "/bin/true").code == 0


class TestPlan:
    def test_shows_victims_diff_and_rights_and_changes_nothing(self, aiops, experiment, tmp_path):
        answer = aiops("chaos", "plan", experiment(), OUTAGE)
        assert answer.code == 0
        assert "  Deployment shop/cart" in answer.out.splitlines()
        assert "replicas: 0" in answer.out
        assert "it needs, beyond reading: patch deployments" in answer.out
        assert list((tmp_path / "here").iterdir()) == []

    def test_a_plan_that_would_be_refused_ends_with_2_and_says_why(self, aiops, experiment):
        answer = aiops("chaos", "plan", experiment())
        assert answer.code == 2
        assert "refuse: last-replica: " in answer.out
        document = aiops("chaos", "plan", experiment(), "--json")
        assert document.code == 2
        assert document.json["clear"] is False
        assert {one["gate"] for one in document.json["findings"]} == {"caps", "last-replica"}

    def test_json_holds_what_run_will_do(self, aiops, experiment, fault):
        path = experiment(fault("pod.delete"))
        planned = aiops("chaos", "plan", path, "--json").json
        [done] = aiops("chaos", "run", path, "--json").json["runs"]
        assert planned["victims"] == done["victims"]
        assert planned["seed"] == 7
        assert planned["missing_rights"] == []

    def test_the_same_seed_gives_the_same_plan_and_another_may_not(self, aiops, experiment, fault):
        path = experiment(fault("pod.delete"))

        def planned(seed):
            return aiops("chaos", "plan", path, "--seed", seed, "--json").json

        assert planned(3) == planned(3)
        assert len({str(planned(seed)["victims"]) for seed in range(6)}) > 1

    def test_a_file_that_injects_nothing_is_refused(self, aiops, experiment, refused):
        refused(aiops("chaos", "plan", experiment(complete())), "injects no fault")

    def test_on_a_cluster_it_asks_the_server_and_changes_nothing(
        self, aiops, experiment, server, reach
    ):
        answer = aiops("chaos", "plan", experiment(), OUTAGE, "--backend", "k8s", *reach, "--json")
        assert answer.code == 0
        assert answer.json["clear"] is True
        assert answer.json["victims"] == ["Deployment shop/cart"]
        assert ("PATCH", "/apis/apps/v1/namespaces/shop/deployments/cart") in server.requests
        assert server.log == []

    def test_on_a_cluster_it_names_the_rights_that_are_lacking(
        self, aiops, experiment, server, reach
    ):
        server.deny("patch", "deployments")
        words = (experiment(), OUTAGE, "--backend", "k8s", *reach)
        answer = aiops("chaos", "plan", *words)
        assert answer.code == 2
        assert "you lack: " in answer.out
        assert "deployments" in answer.out
        assert server.log == []


class TestRun:
    def test_that_held_ends_with_0_and_keeps_the_run(self, aiops, experiment, tmp_path):
        answer = aiops("chaos", "run", experiment(), OUTAGE, "--out", tmp_path / "out", "--json")
        assert answer.code == 0
        [run] = answer.json["runs"]
        assert (run["outcome"], run["effect"]) == ("held", "effective")
        assert run["victims"] == ["Deployment shop/cart"]
        assert run["restored"] == ["/spec/replicas"]
        kept = RunFolder.read(tmp_path / "out" / "runs" / run["run"])
        assert run["folder"] == str(kept.path)
        assert kept.case().root_cause.service == "cart"
        assert Journal(tmp_path / "out" / "journal.jsonl").pending() == {}

    def test_that_deviated_ends_with_1_and_shows_the_probes(self, aiops, experiment):
        answer = aiops("chaos", "run", experiment(probes=[complete()]), OUTAGE)
        assert answer.code == 1
        rows = [line.split() for line in answer.out.splitlines()]
        assert [row[:2] for row in rows if row[:1] in (["before"], ["during"], ["after"])] == [
            ["before", "yes"], ["during", "NO"], ["after", "yes"],
        ]  # fmt: skip

    def test_that_a_gate_refuses_ends_with_2_and_leaves_nothing(
        self, aiops, experiment, refused, tmp_path
    ):
        answer = aiops("chaos", "run", experiment())
        refused(answer, "refused, nothing was changed", "--allow-outage")
        assert list((tmp_path / "here").rglob("run.json")) == []

    def test_that_a_guard_aborted_ends_with_3(self, aiops, experiment):
        answer = aiops("chaos", "run", experiment(guards=[guard("< 1")]), OUTAGE)
        assert answer.code == 3
        assert "aborted: last of cart/replicas_ready is 0" in answer.out

    def test_whose_revert_is_incomplete_ends_with_4(self, aiops, experiment, meanwhile):
        meanwhile(scale)
        answer = aiops("chaos", "run", experiment(), OUTAGE, "--json")
        assert answer.code == 4
        [run] = answer.json["runs"]
        assert (run["outcome"], run["conflicts"]) == ("revert-incomplete", ["/spec/replicas"])

    def test_that_nobody_noticed_ends_with_5(self, aiops, experiment, fault):
        path = experiment(fault("stress.memory", "payment", params={"strength": 0.1}))
        answer = aiops("chaos", "run", path, OUTAGE, "--json")
        assert answer.code == 5
        assert answer.json["runs"][0]["effect"] == "no-effect"

    def test_that_is_interrupted_in_the_hold_ends_with_130_and_is_kept(
        self, aiops, experiment, meanwhile, tmp_path
    ):
        meanwhile(interrupt)
        answer = aiops("chaos", "run", experiment(repeat=3), OUTAGE, "--out", tmp_path, "--json")
        assert answer.code == 130
        [run] = answer.json["runs"]
        assert run["outcome"] == "interrupted"
        assert Journal(tmp_path / "journal.jsonl").pending() == {}

    def test_that_is_interrupted_before_ends_with_130_and_one_line(
        self, aiops, experiment, monkeypatch, tmp_path
    ):
        monkeypatch.setattr(SimBackend, "wait", lambda self, seconds: interrupt(self))
        answer = aiops("chaos", "run", experiment(), OUTAGE, "--out", tmp_path / "out", "--json")
        assert (answer.code, answer.out) == (130, "")
        assert answer.err == "error: interrupted by SIGTERM; no fault is left\n"
        assert not (tmp_path / "out" / "journal.jsonl").exists()

    def test_a_real_signal_is_obeyed(self, aiops, experiment, meanwhile):
        meanwhile(lambda _: signal.raise_signal(signal.SIGINT))
        before = signal.getsignal(signal.SIGINT)
        assert aiops("chaos", "run", experiment(), OUTAGE).code == 130
        assert signal.getsignal(signal.SIGINT) is before

    def test_is_repeated_with_a_seed_each_and_the_worst_counts(self, aiops, experiment, fault):
        path = experiment(fault("pod.delete"), repeat=3)
        answer = aiops("chaos", "run", path, "--seed", 40, "--json")
        runs = answer.json["runs"]
        kept = [RunFolder.read(Path(run["folder"])) for run in runs]
        assert [one.record.seed for one in kept] == [40, 41, 42]
        codes = {"held": 0, "no-effect": 5}
        assert answer.code == max(codes[run["outcome"]] for run in runs)

    def test_people_are_told_where_it_is_kept_and_what_was_taken_back(self, aiops, experiment):
        out = aiops("chaos", "run", experiment(), OUTAGE).out
        assert "taken back: 1 fields or processes, 0 conflicts" in out
        assert out.splitlines()[-1].startswith("kept in out/chaos/runs/run-")

    def test_a_target_elsewhere_is_refused(self, aiops, experiment, reach, server, refused):
        server.add({"kind": "Namespace", "metadata": {"name": "other"}})
        answer = aiops("chaos", "run", experiment(), OUTAGE, "-y", "--backend", "k8s", *reach,
                       "-n", "other")  # fmt: skip
        refused(answer, "namespace other is watched", "--namespace shop")
        assert server.log == []


class TestRunOnCluster:
    @pytest.fixture
    def run(self, aiops, experiment, reach, monkeypatch):
        """Run an experiment of a moment on the fake server."""
        monkeypatch.setattr(running, "SETTLE_S", 0.0)
        path = experiment(phases=BRIEF)

        def act(*words):
            return aiops("chaos", "run", path, OUTAGE, "--backend", "k8s", *reach, *words)

        return act

    def test_injects_and_takes_back(self, run, server):
        before = server.object("Deployment", "shop", "cart")
        answer = run("--yes", "--json")
        assert answer.code == 0
        [done] = answer.json["runs"]
        assert (done["outcome"], done["effect"]) == ("held", "unknown")
        assert "nothing is measured here" in done["why"]
        assert server.object("Deployment", "shop", "cart")["spec"] == before["spec"]

    def test_asks_first(self, run, server, refused):
        refused(run(), "nobody is there to be asked", "--yes")
        assert server.log == []

    def test_a_no_is_a_no(self, run, server, monkeypatch):
        class Terminal(io.StringIO):
            def isatty(self):
                return True

        monkeypatch.setattr(sys, "stdin", Terminal("n\n"))
        answer = run()
        assert (answer.code, answer.out.strip()) == (2, "")
        assert "victims:\n  Deployment shop/cart\n" in answer.err
        assert answer.err.endswith("error: nothing was done: you said no\n")
        assert server.log == []


class TestRefusedOnCluster:
    """Whatever is wrong: one line, exit code 2, and nothing changed anywhere."""

    @pytest.fixture(params=["plan", "run"])
    def act(self, request, aiops, experiment):
        extra = ("--yes",) if request.param == "run" else ()

        def act(*words, **settings):
            path = experiment(**settings)
            return aiops("chaos", request.param, path, OUTAGE, *extra, *words)

        return act

    @pytest.fixture
    def untouched(self, server, refused):
        def check(answer, *words):
            refused(answer, *words)
            assert server.log == []

        return check

    def test_no_context(self, act, reach, untouched):
        words = ("no cluster is struck by default", "--context NAME", reach[-1])
        untouched(act("--backend", "k8s", *reach[2:]), *words)

    def test_an_unknown_context(self, act, reach, untouched):
        answer = act("--backend", "k8s", "--context", "fkae", *reach[2:])
        untouched(answer, "no context 'fkae'", "'fake'")

    def test_a_context_without_a_cluster(self, act, reach, untouched):
        untouched(act(*reach), "--context", "add --backend k8s")

    def test_a_kubeconfig_that_is_none(self, act, reach, tmp_path, untouched):
        lost = tmp_path / "none"
        answer = act("--backend", "k8s", "--context", "fake", "--kubeconfig", lost)
        untouched(answer, lost)

    def test_a_server_that_is_away(self, act, reach, server, untouched):
        server.stop()
        untouched(act("--backend", "k8s", *reach), server.url)

    def test_a_target_that_is_not_there(self, aiops, experiment, fault, reach, untouched):
        path = experiment(fault(name="crat"))
        for command in ("plan", "run"):
            answer = aiops("chaos", command, path, OUTAGE, "--backend", "k8s", *reach)
            untouched(answer, "crat")

    @pytest.mark.parametrize("kind", ["deployments", "pods", "poddisruptionbudgets"])
    def test_what_may_not_be_read(self, act, reach, server, kind):
        server.deny("get", kind)
        server.deny("list", kind)
        answer = act("--backend", "k8s", *reach)
        assert answer.code == 2
        assert kind in answer.out + answer.err
        assert server.log == []

    def test_what_may_not_be_changed(self, aiops, experiment, reach, server, untouched):
        server.deny("patch", "deployments")
        answer = aiops("chaos", "run", experiment(), OUTAGE, "-y", "--backend", "k8s", *reach)
        untouched(answer, "dry-run", "patch", "deployments")

    def test_a_token_that_is_wrong(self, act, server, tmp_path, untouched):
        path = server.kubeconfig(tmp_path / "other", token="wrong-and-secret")  # noqa: S106
        answer = act("--backend", "k8s", "--context", "fake", "--kubeconfig", path)
        untouched(answer)
        assert "wrong-and-secret" not in answer.err


class TestRecover:
    @pytest.fixture
    def cluster(self, reach):
        return LiveCluster(KubernetesClient.connect(reach[3], reach[1]))

    @pytest.fixture
    def left(self, cluster):
        """Leave a fault behind, as a process does that was killed; return how it was before."""
        before = cluster.get(CART)["spec"]
        make_fault("scale.zero", {}).plan(cluster, CART).inject(cluster, "r1")
        assert cluster.get(CART)["spec"]["replicas"] == 0
        return before

    @pytest.mark.parametrize("words", [("--all",), ("-n", "shop")])
    def test_what_is_marked_is_undone_from_any_machine(self, aiops, reach, cluster, left, words):
        answer = aiops("chaos", "recover", *words, *reach, "--json")
        assert answer.code == 0
        nothing = {"failed": [], "elsewhere": [], "swept": [], "notes": []}
        assert answer.json == {"recovered": ["r1"], **nothing}
        assert cluster.get(CART)["spec"] == left

    def test_what_is_in_the_journal_is_undone(self, aiops, reach, cluster, left, tmp_path):
        journal = Journal(tmp_path / "out" / "journal.jsonl")
        plan = make_fault("scale.zero", {}).plan(cluster, replace(CART, name="web"))
        journal.append("r2", RunEvent.PLANNED, time=cluster.now, payload=plan.to_json())
        answer = aiops("chaos", "recover", *reach, "--out", tmp_path / "out")
        assert answer.out == "recovered: r2\n"
        assert cluster.get(CART)["spec"]["replicas"] == 0

    def test_nothing_may_be_left(self, aiops, reach, server):
        answer = aiops("chaos", "recover", "--all", *reach)
        assert (answer.code, answer.out) == (0, "recovered: nothing was left behind\n")
        assert server.log == []

    def test_what_somebody_changed_is_kept_and_ends_with_4(self, aiops, reach, cluster, left):
        cluster.patch(CART, [{"op": "replace", "path": "/spec/replicas", "value": 2}])
        answer = aiops("chaos", "recover", "--all", *reach)
        assert answer.code == 4
        assert "error: run r1: scale.zero on Deployment shop/cart is gone" in answer.err
        assert cluster.get(CART)["spec"]["replicas"] == 2

    @pytest.mark.parametrize(("verb", "kind"), [("list", "namespaces"), ("list", "jobs")])
    def test_what_may_not_be_listed_is_noted_and_hides_nothing(
        self, aiops, reach, server, cluster, left, verb, kind
    ):
        cluster.patch(CART, [{"op": "replace", "path": "/spec/replicas", "value": 2}])
        server.deny(verb, kind)
        answer = aiops("chaos", "recover", "--all", "-n", "shop", *reach)
        assert answer.code == 4
        assert "error: run r1: scale.zero on Deployment shop/cart is gone" in answer.err
        assert "note: " in answer.err
        assert kind in answer.err

    def test_the_journal_comes_first(self, aiops, reach, server, cluster, left, tmp_path):
        journal = Journal(tmp_path / "out" / "journal.jsonl")
        plan = make_fault("scale.zero", {}).plan(cluster, replace(CART, name="web"))
        plan.inject(cluster, "r2")
        journal.append("r2", RunEvent.PLANNED, time=cluster.now, payload=plan.to_json())
        server.deny("list", "namespaces")
        answer = aiops("chaos", "recover", "--all", *reach, "--out", tmp_path / "out")
        assert (answer.code, answer.out) == (0, "recovered: r2\n")
        assert cluster.get(replace(CART, name="web"))["spec"]["replicas"] != 0

    def test_runs_of_other_clusters_are_named_and_stay(self, aiops, reach, cluster, tmp_path):
        journal = Journal(tmp_path / "out" / "journal.jsonl")
        plan = make_fault("scale.zero", {}).plan(cluster, CART).to_json()
        plan["deeds"][0]["uid"] = "another"
        for run in ("r1", "r2"):
            payload = plan | {"cluster": "https://elsewhere.example"}
            journal.append(run, RunEvent.PLANNED, time=cluster.now, payload=payload)
        answer = aiops("chaos", "recover", *reach, "--out", tmp_path / "out")
        assert (answer.code, answer.out) == (0, "recovered: nothing was left behind\n")
        assert "2 runs of another cluster are left in this journal: r1, r2" in answer.err
        assert list(journal.pending()) == ["r1", "r2"]

    def test_a_server_that_goes_away_hides_nothing(self, aiops, reach, server, cluster, tmp_path):
        journal = Journal(tmp_path / "out" / "journal.jsonl")
        plan = make_fault("scale.zero", {}).plan(cluster, CART)
        plan.inject(cluster, "r1")
        payload = plan.to_json() | {"cluster": cluster.identity}
        journal.append("r1", RunEvent.PLANNED, time=cluster.now, payload=payload)
        cluster.patch(CART, [{"op": "replace", "path": "/spec/replicas", "value": 2}])
        server.trouble = lambda method, path, attempt: 503 if path.endswith("/namespaces") else None
        answer = aiops("chaos", "recover", "--all", *reach, "--out", tmp_path / "out")
        assert answer.code == 4
        assert "error: run r1: scale.zero on Deployment shop/cart is gone" in answer.err
        assert "error: no mark was looked for" in answer.err

    def test_needs_a_context(self, aiops, server, refused):
        refused(aiops("chaos", "recover", "--all"), "--context NAME")
        assert server.requests == []
