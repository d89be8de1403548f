"""`aiops investigate --prometheus` on the running shop, with no configuration: a fault and none.

A service of the shop is stopped for real, and a real Prometheus, which scrapes every two seconds,
is all that the command is told of.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from markupsafe import escape

from aiops import datasets
from aiops.clients.prometheus import PrometheusClient
from aiops.pipeline.citing import COLUMN
from aiops.types import MetricId, Unreachable

ROOT = Path(__file__).parents[2]
SHOP = ROOT / "examples" / "shop"
sys.path.insert(0, str(SHOP))  # the example is programs in a folder, not a package

import discovery  # noqa: E402
import graph  # noqa: E402
import processes  # noqa: E402
import scraping  # noqa: E402

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(180),
    pytest.mark.skipif(
        shutil.which("prometheus") is None,
        reason="NO PROMETHEUS: nothing was investigated on a real one; install prometheus",
    ),
]

VICTIM = "stock"
CALM_SCRAPES, ILL_SCRAPES = 20, (7, 10, 13, 16)
SPAN = "90s"
UNSETTLED = 2
MOST_LOOKS = 4
"""A machine that does other work makes the shop slow for real; then it is looked at again, and
after a fault with more of it to see."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("investigate")


@pytest.fixture(scope="module")
def monitored(folder):
    """The shop and a client of the Prometheus that scrapes it."""
    with ExitStack() as stack:
        shop = stack.enter_context(processes.shop(folder, rate=8))
        discovery.write(folder, shop.targets())
        [port] = processes.free_ports(1)
        url = stack.enter_context(scraping.prometheus(scraping.configure(folder), port))
        yield shop, stack.enter_context(PrometheusClient(url))


def wait_for(client, expr, least, seconds=70.0):
    """Poll until an expression is at least `least`."""
    deadline, seen = time.monotonic() + seconds, None
    while time.monotonic() < deadline:
        try:
            seen = [sample.value for sample in client.query(expr)]
        except Unreachable:
            seen = None
        if seen and min(seen) >= least:
            return
        time.sleep(0.25)
    pytest.fail(f"{expr} never was {least}: {seen}")


