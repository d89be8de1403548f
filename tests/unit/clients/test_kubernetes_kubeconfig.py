"""Which cluster, and as whom: every way in which a kubeconfig can be of no use."""

import importlib
import os
import subprocess
import sys

import pytest
import yaml

from aiops.clients.kubernetes import KubernetesClient
from aiops.clients.kubernetes.kubeconfig import from_kubeconfig, from_pod
from aiops.errors import InvalidInput

SECRET = "hunter2-hunter2"  # noqa: S105  it opens nothing


def write(path, *contexts, **cluster):
    entries = [{"name": name, "context": {"cluster": "c", "user": "u"}} for name in contexts]
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "c", "cluster": {"server": "https://127.0.0.1:1", **cluster}}],
        "users": [{"name": "u", "user": {"token": SECRET}}],
        "contexts": entries,
    }
    path.write_text(yaml.safe_dump(document), encoding="utf-8")
    return path


def test_needs_no_current_context(tmp_path):
    found = from_kubeconfig(write(tmp_path / "config", "staging", "production"), "staging")
    assert found.host == "https://127.0.0.1:1"


def test_an_unknown_context_names_the_others_and_the_nearest(tmp_path):
    path = write(tmp_path / "config", "staging", "production")
    with pytest.raises(InvalidInput) as error:
        KubernetesClient.connect(path, "stagin")
    assert str(error.value) == (
        f"there is no context 'stagin'; did you mean 'staging'?; {path} has 'production', 'staging'"
    )


@pytest.mark.parametrize("context", ["", None])
def test_there_is_no_default_context(tmp_path, context):
    path = write(tmp_path / "config", "staging")
    path.write_text(path.read_text(encoding="utf-8") + "current-context: staging\n")
    with pytest.raises(InvalidInput, match=r"no default context; name one.*'staging'"):
        KubernetesClient.connect(path, context)


def test_a_missing_file(tmp_path):
    with pytest.raises(InvalidInput, match=r"there is no kubeconfig at .*nowhere; give its path"):
        KubernetesClient.connect(tmp_path / "nowhere", "staging")


def test_takes_the_files_of_the_variable(tmp_path, monkeypatch):
    one, two = write(tmp_path / "one", "staging"), write(tmp_path / "two", "production")
    monkeypatch.setenv("KUBECONFIG", os.pathsep.join(map(str, (one, tmp_path / "gone", two))))
    assert from_kubeconfig(None, "production").host == "https://127.0.0.1:1"
    with pytest.raises(InvalidInput, match="'production', 'staging'"):
        from_kubeconfig(None, "other")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"users: [{{token: {SECRET}", "not YAML"),
        (f"- {SECRET}", "lacks a list of contexts"),
        ("", "lacks a list of contexts"),
        ("contexts: 3", "lacks a list of contexts"),
        ("contexts: [{}]", "lacks a list of contexts"),
    ],
)
def test_a_file_that_is_no_kubeconfig_is_not_quoted(tmp_path, text, said):
    path = tmp_path / "config"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InvalidInput, match=said) as error:
        KubernetesClient.connect(path, "staging")
    assert SECRET not in str(error.value)
    assert error.value.__suppress_context__


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(InvalidInput, match="there is no kubeconfig"):
        KubernetesClient.connect(tmp_path, "staging")


def test_a_certificate_that_is_missing(tmp_path):
    path = write(tmp_path / "config", "staging", **{"certificate-authority": "gone.crt"})
    with pytest.raises(InvalidInput, match=r"context 'staging' cannot be used: .*gone\.crt"):
        KubernetesClient.connect(path, "staging")


def test_a_certificate_that_is_no_base64(tmp_path):
    path = write(tmp_path / "config", "staging", **{"certificate-authority-data": "x"})
    with pytest.raises(InvalidInput, match="context 'staging' cannot be used"):
        KubernetesClient.connect(path, "staging")


def test_outside_of_a_pod(monkeypatch):
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    with pytest.raises(InvalidInput, match="this pod's service account cannot be used"):
        KubernetesClient.in_cluster()


def test_inside_of_a_pod(monkeypatch, tmp_path):
    from kubernetes.config import incluster_config

    for name, text in (("TOKEN", SECRET), ("CERT", "a certificate")):
        (tmp_path / name).write_text(text, encoding="utf-8")
        monkeypatch.setattr(incluster_config, f"SERVICE_{name}_FILENAME", str(tmp_path / name))
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.96.0.1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "443")
    configuration = from_pod()
    assert configuration.host == "https://10.96.0.1:443"
    assert configuration.verify_ssl
    assert configuration.get_api_key_with_prefix("BearerToken") == f"bearer {SECRET}"


def test_without_the_package_it_says_how_to_get_it(tmp_path, monkeypatch):
    def missing(name):
        raise ModuleNotFoundError(name)

    monkeypatch.setattr(importlib, "import_module", missing)
    with pytest.raises(InvalidInput, match=r"pip install 'aiops-toolkit\[kubernetes\]'"):
        KubernetesClient.connect(write(tmp_path / "config", "staging"), "staging")


def test_importing_the_client_does_not_import_the_package():
    program = (
        "import sys, aiops.clients.kubernetes\n"
        "slow = {'kubernetes', 'urllib3', 'websocket', 'pydantic'} & set(sys.modules)\n"
        "sys.exit(str(slow) if slow else 0)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
