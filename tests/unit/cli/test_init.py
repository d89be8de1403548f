"""`aiops init`, run as its entry point does, against a real Prometheus with series known to us."""

import time
import urllib.parse

import numpy as np
import pytest

from aiops.settings import Settings, load
from tests.fake_api_server import FakeApiServer
from tests.prometheus_server import needs_prometheus, prometheus_server

pytestmark = needs_prometheus

STEP_S, SAMPLES = 15, 20
SECRET = "hunter2"  # noqa: S105  it opens nothing
HOSTILE = 'evil\x1b[31m"'
WRITTEN = [
    {"__name__": "up", "job": "web"},
    {"__name__": "http_requests_total", "job": "web", "code": "200"},
    {"__name__": "http_requests_total", "job": "cart", "code": "200"},
    {"__name__": "process_cpu_seconds_total", "job": "web"},
    {"__name__": "client_requests_total", "job": "web", "callee": "cart"},
    {"__name__": "traces_service_graph_request_total", "client": "web", "server": "crat"},
    {"__name__": "jobs_done", "component": "worker"},
    {"__name__": "jobs_done", "component": HOSTILE},
    {"__name__": "orphan"},
    {"__name__": "kube_lease_owner", "name": "leader"},
    {"__name__": "ALERTS", "alertname": "Slow", "alertstate": "firing", "job": "web"},
]
SERVICES = {"web", "cart", "crat", "worker", HOSTILE}


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with prometheus_server(tmp_path_factory.mktemp("prometheus")) as server:
        last_ms = int(time.time() * 1000)
        times = last_ms - np.arange(SAMPLES - 1, -1, -1, dtype=np.int64) * STEP_S * 1000
        values = np.arange(SAMPLES, dtype=np.float64)
        server.write((labels, times, values) for labels in WRITTEN)
        yield server


@pytest.fixture
def init(aiops, server):
    """Run the command for the server."""
    return lambda *words: aiops("init", "--prometheus", server.url, *words)


def test_the_document_tells_what_is_there(init):
    answer = init("--json")
    assert (answer.code, answer.err) == (0, "")
    found = answer.json
    assert found["series"] == {"total": 11, "mapped": 8, "share": 8 / 11}
    assert found["scrape_interval_s"] == STEP_S
    assert found["services"].keys() == SERVICES
    assert not {"traffic", "saturation"} & set(found["services"]["web"]["missing"])
    assert set(found["services"]["cart"]["missing"]) >= {"latency", "saturation"}
    assert found["labels"]["job"]["services"] == ["cart", "web"]
    assert found["added_labels"] == ["component"], "name would map nothing"
    assert found["file"] == "aiops.toml"


def test_what_is_nobodys_is_told_with_what_to_do(init):
    groups = {name: one for one in init("--json").json["unmapped"] for name in one["metrics"]}
    assert groups.keys() == {"orphan", "kube_lease_owner", "ALERTS"}
    assert groups["ALERTS"]["remedy"] == "nothing: alerts are read as alerts"
    assert (groups["orphan"]["series"], groups["orphan"]["reason"]) == (1, "no label says whose")
    assert "labels.ignore" in groups["orphan"]["remedy"]
    assert "labels.rules for one of their labels (name)" in groups["kube_lease_owner"]["remedy"]


def test_calls_come_with_their_source_and_with_what_they_leave_out(init):
    calls = init("--json").json["calls"]
    assert {(one["caller"], one["callee"]): one["sources"] for one in calls["edges"]} == {
        ("web", "cart"): ["metric client_requests_total, label callee"],
        ("web", "crat"): ["metric traces_service_graph_request_total"],
    }
    assert calls["coverage"] == pytest.approx(3 / 5)
    assert calls["services_without"] == sorted(["worker", HOSTILE])
    assert calls["strangers"] == []


def test_the_file_reads_back_to_what_was_proposed(init, server, tmp_path):
    assert init().code == 0
    written = load(tmp_path / "here" / "aiops.toml", environ={})
    usual = Settings()
    assert written.prometheus.url == server.url
    assert written.labels.service == (*usual.labels.service, "component")
    unlike = {"prometheus": usual.prometheus, "labels": usual.labels}
    assert written.model_copy(update=unlike) == usual


def test_a_second_look_with_the_file_changes_nothing(init, tmp_path):
    path = tmp_path / "here" / "aiops.toml"
    init()
    first = load(path, environ={})
    again = init("--force", "--json").json
    assert again["added_labels"] == []
    assert again["series"]["mapped"] == 8
    assert load(path, environ={}) == first


