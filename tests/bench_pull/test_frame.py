"""200 series of one day at 15 s as one wide frame: ours and prometheus-api-client's, in turn.

Both read the same real Prometheus on loopback, and must bring the same values.
"""

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from prometheus_api_client import MetricRangeDataFrame, PrometheusConnect

from aiops.clients.prometheus import Matcher, PrometheusClient, frame_of
from tests.prometheus_server import needs_prometheus, prometheus_server

pytestmark = [
    needs_prometheus,
    pytest.mark.timeout(600),
    # the peer's, on pandas 3.1
    pytest.mark.filterwarnings("ignore:The inplace keyword in MetricRangeDataFrame"),
]

START = datetime(2026, 3, 1, tzinfo=UTC)
END = START + timedelta(days=1)
STEP_S = 15
SERIES = 200
NAME = "load"
STRETCH = 240
GOAL = 0.1


def times_ms():
    return np.arange(START.timestamp(), END.timestamp() + 1, STEP_S).astype(np.int64) * 1000


def stored(times):
    """Yield labels and values: half are noise, a quarter counters, a quarter mostly zeros."""
    noise = np.random.default_rng(4)
    for number in range(SERIES):
        values = noise.normal(100, 10, len(times))
        if number % 4 == 0:
            values = np.cumsum(noise.poisson(3, len(times))).astype(float)
        elif number % 4 == 1:
            values = noise.binomial(1, 0.01, len(times)).astype(float)
        yield {"__name__": NAME, "instance": f"10.0.0.{number}:9100", "job": "node"}, values


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    times = times_ms()
    series = list(stored(times))
    with prometheus_server(tmp_path_factory.mktemp("prometheus")) as server:
        for first in range(0, len(times), STRETCH):  # in the order of time, as it must be
            part = slice(first, first + STRETCH)
            server.write((labels, times[part], values[part]) for labels, values in series)
        yield server.url


def test_a_day_of_200_series_as_one_wide_frame(url, in_turn, record):
    connection = PrometheusConnect(url=url)
    frames = {}

    def peer():
        answer = connection.custom_query_range(NAME, START, END, str(STEP_S))
        long = MetricRangeDataFrame(answer)
        frames["peer"] = long.pivot_table(index="timestamp", columns="instance", values="value")

    def objects():
        answer = connection.custom_query_range(NAME, START, END, str(STEP_S))
        frames["objects"] = frame_of(answer)

    with PrometheusClient(url) as client:

        def json():
            frames["json"] = client.query_range(NAME, START, END, STEP_S)

        def remote():
            matchers = [Matcher("__name__", NAME)]
            frames["remote"] = client.remote_read_range(matchers, START, END, STEP_S)

        timings = in_turn(remote, json, objects, peer)

    assert frames["json"].shape == (5_761, SERIES)
    for name in ("remote", "objects"):
        pd.testing.assert_frame_equal(frames["json"], frames[name], check_exact=True)
    wide = frames["json"].droplevel(["__name__", "job"], axis=1).sort_index(axis=1)
    np.testing.assert_array_equal(wide.to_numpy(), frames["peer"].sort_index(axis=1).to_numpy())

    peer_timing = timings[-1]
    for way, timing in zip(("remote read", "PromQL", "its objects"), timings, strict=False):
        wall, cpu = timing.wall_s / peer_timing.wall_s, timing.cpu_s / peer_timing.cpu_s
        record(
            f"{SERIES} series x 1 day at 15 s into a frame, by {way}",
            peer=f"prometheus-api-client, pivoted: {peer_timing}",
            goal=f"<= {GOAL:g} of its time" if way == "remote read" else "-",
            seen=f"{timing}, {wall:.3f} of its time, {cpu:.3f} of its CPU",
        )
    assert timings[0].wall_s <= GOAL * peer_timing.wall_s
