"""`aiops investigate --prometheus`: what it refuses, what it keeps, and what it says.

The Prometheus is one on loopback that knows a few answers; a real one is asked in tests/e2e.
"""

import http.server
import json
import threading
import urllib.parse
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from aiops import datasets
from aiops.cli.live import Live
from aiops.pipeline.noticing import noticed_at
from aiops.settings import Prometheus
from aiops.types import InvalidInput

NOW = datetime.now(UTC).replace(microsecond=0)
QUERIES = """
calls = [["web", "db"]]
[metrics]
latency_p95 = "latency"
cpu = "cpu"
"""
BROKEN = 0.8
"""Share of a window after which `db` is slow."""


class Answers(http.server.BaseHTTPRequestHandler):
    """Two services with noise; `db` is slow in the last part of whatever is asked."""

    def __init__(self, refusal, *arguments):
        self.refusal = refusal
        super().__init__(*arguments)

    def do_POST(self):
        text = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        asked = {name: values[0] for name, values in urllib.parse.parse_qs(text).items()}
        if self.refusal is not None:
            self.answer(*self.refusal)
        elif self.path.endswith("query_range"):
            self.result("matrix", list(series(asked)))
        else:
            self.result("matrix" if asked["query"].endswith("]") else "vector", [])

    def do_GET(self):
        self.do_POST()

    def result(self, kind, data):
        found = {"status": "success", "data": {"resultType": kind, "result": data}}
        self.answer(200, json.dumps(found))

    def answer(self, code, text, media="application/json"):
        self.send_response(code)
        self.send_header("Content-Type", media)
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_):
        pass


def series(asked):
    times = np.arange(float(asked["start"]), float(asked["end"]) + 0.1, float(asked["step"]))
    noise = np.random.default_rng(2)
    for service in ("db", "web"):
        values = noise.normal(1, 0.05, len(times))
        if asked["query"] in {"latency", "cpu"} and service == "db":
            values[int(BROKEN * len(times)) :] *= 9
        pairs = [[time, str(value)] for time, value in zip(times, values, strict=True)]
        yield {"metric": {"service": service}, "values": pairs}


@pytest.fixture
def serve():
    """Start a server that gives these answers, or refuses everything; what comes is its URL."""
    running = []

    def start(refusal=None):
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Answers, refusal))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        running.append(server)
        return f"http://127.0.0.1:{server.server_port}"

    yield start
    for server in running:
        server.shutdown()
        server.server_close()


@pytest.fixture
def queries(tmp_path):
    path = tmp_path / "queries.toml"
    path.write_text(QUERIES)
    return path


@pytest.fixture
def look(aiops, serve, queries):
    """Investigate what that server says."""

    def run(*words, at="now"):
        url = serve()
        return aiops("investigate", "--prometheus", url, "--at", at, "--queries", queries, *words)

    return run


class TestVerdict:
    def test_what_a_person_reads(self, look):
        answer = look("--step", "15s")
        lines = answer.out.splitlines()
        assert answer.code == 0
        assert lines[0].startswith("read ")
        assert ", every 15 s, from http://127.0.0.1:" in lines[0]
        assert lines[1] == "2 services, 4 columns, 2 queries, 1 call"
        assert "(found; noticed at " in lines[3]
        assert lines[4].startswith("db is to blame, confidence ")
        assert "       and on (service) label_replace(vector(1)" in answer.out
        assert lines[-1].startswith("kept: cases/")

    def test_every_line_has_its_query_in_json(self, look):
        found = look("--json").json
        assert all(line["query"] for cause in found["ranking"] for line in cause["evidence"])
        assert found["read"]["queries"] == 2
        assert found["read"]["step_s"] == 15.0

    def test_the_service_where_it_was_noticed_gives_the_trigger(self, look):
        found = look("--service", "web", "--json").json
        assert datasets.load(found["kept"]).trigger == ("web", "latency_p95")

    def test_a_clock_is_said_back_with_its_zone(self, look, monkeypatch):
        clock = (datetime.now().astimezone() - timedelta(minutes=2)).strftime("%H:%M")
        answer = look("--json", at=clock)
        assert answer.code == 0
        assert answer.err.startswith(f"{clock} is taken as 20")
        assert "this machine's" in answer.err


