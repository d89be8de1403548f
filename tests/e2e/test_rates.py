"""Our rules for raw samples against a real Prometheus: the same samples, the same answers."""

import math
from datetime import UTC, datetime

import numpy as np
import pytest

from aiops.clients.prometheus import Matcher, PrometheusClient
from aiops.clients.prometheus.series import Grid
from aiops.collectors.raw.quantiles import quantiles
from aiops.collectors.raw.rates import Dialect, increase, rate
from aiops.collectors.raw.samples import STALE, Block
from aiops.collectors.raw.workloads import sum_by
from tests.prometheus_server import needs_prometheus, prometheus_server

pytestmark = [pytest.mark.slow, needs_prometheus]

T0 = datetime(2026, 1, 5, tzinfo=UTC)
T0_MS = int(T0.timestamp() * 1000)
LONG_S = 1800
BOUNDS = ("0.005", "0.1", "0.5", "2.5", "+Inf")
STEP_S = 10  # meets the scrapes every 15 s exactly at a window's edge, beside it, and between
OLD = Dialect.V2  # the real one here is 2.42


def counters(noise):
    """Yield counters that are odd in each way a counter can be."""
    for row in range(24):
        every = (15, 15, 7, 60)[row % 4]
        times = np.arange(0, LONG_S, every) * 1000 + (0 if row % 3 else noise.integers(0, 999))
        values = np.cumsum(noise.exponential(10.0 ** noise.integers(-6, 9), len(times)))
        if row % 5 == 1:  # restarts
            for at in noise.integers(1, len(times), 4):
                values[at:] -= values[at - 1]
        if row % 6 == 2:  # scrapes that failed
            kept = noise.random(len(times)) > 0.4
            times, values = times[kept], values[kept]
        if row % 7 == 3:  # gone, and back
            values[len(values) // 3] = STALE
        if row % 8 == 4:  # born late, died early
            times, values = times[40:80], values[40:80] - values[39]
        if row % 9 == 5:
            values[10:14] = math.nan
        yield {"__name__": "things_total", "pod": f"pod-{row}"}, T0_MS + times, values


def histograms(noise):
    for service in "web", "cart", "idle":
        for pod in "ab":
            times = T0_MS + np.arange(0, LONG_S, 15) * 1000
            counts = noise.poisson(0 if service == "idle" else 3, (len(BOUNDS), len(times)))
            for bound, values in zip(BOUNDS, counts.cumsum(axis=0).cumsum(axis=1), strict=True):
                labels = {"__name__": "took_seconds_bucket", "service": service, "pod": pod}
                yield labels | {"le": bound}, times, values.astype(float)


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    noise = np.random.default_rng(4)
    with prometheus_server(tmp_path_factory.mktemp("prometheus")) as server:
        server.write([*counters(noise), *histograms(noise)])
        with PrometheusClient(server.url) as client:
            yield client


def raw(client, metric):
    """Return the stored samples, as remote read brings them."""
    end = datetime.fromtimestamp(T0_MS / 1000 + LONG_S, UTC)
    return Block.of(client.remote_read([Matcher("__name__", metric)], T0, end))


def grid():
    return Grid(T0_MS, STEP_S * 1000, LONG_S // STEP_S)


def asked(client, expr, label):
    """Return what Prometheus answers: value of `label` → values on the grid."""
    times = grid()
    answer = client.query_range(expr, times.moment(0), times.moment(times.points - 1), STEP_S)
    names = answer.columns.get_level_values(label) if len(answer.columns) else []
    return dict(zip(names, answer.to_numpy().T, strict=True))


def compare(labels, values, truth, label):
    """Hold each row to what Prometheus says; rows that it does not have must be empty."""
    assert set(truth) <= {each[label] for each in labels}
    assert len(truth) > 1
    for each, row in zip(labels, values, strict=True):
        expected = truth.get(each[label], np.full(len(row), np.nan))
        np.testing.assert_allclose(row, expected, rtol=1e-9, err_msg=str(each))


@pytest.mark.parametrize("window_s", [30, 60, 300])
@pytest.mark.parametrize("function", [rate, increase])
def test_rate_and_increase_are_those_of_prometheus(client, function, window_s):
    block = raw(client, "things_total")
    truth = asked(client, f"{function.__name__}(things_total[{window_s}s])", "pod")
    assert sum(np.isfinite(values).sum() for values in truth.values()) > 1000
    compare(block.labels, function(block, grid(), window_s, OLD), truth, "pod")


@pytest.mark.parametrize("q", [0.0, 0.5, 0.95, 1.0])
def test_quantiles_are_those_of_prometheus(client, q):
    block = raw(client, "took_seconds_bucket")
    rates = rate(block, grid(), 60, OLD)
    labels, values = quantiles(q, *sum_by(block.labels, rates, ("service", "le")))
    expr = "sum by (service, le) (rate(took_seconds_bucket[60s]))"
    truth = asked(client, f"histogram_quantile({q}, {expr})", "service")
    compare(labels, values, truth, "service")


def test_the_newest_sample_is_that_of_prometheus(client):
    block = raw(client, "things_total")
    compare(
        block.labels, block.newest(grid(), 299.999), asked(client, "things_total", "pod"), "pod"
    )
