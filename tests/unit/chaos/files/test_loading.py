"""What a file becomes: faults, probes, secrets; and what may run."""

from pathlib import Path

import pytest

from aiops.errors import InvalidExperiment
from chaos.cluster import ObjectRef
from chaos.files import Allowed, load, resolve
from chaos.files.activities import Action
from chaos.files.providers import Available, CountPods, Target

GOOD = Path(__file__).parent / "corpus" / "good"
ENVIRON = {"SHOP_TOKEN": "s3cret-t", "SHOP_PASSWORD": "s3cret-p", "KUBERNETES_CONTEXT": "c"}


@pytest.fixture
def loaded(tmp_path):
    def from_text(text, **options):
        path = tmp_path / "e.yaml"
        path.write_text("title: t\ndescription: d\n" + text)
        return load(path, environ=options.pop("environ", {}), **options)

    return from_text


def test_actions_of_chaostoolkit_kubernetes_become_faults():
    file = load(GOOD / "chaosk8s.yaml", environ=ENVIRON)
    kill, scale, burn = file.faults()
    assert (kill.fault, kill.params, kill.hold_s) == ("pod.delete", {"count": 2, "grace_s": 0}, 15)
    assert kill.target.labels == {"app": "web", "tier": "front"}
    assert (scale.fault, str(scale.target), scale.background) == (
        "scale.zero", "StatefulSet default/db", True,
    )  # fmt: skip
    assert (burn.fault, burn.params, burn.hold_s) == ("stress.cpu", {"strength": 0.8}, 60)


def test_the_rollback_of_a_fault_is_left_to_its_revert():
    file = load(GOOD / "chaosk8s.yaml", environ=ENVIRON)
    assert file.rollbacks == ()
    assert file.notes == (
        "rollback 'database-back' is not played: the fault it takes back is reverted anyway",
    )


def test_a_probe_of_chaostoolkit_kubernetes_becomes_ours():
    probes = load(GOOD / "chaosk8s.yaml", environ=ENVIRON).hypothesis.probes
    complete, count, running, ready, healthy = (probe.provider for probe in probes)
    assert isinstance(complete, Available)
    assert complete.arguments.name == "web"
    assert isinstance(count, CountPods)
    assert (count.arguments.phase, count.arguments.labels) == (None, {"app": "web"})
    assert (running.arguments.phase, running.arguments.ready) == ("Running", False)
    assert ready.arguments.ready is True
    assert (healthy.arguments.labels, healthy.arguments.phase) == ({}, None)


def test_the_configuration_comes_from_the_environment_with_its_type():
    environ = {**ENVIRON, "SHOP_HOST": "shop.test", "REPLICAS": "3"}
    file = load(GOOD / "everything.yaml", environ=environ)
    front, *_, replicas = file.hypothesis.probes
    assert front.provider.url == "http://shop.test:8080/"
    assert replicas.tolerance == 3
    assert file.faults()[0].hold_s == 45


def test_a_secret_is_put_in_at_the_moment_of_use_and_never_shown():
    file = load(GOOD / "everything.yaml", environ=ENVIRON)
    headers = file.hypothesis.probes[0].provider.headers
    assert headers == {"Authorization": "Bearer ${token}"}
    assert file.secrets.revealed(headers) == {"Authorization": "Bearer s3cret-t"}
    assert file.secrets.of(["password"]) == {"password": "s3cret-p"}
    assert "s3cret" not in repr(file)


def test_a_reference_stands_for_the_activity():
    file = load(GOOD / "everything.yaml", environ=ENVIRON)
    assert file.method[1].name == "ratio"


def test_defaults_without_the_extension(loaded):
    file = loaded("method: []\n")
    assert file.settings.seed == 0
    assert file.settings.blast_radius.min_ready_left == 1
    assert file.hypothesis is None
    assert file.faults() == ()


def test_a_fault_without_a_hold_takes_that_of_the_phases(loaded):
    target = "{namespace: shop, kind: Pod, name: web-1}"
    provider = "{type: python, module: chaos.ctk, func: inject, arguments: {fault: scale.zero, target: %s}}"
    file = loaded(
        f"method: [{{type: action, name: a, provider: {provider % target}}}]\n"
        "extensions: [{name: aiops, phases: {hold: 7s}}]\n"
    )
    assert file.faults()[0].hold_s == 7


def test_code_runs_only_by_its_exact_name(loaded):
    text = (
        "method:\n- {type: action, name: a, provider: {type: process, path: /bin/true}}\n"
        "- {type: action, name: b, provider: {type: python, module: os.path, func: exists}}\n"
    )
    allowed = Allowed(python=frozenset({"os.path"}), process=frozenset({"/bin/true"}))
    assert all(isinstance(step, Action) for step in loaded(text, allowed=allowed).method)
    for near in ({"os"}, {"os.path.sub"}, {"OS.PATH"}):
        with pytest.raises(InvalidExperiment, match=r"--allow-python os\.path"):
            loaded(text, allowed=Allowed(python=frozenset(near), process=allowed.process))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("{ns: shop}", "give a label_selector"),
        ("{label_selector: 'app!=web'}", "is too much"),
        ("{label_selector: 'app in (a,b)'}", "is too much"),
        ("{label_selector: app=web, all: true}", "give qty"),
        ("{label_selector: app=web, mode: percentage}", "give qty"),
        ("{label_selector: app=web, qty: two}", "qty must be a int, not 'two'"),
        ("{label_selector: app=web, name_pattern: x}", "'name_pattern' stands for nothing here"),
    ],
)
def test_what_our_fault_cannot_do_is_refused_rather_than_done_otherwise(loaded, arguments, message):
    provider = "{type: python, module: chaosk8s.pod.actions, func: terminate_pods, arguments: %s}"
    with pytest.raises(InvalidExperiment, match=message):
        loaded(f"method: [{{type: action, name: a, provider: {provider % arguments}}}]\n")


