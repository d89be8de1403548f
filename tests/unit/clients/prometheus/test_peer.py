"""prometheus-api-client's objects become what our own queries give."""

import copy

import numpy as np
import pandas as pd
import prometheus_api_client as peer
import pytest
from requests.auth import HTTPBasicAuth, HTTPDigestAuth

from aiops.clients.prometheus import PrometheusClient, Tls, frame_of
from aiops.clients.prometheus.peer import connection_options
from aiops.types import InvalidInput, NotEnoughData
from tests.unit.clients.prometheus.replies import SECRET, T0, T0_S, UP, at, success

# the peer's, on pandas 3.1
pytestmark = pytest.mark.filterwarnings("ignore:The inplace keyword in MetricRangeDataFrame")

DOCUMENTS = [
    {"metric": UP, "values": [[T0_S + 15 * i, str(i / 7)] for i in range(5)]},
    {"metric": {**UP, "pod": "a"}, "values": [[T0_S, "1"], [T0_S + 60, "-2e-3"]]},
    {"metric": {"job": "nameless"}, "values": [[T0_S + 30, "+Inf"]]},
]


def documents():
    return copy.deepcopy(DOCUMENTS)  # a Metric changes those that it is made of


FORMS = {
    "the answer itself": documents,
    "MetricsList": lambda: peer.MetricsList(documents()),
    "Metrics": lambda: [peer.Metric(each) for each in documents()],
    "MetricRangeDataFrame": lambda: peer.MetricRangeDataFrame(documents()),
    "its seconds": lambda: peer.MetricRangeDataFrame(documents(), ts_as_datetime=False),
}


@pytest.mark.parametrize("form", list(FORMS))
def test_every_form_is_the_frame_of_query_range(server, client, form):
    server.says(success("matrix", DOCUMENTS))
    expected = client.query_range("up", T0, at(60), 15)
    pd.testing.assert_frame_equal(frame_of(FORMS[form]()), expected, check_exact=True)


def test_one_metric_is_enough():
    assert frame_of(peer.Metric(documents()[0])).shape == (5, 1)
    assert frame_of(documents()[0]).shape == (5, 1)


def test_what_was_asked_for_one_time_is_a_row():
    vector = [{"metric": {**UP, "pod": pod}, "value": [T0_S, "2.5"]} for pod in "ab"]
    frame = frame_of(vector)
    assert (frame.index[0], frame.to_numpy().tolist()) == (T0, [[2.5, 2.5]])
    snapshot = peer.MetricSnapshotDataFrame(vector)
    pd.testing.assert_frame_equal(frame_of(snapshot), frame, check_exact=True)


def test_times_with_a_zone_are_refused():
    times = pd.to_datetime([0, 15], unit="s", utc=True)
    with pytest.raises(InvalidInput, match=r"take the zone off with tz_convert\(None\)"):
        frame_of(pd.DataFrame({"value": [1.0, 2.0]}, index=times))


def test_a_frame_without_labels_is_one_series():
    frame = frame_of(peer.MetricRangeDataFrame([{"metric": {}, "values": [[T0_S, "1"]]}]))
    assert frame.to_numpy().tolist() == [[1]]


def test_the_step_fills_what_no_series_has():
    frame = frame_of([{"metric": UP, "values": [[T0_S, "1"], [T0_S + 60, "2"]]}], step_s=15)
    np.testing.assert_array_equal(frame["up", "web"], [1, np.nan, np.nan, np.nan, 2])


@pytest.mark.parametrize(
    ("objects", "step_s", "error", "text"),
    [
        ([], None, NotEnoughData, "hold no value"),
        ("up", None, InvalidInput, "a str is none of prometheus-api-client's series"),
        ([7], None, InvalidInput, "a int is none of"),
        ([{"metric": UP}], None, InvalidInput, r"this one has \['metric'\]"),
        ([{"metric": UP, "values": [[1, "x"]]}], None, InvalidInput, "pairs of time and number"),
        (pd.DataFrame({"a": [1]}), None, InvalidInput, "has a column value; this one has"),
        (DOCUMENTS[:1], 7, InvalidInput, "are not 7 s apart"),
        (DOCUMENTS[:1], 0, InvalidInput, "are not 0 s apart"),
        (
            [{"metric": UP, "values": [[T0_S, "1"], [T0_S + 15.003, "1"], [T0_S + 1e6, "1"]]}],
            None,
            InvalidInput,
            "query them with a step",
        ),
    ],
)
def test_what_is_none_of_them_is_refused(objects, step_s, error, text):
    with pytest.raises(error, match=text):
        frame_of(objects, step_s)


def test_a_connection_is_taken_over(server):
    url = f"http://{server.address}"
    connection = peer.PrometheusConnect(
        url, headers={"X-Scope-OrgID": "a"}, auth=("me", SECRET), timeout=7
    )
    server.says(success("scalar", [T0_S, "1"]))
    with PrometheusClient.of(connection) as client:
        client.query("1")
        assert (client.url, SECRET in repr(vars(client))) == (url, False)
    assert server.asked[0].headers["X-Scope-OrgID"] == "a"
    assert server.asked[0].headers["Authorization"].startswith("Basic ")
    assert connection_options(connection)["timeout_s"] == 7


def test_what_it_says_of_certificates_is_taken_over(tmp_path):
    connection = peer.PrometheusConnect("https://prometheus", disable_ssl=True)
    assert connection_options(connection)["tls"] == Tls(verify=False)
    session = connection._session
    session.verify, session.cert = str(tmp_path / "ca"), (str(tmp_path / "c"), str(tmp_path / "k"))
    expected = Tls(ca_file=tmp_path / "ca", cert_file=tmp_path / "c", key_file=tmp_path / "k")
    assert connection_options(connection)["tls"] == expected
    session.verify, session.cert = True, str(tmp_path / "both")
    assert connection_options(connection)["tls"] == Tls(cert_file=tmp_path / "both")
    session.cert = None
    assert connection_options(connection) == {
        "url": "https://prometheus",
        "headers": {},
        "auth": None,
        "tls": None,
    }


def test_a_user_and_password_of_requests_are_taken_over():
    connection = peer.PrometheusConnect("http://prometheus", auth=HTTPBasicAuth("me", SECRET))
    assert connection_options(connection)["auth"].basic == ("me", SECRET)


def test_what_cannot_be_taken_over_is_said():
    cases = {
        "own proxy": peer.PrometheusConnect("http://a", proxy={"http": "http://p"}),
        "HTTPDigestAuth": peer.PrometheusConnect("http://a", auth=HTTPDigestAuth("me", SECRET)),
        "a PrometheusConnect is wanted, not a str": "http://a",
    }
    for text, connection in cases.items():
        with pytest.raises(InvalidInput, match=text):
            PrometheusClient.of(connection)