class TestKept:
    def test_the_window_is_a_case_that_gives_the_same_verdict(self, look, aiops):
        found = look("--json").json
        again = aiops("investigate", found["kept"], "--json").json
        assert again["read"] is None
        for key in ("onset", "services", "ranking", "abstained", "confidence", "anomalies"):
            assert again[key] == found[key]

    def test_where_it_was_asked_for(self, look, tmp_path):
        folder = tmp_path / "mine" / "friday"
        found = look("--save", folder, "--json").json
        case = datasets.load(folder)
        assert found["kept"] == str(folder)
        assert (case.id, case.topology) == ("friday", (("web", "db"),))
        assert noticed_at(case).isoformat() == found["read"]["noticed"]

    def test_the_folder_where_one_stands_gives_its_name(self, look, tmp_path, monkeypatch):
        (tmp_path / "friday").mkdir()
        monkeypatch.chdir(tmp_path / "friday")
        assert look("--save", ".", "--json").json["case"] == "friday"
        monkeypatch.chdir(tmp_path)

    def test_a_second_look_at_one_moment_is_another_case(self, look):
        at = (NOW - timedelta(minutes=30)).isoformat()
        first, second = (look("--json", at=at).json["kept"] for _ in range(2))
        assert second == f"{first}-2"

    def test_a_folder_that_is_taken_is_refused_before_anything_is_read(self, look, case, refused):
        refused(look("--save", case), f"--save {case}", "new or an empty folder")

    def test_error_lines_of_log_files_become_a_column(self, look, tmp_path):
        log = tmp_path / "db.log"
        started = datetime.now(UTC) - timedelta(minutes=8)
        log.write_text(
            "".join(
                f"{(started + timedelta(seconds=second)).isoformat()} ERROR no space left\n"
                for second in range(0, 400, 5)
            )
        )
        found = look("--logs", log, "--json").json
        case = datasets.load(found["kept"])
        assert ("db", "log_error_rate") in case.metrics.columns
        assert len(case.logs) == 80
        [of_log] = [one for one in found["ranking"] if one["metric"] == "log_error_rate"]
        assert all(line["query"] is None for line in of_log["evidence"][:1])


class TestRefused:
    @pytest.mark.parametrize(
        ("refusal", "said"),
        [
            ((401, "who are you?", "text/plain"), "401"),
            ((403, "not you", "text/plain"), "403"),
            ((200, "<html>hello</html>", "text/html"), "is this the URL of a Prometheus?"),
            ((400, '{"status":"error","errorType":"bad_data","error":"parse error"}'), "parse err"),
            ((404, "page not found", "text/plain"), "404"),
        ],
        ids=["no token", "not allowed", "a web page", "a refused query", "a wrong path"],
    )
    def test_by_the_server(self, aiops, serve, refused, refusal, said):
        refused(aiops("investigate", "--prometheus", serve(refusal), "--at", "now"), said)

    def test_nobody_there(self, aiops, serve, refused):
        answer = aiops("investigate", "--prometheus", "http://127.0.0.1:9", "--at", "now")
        refused(answer, "http://127.0.0.1:9", "cannot connect")

    @pytest.mark.parametrize(
        ("words", "said"),
        [
            (["--at", "2099-01-01T00:00:00Z"], "lies in the future"),
            (["--at", "noonish"], "'noonish' is no time"),
            (["--at", "2026-01-05T14:05"], "has no time zone"),
            (["--at", "now", "--for", "soon"], "'soon' is no length of time"),
            (["--at", "now", "--step", "x"], "'x' is no length of time"),
            (["--at", "now", "--for", "5m", "--step", "60s"], "too short"),
            (["--at", "now", "--service", "dbb"], "the nearest is 'db'"),
            (["--at", "now", "--trigger", "db/latencies"], "the nearest is 'db/latency_p95'"),
            (["--at", "now", "--trigger", "a/b", "--service", "db"], "leave --service out"),
            (["--at", "now", "--onset", "detected"], "--onset is for recorded cases"),
            (["--at", "now", "--namespace", "shop"], "add --context NAME"),
            (["--at", "now", "--pod-logs"], "add --context NAME"),
            (["--at", "now", "--header", "token"], "'Name: value'"),
            (["--at", "now", "--token-env", "NO_SUCH"], "NO_SUCH holds no token"),
            (["--at", "now", "--token-file", "/no/such"], "/no/such: the file with the token"),
            (["--at", "now", "--token-file", "/x", "--token-env", "X"], "leave one out"),
            (["--at", "now", "--calls", "/no/calls.toml"], "/no/calls.toml"),
            (["--at", "now", "--logs", "/no/log"], "/no/log"),
            ([], "say when it was noticed"),
        ],
        ids=lambda value: " ".join(value) if isinstance(value, list) else "",
    )
    def test_by_ourselves(self, aiops, serve, queries, refused, words, said):
        answer = aiops("investigate", "--prometheus", serve(), "--queries", queries, *words)
        refused(answer, said)

    def test_a_recorded_case_takes_no_live_options(self, aiops, case, refused):
        refused(aiops("investigate", case, "--prometheus", "http://x"), "two sources")
        refused(aiops("investigate", case, "--for", "2h"), "--for is for --prometheus URL")

    def test_no_source_at_all(self, aiops, refused):
        refused(aiops("investigate", "--at", "now"), "no Prometheus is named")
        refused(aiops("investigate"), "name a CASE")

    def test_secrets_are_in_no_message_and_in_no_case(self, aiops, serve, queries, monkeypatch):
        monkeypatch.setenv("TOKEN", "hush")
        url = serve()
        answer = aiops(
            "investigate", "--prometheus", url, "--at", "now", "--queries", queries,
            "--token-env", "TOKEN", "--header", "X-Key: psst", "--save", "kept",
        )  # fmt: skip
        assert answer.code == 0
        kept = b"".join(path.read_bytes() for path in Path("kept").iterdir())
        assert b"latency" in kept
        for secret in ("hush", "psst"):
            assert secret not in answer.out + answer.err
            assert secret.encode() not in kept


def test_a_cluster_is_never_assumed():
    with pytest.raises(InvalidInput, match="add --context NAME"):
        Live(Prometheus(url="http://x"), "now", "1h", pod_logs=True)