@pytest.mark.parametrize(
    ("kind", "text", "found"),
    [("int", "7", 7), ("float", "0.5", 0.5), ("bool", "true", True), ("json", "[1]", [1])],
)
def test_a_variable_of_the_environment_has_a_type(loaded, kind, text, found):
    config = f"configuration: {{v: {{type: env, key: V, env_var_type: {kind}}}}}\n"
    probe = "{type: python, module: chaos.ctk, func: inject, arguments: {fault: scale.zero, "
    probe += "target: {namespace: n, kind: Pod, name: p}, params: {x: '${v}'}}}"
    method = f"method: [{{type: action, name: a, provider: {probe}}}]\n"
    assert loaded(config + method, environ={"V": text}).faults()[0].params == {"x": found}
    with pytest.raises(InvalidExperiment, match=f"V holds no {kind}"):
        loaded(config + method, environ={"V": "{"})


class _Objects:
    def __init__(self, *workloads):
        self.workloads = workloads

    def list(self, kind, namespace, labels=()):
        return [
            {
                "metadata": {"name": name},
                "spec": {"template": {"metadata": {"labels": labels}}},
            }
            for name, labels in self.workloads
        ]


def test_labels_mean_the_only_object_that_bears_them():
    target = Target(namespace="shop", kind="Deployment", labels={"app": "web"})
    one = _Objects(("web", {"app": "web", "x": "y"}), ("cart", {"app": "cart"}))
    assert resolve(target, one) == ObjectRef("Deployment", "shop", "web")
    for others, which in (
        (_Objects(), "there is none"),
        (_Objects(*one.workloads * 2), "2 of them"),
    ):
        with pytest.raises(InvalidExperiment, match=which):
            resolve(target, others)
    named = Target(namespace="shop", kind="Pod", name="web-1")
    assert resolve(named, _Objects()) == ObjectRef("Pod", "shop", "web-1")


SCALE = "{type: python, module: chaosk8s.deployment.actions, func: scale_deployment, arguments: %s}"
STRIKE = """{type: python, module: chaos.ctk, func: inject, arguments:
  {fault: %s, target: {namespace: default, kind: Deployment, name: web}}}"""


def _file(method, rollback):
    return (
        f"method: [{{type: action, name: a, provider: {method}}}]\n"
        f"rollbacks: [{{type: action, name: back, provider: {rollback}}}]\n"
    )


def test_only_the_rollback_of_what_a_fault_scaled_is_left_out(loaded):
    back = SCALE % "{name: web, replicas: 2}"
    assert loaded(_file(SCALE % "{name: web, replicas: 0}", back)).rollbacks == ()
    assert loaded(_file(STRIKE % "scale.zero", back)).rollbacks == ()
    for other in (STRIKE % "stress.cpu", SCALE % "{name: cart, replicas: 0}"):
        with pytest.raises(InvalidExperiment, match=r"rollbacks\[0\].*only a scale to 0 replicas"):
            loaded(_file(other, back))


def test_an_allowed_rollback_is_kept_and_a_fault_is_none(loaded):
    process = "{type: process, path: /bin/true}"
    allowed = Allowed(process=frozenset({"/bin/true"}))
    [back] = loaded(_file(STRIKE % "scale.zero", process), allowed=allowed).rollbacks
    assert back.name == "back"
    with pytest.raises(InvalidExperiment, match="a rollback injects no fault"):
        loaded(_file(STRIKE % "scale.zero", STRIKE % "scale.zero"))


def test_a_named_pod_is_deleted_by_its_name(loaded):
    provider = (
        "{type: python, module: chaosk8s.pod.actions, func: delete_pods, arguments: {name: p}}"
    )
    [fault] = loaded(f"method: [{{type: action, name: a, provider: {provider}}}]\n").faults()
    assert (fault.fault, str(fault.target)) == ("pod.delete", "Pod default/p")


def test_two_extensions_of_ours_are_one_too_many(loaded):
    with pytest.raises(InvalidExperiment, match="aiops stands twice"):
        loaded("method: []\nextensions: [{name: aiops}, {name: aiops}]\n")


def test_strategies_of_the_chaos_toolkit_are_noted(loaded):
    assert loaded("method: []\nruntime: {rollbacks: {strategy: never}}\n").notes == (
        "runtime is the Chaos Toolkit's own: faults are always reverted",
    )


def test_a_missing_secret_is_refused_before_anything_runs(loaded):
    text = "secrets: {api: {token: {type: env, key: NO_TOKEN}}}\nmethod: []\n"
    with pytest.raises(InvalidExperiment, match="the environment has no NO_TOKEN"):
        loaded(text)