def run(folder, *words):
    """Run the command in `folder`; what comes is its exit code, its stdout and its stderr."""
    done = subprocess.run(
        [sys.executable, "-c", "from aiops.cli.main import run; run()", "investigate", *words],
        cwd=folder, capture_output=True, text=True, check=False, timeout=60,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    return done.returncode, done.stdout, done.stderr


def problem(err):
    """Return the one line of an error; what comes before it is progress."""
    *progress, line = err.splitlines()
    assert line.startswith("error: ")
    assert not any("error" in one for one in progress), err
    return line


def investigate(folder, *words):
    code, out, err = run(folder, *words, "--json")
    assert code == 0, err
    return json.loads(out)


@pytest.fixture(scope="module")
def calm(monitored, folder):
    """What is found while all is well."""
    _, client = monitored
    everyone = len(graph.ROLES) + 1
    wait_for(client, 'count(up{job="shop"} == 1) + count(up{job="load"} == 1)', everyone)
    wait_for(client, "min(count_over_time(up[3m]))", CALM_SCRAPES)
    for _ in range(MOST_LOOKS):
        moment = datetime.now(UTC).isoformat()
        found = investigate(folder, "--prometheus", client.url, "--at", moment, "--for", SPAN)
        if found["abstained"]:
            break
    return found


@pytest.fixture(scope="module")
def ill(monitored, folder, calm):
    """What is found after a service was stopped, without being told anything of it."""
    shop, client = monitored
    stopped = shop.processes[VICTIM]
    stopped.send_signal(signal.SIGSTOP)
    try:
        for scrapes in ILL_SCRAPES:
            down = f'up{{job="shop",service="{VICTIM}"}} == 0'
            wait_for(client, f"count_over_time(({down})[2m:2s])", scrapes)
            found = investigate(
                folder, "--prometheus", client.url, "--at", "now", "--for", SPAN,
                "--report", "report.html",
            )  # fmt: skip
            if found["services"][0]["service"] == VICTIM and not found["abstained"]:
                break
        return found
    finally:
        stopped.send_signal(signal.SIGCONT)


def test_nobody_is_blamed_while_all_is_well(calm):
    assert calm["abstained"], (calm["services"][:3], calm["ranking"][0], calm["onset"])
    assert calm["confidence"] == 0


def test_the_service_that_was_stopped_is_named_first(ill):
    assert not ill["abstained"], ill["reason"]
    assert ill["services"][0]["service"] == VICTIM
    assert ill["ranking"][0]["service"] == VICTIM


def test_it_says_what_it_read_and_found_the_calls_by_itself(ill):
    read = ill["read"]
    assert (read["step_s"], read["services"]) == (2.0, len(graph.ROLES) + 1)
    assert 0 < read["queries"] <= 50
    assert read["series"] > read["columns"] > 50
    calls = {(caller, to) for caller, role in graph.ROLES.items() for to in role.calls}
    assert read["calls"] == len(calls) + 1  # and the users, who call the front


def test_the_kept_case_gives_the_same_verdict_offline(ill, folder):
    again = investigate(folder, ill["kept"])
    for key in ("services", "ranking", "onset", "confidence", "abstained", "anomalies", "graph"):
        assert again[key] == ill[key], key


def test_every_line_of_evidence_carries_a_query(ill):
    lines = [line for cause in ill["ranking"] for line in cause["evidence"]]
    assert len(lines) > 50
    assert [line["text"] for line in lines if not line["query"]] == []


@pytest.fixture(scope="module")
def kept(ill, folder):
    return datasets.load(folder / ill["kept"])


def answer(client, case, query):
    """Return what the real Prometheus says to a query over the window of the case."""
    times = case.metrics.index
    step_s = (times[1] - times[0]).total_seconds()
    return client.query_range(query, times[0].to_pydatetime(), times[-1].to_pydatetime(), step_s)


def test_the_query_of_every_column_gives_the_column(monitored, kept):
    _, client = monitored
    assert set(kept.queries) == {MetricId(*name) for name in kept.metrics.columns}
    for series, query in kept.queries.items():
        frame = answer(client, kept, query)
        assert frame.shape[1] == 1, (series, query)
        same(frame.iloc[:, 0], kept.metrics[series])


def test_a_query_of_two_series_gives_both(monitored, kept, ill):
    _, client = monitored
    lines = [line for cause in ill["ranking"][:5] for line in cause["evidence"]]
    queries = {line["query"] for line in lines if COLUMN in line["query"]}
    assert queries
    for query in queries:
        frame = answer(client, kept, query)
        columns = frame.columns.get_level_values(COLUMN)
        assert len(columns) == 2
        for place, column in enumerate(columns):
            same(frame.iloc[:, place], kept.metrics[MetricId.parse(column)])


def same(found, expected):
    """Hold what is read now to what was read then, but for the last rows.

    A scrape that takes its time has the time of its beginning, and is stored after that was read.
    """
    values = found.replace([np.inf, -np.inf], np.nan).to_numpy()
    pd.testing.assert_index_equal(found.index, expected.index, check_names=False, exact=False)
    now, then = values[:-UNSETTLED], expected.to_numpy()[:-UNSETTLED]
    np.testing.assert_allclose(now, then, rtol=1e-9, err_msg=str(expected.name))


def test_the_report_shows_the_queries_and_links_to_prometheus(ill, folder, monitored):
    _, client = monitored
    page = (folder / "report.html").read_text()
    assert f'href="{client.url}/graph?g0.expr=' in page
    assert escape(ill["ranking"][0]["evidence"][0]["query"]) in page


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--at", "2020-01-01T00:00:00Z"], "there is data from about"),
        (["--at", "2099-01-01T00:00:00Z"], "lies in the future"),
        (["--at", "now", "--for", "5s"], "too short"),
        (["--at", "now", "--service", "stoc", "--for", SPAN], "the nearest is 'stock'"),
        (["--at", "now", "--token-env", "NO_SUCH_TOKEN"], "NO_SUCH_TOKEN"),
    ],
    ids=["empty", "future", "short", "service", "token"],
)
def test_what_cannot_be_done_is_one_line_and_code_2(monitored, folder, calm, words, said):
    _, client = monitored
    code, out, err = run(folder, "--prometheus", client.url, *words)
    assert (code, out) == (2, "")
    assert said in problem(err)


def test_a_page_that_is_no_prometheus_and_a_port_where_nobody_is(monitored, folder):
    shop, client = monitored
    other = f"http://127.0.0.1:{shop.ports['web']}"
    [free] = processes.free_ports(1)
    for url in (f"{client.url}/wrong", other, f"http://127.0.0.1:{free}"):
        code, out, err = run(folder, "--prometheus", url, "--at", "now")
        assert (code, out) == (2, "")
        assert url in problem(err)


def test_a_query_that_is_refused_is_named(monitored, folder, calm):
    _, client = monitored
    path = folder / "bad.toml"
    path.write_text("[metrics]\ncpu = 'sum by (service) (rate(up))'\n")
    code, out, err = run(
        folder, "--prometheus", client.url, "--at", "now", "--for", SPAN, "--queries", str(path)
    )
    assert (code, out) == (2, "")
    assert "metric cpu" in problem(err)


def test_a_file_of_queries_takes_the_place_of_what_is_found_out(monitored, folder, ill):
    _, client = monitored
    found = investigate(
        folder, "--prometheus", client.url, "--at", ill["read"]["noticed"], "--for", SPAN,
        "--queries", str(SHOP / "queries.toml"), "--service", "users",
    )  # fmt: skip
    assert found["services"][0]["service"] == VICTIM
    case = datasets.load(folder / found["kept"])
    assert case.trigger.service == "users"
    for series, query in list(case.queries.items())[:10]:
        frame = answer(client, case, query)
        assert frame.shape[1] == 1
        same(frame.iloc[:, 0], case.metrics[series])