def test_a_person_is_told_the_same_and_no_terminal_obeys_a_label(init):
    out = init().out
    assert "8 of 11 series mapped (72.7%) to 5 services, one sample each 15 s" in out
    assert "label component was added to labels.service" in out
    assert "web -> cart  (metric client_requests_total, label callee)" in out
    assert "no call names: " in out
    assert "\x1b" not in out


def test_no_terminal_or_parser_obeys_a_label_in_the_file(init, tmp_path):
    init()
    text = (tmp_path / "here" / "aiops.toml").read_text()
    assert "\x1b" not in text


def test_a_cluster_named_by_its_context_adds_its_calls(init, tmp_path):
    with FakeApiServer() as cluster:
        for document in objects():
            cluster.add(document)
        config = cluster.kubeconfig(tmp_path / "config")
        words = ("--context", cluster.context, "--kubeconfig", config, "-n", "shop", "--json")
        calls = init(*words).json["calls"]
    assert {(one["caller"], one["callee"]): one["sources"] for one in calls["edges"]}.items() >= {
        ("cart", "mail"): ["kubernetes: env MAIL_URL of Deployment shop/cart"],
    }.items()
    assert calls["strangers"] == [{"name": "mail", "near": None}]
    assert any("no Ingress was read" in note for note in calls["notes"])


def test_secrets_get_us_in_and_are_not_written(aiops, server, tmp_path):
    parts = urllib.parse.urlsplit(server.url)
    url = parts._replace(netloc=f"me:{SECRET}@{parts.netloc}").geturl()
    answer = aiops("init", "--prometheus", url, "--header", f"X-Api-Key: {SECRET}")
    assert (answer.code, answer.err) == (0, "")
    assert "the password in the URL; name a token by --token-env" in answer.out
    assert "the header X-Api-Key" in answer.out
    text = (tmp_path / "here" / "aiops.toml").read_text()
    assert SECRET not in answer.out + text
    assert load(tmp_path / "here" / "aiops.toml", environ={}).prometheus.url == server.url


def test_a_file_that_is_there_is_not_touched(init, refused, tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text("[ranking]\nalpha = 0.5\n")
    refused(init("--out", path), "mine.toml is there already", "--force")
    assert path.read_text() == "[ranking]\nalpha = 0.5\n"


def test_settings_named_on_the_command_line_are_carried_over(aiops, server, tmp_path):
    told, out = tmp_path / "told.toml", tmp_path / "out.toml"
    told.write_text('[labels]\nignore = ["orphan"]\n[ranking]\nalpha = 0.5\n')
    words = ("--config", told, "init", "--prometheus", server.url, "--out", out, "--json")
    found = aiops(*words).json
    assert found["series"]["total"] == 10
    written = load(out, environ={})
    assert (written.ranking.alpha, written.labels.ignore) == (0.5, ("orphan",))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--out", "."], "is a folder"),
        (["--out", "nowhere/aiops.toml"], "there is no folder nowhere"),
        (["--namespace", "shop"], "--context"),
        (["--for", "0s"], "no length of time"),
        (["--token-env", "NOT_SET"], "NOT_SET"),
        (["--for", "300d", "--header", "no-colon"], "--header"),
    ],
)
def test_what_cannot_be_done_is_one_line(init, refused, words, said):
    refused(init(*words), said)


def test_where_nothing_is_mapped_no_signal_is_praised(aiops, server, tmp_path):
    (tmp_path / "told.toml").write_text(
        '[labels]\nservice = ["nothing"]\nignore = ["jobs_.*", "traces_.*"]\n'
    )
    words = ("--config", tmp_path / "told.toml", "init", "--prometheus", server.url)
    out = aiops(*words, "--out", tmp_path / "out.toml").out
    assert "0 of 8 series mapped" in out
    assert "every service has all four" not in out


def test_online_the_query_for_calls_is_asked(aiops, server, tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(f'[prometheus]\nurl = "{server.url}"\n')
    assert "calls: 2\n" in aiops("config", "check", path, "--online").out
    path.write_text(path.read_text() + '[calls]\nquery = "sum("\n')
    answer = aiops("config", "check", path, "--online")
    assert (answer.code, "parse error" in answer.err) == (2, True)


def objects():
    """Return the shop's cart, which is told where mail is; mail has no metrics."""
    meta = {"name": "shop"}
    yield {"apiVersion": "v1", "kind": "Namespace", "metadata": meta}
    spec = {"ports": [{"port": 80}]}
    place = {"namespace": "shop"}
    yield {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "mail"} | place,
        "spec": spec,
    }
    variables = [{"name": "MAIL_URL", "value": "http://mail"}]
    template = {"spec": {"containers": [{"name": "app", "env": variables}]}}
    yield {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "cart"} | place,
        "spec": {"replicas": 1, "template": template},
    }
