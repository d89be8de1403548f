"""`aiops init` and `aiops config check` as a user runs them, against a real Prometheus.

It scrapes a real node-exporter and nothing else, or the whole set of Prometheus' own programs.
"""

import json
import os
import shutil
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from aiops.clients.prometheus import PrometheusClient
from aiops.settings import load
from tests.prometheus_server import free_port, needs_prometheus, prometheus_server

EXPORTERS = ("prometheus-node-exporter", "prometheus-alertmanager", "prometheus-pushgateway")
ABSENT = [name for name in EXPORTERS if shutil.which(name) is None]
pytestmark = [
    pytest.mark.slow,
    needs_prometheus,
    pytest.mark.skipif(bool(ABSENT), reason=f"NOT TESTED on real exporters: no {ABSENT}"),
]

DEADLINE_S = 30.0
WRONG, TOKEN = "hunter2", "a-token-that-must-never-be-shown"
GOLDEN = {"traffic", "errors", "latency", "saturation"}


def aiops(folder, *words, **environ):
    """Run the command in `folder` as a shell does, without this process' own settings."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AIOPS_")}
    return subprocess.run(
        [sys.executable, "-c", "from aiops.cli.main import run; run()", *words],
        cwd=folder, env=kept | environ, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip


@contextmanager
def running(folder, program, *flags):
    """Run one of Prometheus' programs on a free port of loopback; its address is what comes."""
    address = f"127.0.0.1:{free_port()}"
    command = [shutil.which(program), f"--web.listen-address={address}", *flags]
    with (folder / f"{program}.log").open("wb") as log:
        process = subprocess.Popen(
            command, cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
    try:
        yield address
    finally:
        process.terminate()
        process.wait(10)


@contextmanager
def alertmanager(folder):
    (folder / "alertmanager.yml").write_text(
        "route: {receiver: nobody}\nreceivers: [{name: nobody}]\n"
    )
    flags = ("--config.file=alertmanager.yml", "--storage.path=alerts", "--cluster.listen-address=")
    with running(folder, "prometheus-alertmanager", *flags) as address:
        yield address


def scraping(folder, port, targets):
    """Return a Prometheus, not yet running, that scrapes each job's address each second."""
    jobs = [
        {"job_name": name, "static_configs": [{"targets": [address]}]}
        for name, address in targets.items()
    ]
    config = {"global": {"scrape_interval": "1s"}, "scrape_configs": jobs}
    return prometheus_server(folder, config=json.dumps(config), port=port)


def wait_scraped(url, targets):
    """Wait until everything was scraped often enough for the interval to be known."""
    deadline = time.monotonic() + DEADLINE_S
    with PrometheusClient(url) as client:
        while len(client.query("count_over_time(up[1m]) > 2 and up == 1")) < targets:
            assert time.monotonic() < deadline, client.query("up")
            time.sleep(0.1)


@pytest.fixture(scope="module")
def node_exporter(tmp_path_factory):
    folder = tmp_path_factory.mktemp("node")
    with running(folder, "prometheus-node-exporter") as address:
        yield address


@pytest.fixture(scope="module")
def servers(node_exporter, tmp_path_factory):
    """One Prometheus that knows a node-exporter and nothing else, one that knows all its kin.

    Both start before either is waited for: Prometheus takes five seconds to its first scrape.
    """
    folders = [tmp_path_factory.mktemp(name) for name in ("plain", "family")]
    with ExitStack() as stack:
        port = free_port()
        kin = {
            "prometheus": f"127.0.0.1:{port}",
            "node": node_exporter,
            "alertmanager": stack.enter_context(alertmanager(folders[1])),
            "pushgateway": stack.enter_context(running(folders[1], "prometheus-pushgateway")),
        }
        family = stack.enter_context(scraping(folders[1], port, kin))
        alone = {"node": node_exporter}
        plain = stack.enter_context(scraping(folders[0], free_port(), alone))
        wait_scraped(plain.url, len(alone))
        wait_scraped(family.url, len(kin))
        yield plain.url, family.url


@pytest.fixture(scope="module")
def plain(servers):
    """The URL of the one that knows a node-exporter."""
    return servers[0]


@pytest.fixture(scope="module")
def family(servers):
    """The URL of the one that knows them all, itself among them."""
    return servers[1]


@pytest.fixture(scope="module")
def guarded(plain):
    """The plain Prometheus behind a door that wants a token; its URL."""

    class Door(BaseHTTPRequestHandler):
        def do_GET(self):
            if self.headers["Authorization"] != f"Bearer {TOKEN}":
                self.send_error(401)
                return
            body = self.rfile.read(int(self.headers["Content-Length"] or 0)) or None
            asked = urllib.request.Request(plain + self.path, data=body, method=self.command)  # noqa: S310
            asked.add_header("Content-Type", self.headers["Content-Type"] or "text/plain")
            with urllib.request.urlopen(asked, timeout=10) as answer:  # noqa: S310  our own
                content = answer.read()
            self.send_response(200)
            self.send_header("Content-Type", answer.headers["Content-Type"])
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_POST = do_GET  # noqa: N815  as the base calls it

        def log_message(self, *_):
            """Say nothing on standard error."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Door) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def test_a_plain_node_exporter_is_mapped_and_what_is_missing_is_said(plain, tmp_path):
    done = aiops(tmp_path, "init", "--prometheus", plain, "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["series"]["total"] > 300
    assert found["series"]["share"] >= 0.95
    assert found["series"]["mapped"] == round(found["series"]["share"] * found["series"]["total"])
    assert found["scrape_interval_s"] == pytest.approx(1.0, abs=0.2)
    assert found["services"]
    for service in found["services"].values():
        assert {"errors", "latency"} <= set(service["missing"]) <= GOLDEN
    assert found["calls"]["edges"] == []
    settings = load(tmp_path / "aiops.toml", environ={})
    assert settings.prometheus.url == plain
    assert load(environ={}).labels == settings.labels, "the defaults fit; nothing is pinned"


def test_what_it_says_to_a_person(plain, tmp_path):
    done = aiops(tmp_path, "init", "--prometheus", plain, "--out", "mine.toml")
    assert done.returncode == 0, done.stderr
    for words in (
        "series mapped (",
        "one sample each 1 s",
        "golden signals missing from",
        "latency takes a histogram",
        "calls: none found",
        "wrote mine.toml",
    ):
        assert words in done.stdout
    checked = aiops(tmp_path, "--config", "mine.toml", "config", "check", "--online")
    assert checked.returncode == 0, checked.stderr
    assert plain in checked.stdout
    assert "version: 2." in checked.stdout
    assert "ready: yes" in checked.stdout


def test_the_whole_family_is_mapped_to_its_members(family, tmp_path):
    done = aiops(tmp_path, "init", "--prometheus", family, "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["series"]["share"] >= 0.95
    services = found["services"]
    assert services.keys() == {"127.0.0.1", "prometheus", "alertmanager", "pushgateway"}
    assert {"traffic", "errors", "latency"} <= set(services["127.0.0.1"]["missing"])
    assert "traffic" not in services["prometheus"]["missing"]
    assert "saturation" not in services["alertmanager"]["missing"]


def test_a_file_that_is_there_is_kept_unless_told(plain, tmp_path):
    (tmp_path / "aiops.toml").write_text("[detection]\nlevel = 7\n")
    done = aiops(tmp_path, "init", "--prometheus", plain)
    check_refused(done, "aiops.toml is there already", "--force")
    assert (tmp_path / "aiops.toml").read_text() == "[detection]\nlevel = 7\n"
    assert aiops(tmp_path, "init", "--prometheus", plain, "--force").returncode == 0
    settings = load(tmp_path / "aiops.toml", environ={})
    assert (settings.detection.level, settings.prometheus.url) == (7, plain)


def test_a_token_is_asked_for_used_and_never_written(guarded, tmp_path):
    ask = ("init", "--prometheus", guarded)
    check_refused(aiops(tmp_path, *ask), "401")
    wrong = aiops(tmp_path, *ask, "--token-env", "PROM_TOKEN", PROM_TOKEN=WRONG)
    check_refused(wrong, "401")
    assert WRONG not in wrong.stdout + wrong.stderr
    assert not (tmp_path / "aiops.toml").exists()
    done = aiops(tmp_path, *ask, "--token-env", "PROM_TOKEN", PROM_TOKEN=TOKEN)
    assert done.returncode == 0, done.stderr
    text = (tmp_path / "aiops.toml").read_text()
    assert 'token_env = "PROM_TOKEN"' in text
    assert TOKEN not in done.stdout + text
    check = ("config", "check", "--online")
    assert aiops(tmp_path, *check, PROM_TOKEN=TOKEN).returncode == 0
    check_refused(aiops(tmp_path, *check, PROM_TOKEN=WRONG), "401", silent=False)


@pytest.mark.parametrize("path", ["", "/nowhere"])
def test_what_is_no_prometheus_is_said_in_one_line(node_exporter, tmp_path, path):
    check_refused(aiops(tmp_path, "init", "--prometheus", f"http://{node_exporter}{path}"))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--prometheus", f"http://127.0.0.1:{free_port()}"], "cannot connect"),
        (["--prometheus", "prometheus:9090"], "the URL of Prometheus cannot be used"),
        (["--prometheus", "http://127.0.0.1:1", "--token-env", "NOT_SET"], "NOT_SET"),
        ([], "no Prometheus is named"),
    ],
)
def test_what_cannot_be_asked_is_said_in_one_line(tmp_path, words, said):
    check_refused(aiops(tmp_path, "init", *words), said)


def check_refused(done, *words, silent=True):
    """Assert code 2, nothing on stdout, and one line of error; a slow machine tells progress, too."""
    assert done.returncode == 2, done.stdout + done.stderr
    assert not (silent and done.stdout)
    *progress, line = done.stderr.splitlines()
    assert line.startswith("error: ")
    assert all(one.startswith("listing the series of ") for one in progress)
    for word in words:
        assert word in line
