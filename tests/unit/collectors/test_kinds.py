"""The kind of a column is told by its name."""

import pytest

from aiops.collectors.kinds import SYMPTOMS, SignalKind, kind_of


@pytest.mark.parametrize(
    ("metric", "kind"),
    [
        ("request_rate", "traffic"),
        ("error_ratio", "errors"),
        ("latency_p95", "latency"),
        ("latency-90", "latency"),
        ("latency_mean", "latency"),
        ("available", "availability"),
        ("cpu", "saturation"),
        ("memory", "saturation"),
        ("mem_usage", "saturation"),
        ("up", "other"),
        ("request_rate_max", "other"),
        ("latency_p95_spread", "other"),
        ("node_disk_io_time_seconds_rate", "other"),
        ("rest_client_requests_rate", "other"),
    ],
)
def test_the_kind_of_a_column(metric, kind):
    assert kind_of(metric) is SignalKind(kind)


def test_saturation_is_no_symptom():
    assert SignalKind.SATURATION not in SYMPTOMS
    assert SignalKind.OTHER not in SYMPTOMS
