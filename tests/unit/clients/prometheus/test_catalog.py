"""What a server has: how it is asked, and how its answers are read."""

import pytest

from aiops.clients.prometheus import Metadata
from aiops.types import InvalidInput, Unreachable
from tests.unit.clients.prometheus.replies import T0, T0_S, UP, Reply, at, failure, success


def told(data):
    return Reply({"status": "success", "data": data})


def test_names_of_labels_and_their_values(server, client):
    server.says(told(["job", "pod"]))
    assert client.labels() == ("job", "pod")
    assert client.label_values("a/b c") == ("job", "pod")
    assert [asked.path for asked in server.asked] == [
        "/api/v1/labels",
        "/api/v1/label/a%2Fb%20c/values",
    ]


def test_series_are_label_sets_of_all_selectors(server, client):
    server.says(told([UP, {"__name__": "x"}]))
    assert client.series(["up", '{a="b&c"}'], T0, at(60)) == (UP, {"__name__": "x"})
    asked = server.asked[0]
    assert asked.path == "/api/v1/series"
    assert asked.fields == {
        "match[]": ["up", '{a="b&c"}'],
        "start": [f"{T0_S}.000"],
        "end": [f"{T0_S + 60}.000"],
    }


@pytest.mark.parametrize("selectors", [[], (), "up"])
def test_series_want_a_list_of_selectors(client, selectors):
    with pytest.raises(InvalidInput, match="give a list, as"):
        client.series(selectors, T0, T0)


def test_metadata_is_of_the_first_target_that_knows(server, client):
    unknown = {"type": "unknown", "help": "", "unit": ""}
    counter = {"type": "counter", "help": "Seen.", "unit": "bytes"}
    server.says(told({"a": [unknown, counter], "b": [unknown], "c": [], "d": [{"type": ""}]}))
    assert client.metadata() == {
        "a": Metadata("counter", "bytes", "Seen."),
        "b": Metadata("unknown", "", ""),
        "d": Metadata("unknown", "", ""),
    }


def test_a_server_without_metadata_says_so(server, client):
    server.says(Reply(b"not found", 404, "text/plain"))
    with pytest.raises(InvalidInput, match="the server has no /api/v1/metadata"):
        client.metadata()


def test_series_are_counted_by_promql(server, client):
    server.says(success("vector", [{"metric": {}, "value": [T0_S, "1234"]}]), success("vector", []))
    assert client.count_series(T0) == 1234
    assert client.count_series(selector="up") == 0
    assert [asked.form["query"] for asked in server.asked] == [
        'count({__name__!=""})',
        "count(up)",
    ]


def scraped(*gaps):
    seconds = [sum(gaps[:count]) for count in range(len(gaps) + 1)]
    return {"metric": UP, "values": [[T0_S + second, "1"] for second in seconds]}


def test_the_scrape_interval_is_the_median_of_all_gaps(server, client):
    server.says(success("matrix", [scraped(15, 15.004, 14.996), scraped(60), scraped()]))
    assert client.scrape_interval_s(at(60)) == pytest.approx(15.002)
    assert server.asked[0].form == {"query": "up[600s]", "time": f"{T0_S + 60}.000"}


def test_without_two_scrapes_there_is_no_interval(server, client):
    server.says(success("matrix", [scraped()]), success("matrix", []))
    assert client.scrape_interval_s() is None
    assert client.scrape_interval_s() is None


def test_the_version_is_what_the_server_says(server, client):
    server.says(told({"version": "3.5.0"}), told({}))
    assert client.version() == "3.5.0"
    assert client.version() == ""


@pytest.mark.parametrize("data", [None, 7, [7], {"a": 7}, {"a": [7]}])
def test_metadata_of_another_shape_is_one_line(server, client, data):
    server.says(told(data))
    with pytest.raises(Unreachable, match="cut short or not Prometheus'"):
        client.metadata()


@pytest.mark.parametrize("data", [None, 7, [7], ["ab"]])
def test_series_of_another_shape_are_one_line(server, client, data):
    server.says(told(data))
    with pytest.raises(Unreachable, match="cut short or not Prometheus'"):
        client.series(["up"], T0, T0)


def test_a_refused_selector_is_explained(server, client):
    server.says(failure(400, "bad_data", 'invalid parameter "match[]": parse error'))
    with pytest.raises(InvalidInput, match=r'400 invalid parameter "match\[\]": parse error'):
        client.series(["up{"], T0, T0)
