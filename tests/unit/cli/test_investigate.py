"""`aiops investigate`: its JSON document, its words for a person, and what it refuses."""

import json
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from aiops import datasets
from aiops.cli.investigation import document, show, verdict
from aiops.types import (
    Case,
    Cause,
    Evidence,
    Investigation,
    MetricId,
    Ranking,
    RootCause,
    ServiceScore,
)

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
ONSET = START + timedelta(minutes=45)


class TestDocument:
    def test_holds_what_the_interface_promises(self, aiops, case):
        answer = aiops("investigate", case, "--json")
        assert answer.code == 0
        found = answer.json
        assert set(found) == {
            "case", "kept", "read", "onset", "anomalies", "ranking", "services",
            "graph", "confidence", "abstained", "reason", "truth",
        }  # fmt: skip
        assert found["case"] == "slow-db"
        assert datetime.fromisoformat(found["onset"]) == ONSET
        assert 0 <= found["confidence"] <= 1
        assert found["abstained"] is False
        assert found["truth"] == {"service": "db", "metrics": ["db/latency"]}

    def test_services_and_series_are_ranked(self, aiops, case):
        found = aiops("investigate", case, "--json").json
        assert found["services"][0]["service"] == "db"
        for ranked in (found["services"], found["ranking"]):
            scores = [entry["score"] for entry in ranked]
            assert scores == sorted(scores, reverse=True)
        assert {(entry["service"], entry["metric"]) for entry in found["ranking"]} == set(
            datasets.load(case).metrics.columns
        )
        for entry in found["ranking"]:
            assert set(entry) == {"service", "metric", "score", "evidence"}
            assert all(set(item) == {"text", "value", "query"} for item in entry["evidence"])

    def test_the_graph_points_from_cause_to_effect(self, aiops, case):
        graph = aiops("investigate", case, "--json").json["graph"]
        ends = {edge[end] for edge in graph["edges"] for end in ("cause", "effect")}
        assert ends == set(graph["nodes"])
        assert all(MetricId.parse(node) for node in graph["nodes"])
        services = {
            (MetricId.parse(edge["cause"]).service, MetricId.parse(edge["effect"]).service)
            for edge in graph["edges"]
        }
        assert ("db", "web") in services
        assert all(edge["weight"] >= 0 and edge["lag_s"] >= 0 for edge in graph["edges"])

    def test_anomalies_are_those_of_the_broken_series(self, aiops, case):
        anomalies = aiops("investigate", case, "--json").json["anomalies"]
        assert {(one["service"], one["metric"]) for one in anomalies} == {
            ("db", "cpu"), ("db", "latency"), ("web", "latency"),
        }  # fmt: skip
        for one in anomalies:
            start, end = (datetime.fromisoformat(one[key]) for key in ("start", "end"))
            assert ONSET <= start <= end
            assert one["score"] >= 6
            assert one["detector"]

    def test_metrics_that_the_label_does_not_name_are_null(self, aiops, save):
        folder = save(root_cause=RootCause("db"))
        assert aiops("investigate", folder, "--json").json["truth"] == {
            "service": "db",
            "metrics": None,
        }

    def test_a_ranking_without_an_onset_says_null(self, metrics):
        ranking = Ranking(causes=(), services=(ServiceScore("db", float("nan")),))
        found = document(Investigation(Case("c", metrics), None, (), ranking))
        assert found["onset"] is None


@pytest.fixture
def metrics(case):
    """The metrics of the incident."""
    return datasets.load(case).metrics


class TestWhatIsKnown:
    def test_without_an_inject_time_the_onset_is_found(self, aiops, save):
        found = aiops("investigate", save(inject_time=None), "--json").json
        assert datetime.fromisoformat(found["onset"]) == ONSET
        assert found["services"][0]["service"] == "db"

    def test_detected_ignores_the_inject_time(self, aiops, save):
        folder = save(inject_time=START + timedelta(minutes=20))
        given, found = (
            aiops("investigate", folder, "--onset", onset, "--json").json["onset"]
            for onset in ("given", "detected")
        )
        assert datetime.fromisoformat(given) == START + timedelta(minutes=20)
        assert datetime.fromisoformat(found) == ONSET

    @pytest.mark.parametrize(
        "at", ["2026-03-01T12:40:00Z", "2026-03-01T12:39:01+00:00", "20260301T144000+02:00"]
    )
    def test_at_goes_before_the_inject_time(self, aiops, case, at):
        onset = aiops("investigate", case, "--at", at, "--json").json["onset"]
        assert datetime.fromisoformat(onset) == START + timedelta(minutes=40)

    def test_without_a_label_the_truth_is_null(self, aiops, save):
        folder = save(root_cause=None, fault=None)
        assert aiops("investigate", folder, "--json").json["truth"] is None
        assert "truth" not in aiops("investigate", folder).out

    def test_without_a_call_graph_the_cause_is_found_all_the_same(self, aiops, save):
        found = aiops("investigate", save(topology=()), "--json").json
        assert found["services"][0]["service"] == "db"

    def test_a_trigger_of_the_callers_choice_goes_before_the_cases_own(self, aiops, save):
        folder = save(trigger=MetricId("cache", "cpu"))
        own, other = (
            aiops("investigate", folder, *words, "--json").json["ranking"]
            for words in ([], ["--trigger", "web/latency"])
        )
        assert [entry["metric"] for entry in own[:1]] == ["cpu"]
        assert [entry["metric"] for entry in other[:1]] == ["latency"]

    def test_constant_and_empty_columns_are_normal(self, aiops, save, metrics):
        wide = metrics.copy()
        wide["db", "replicas"] = 3.0
        wide["web", "queue"] = np.nan
        found = aiops("investigate", save("wide", metrics=wide), "--json").json
        names = {(entry["service"], entry["metric"]) for entry in found["ranking"]}
        assert {("db", "replicas"), ("web", "queue")} <= names
        assert found["services"][0]["service"] == "db"

    def test_a_calm_in_which_nothing_moved_at_all(self, aiops, save, metrics):
        still = metrics.copy()
        still[still.index < ONSET] = 1.0
        found = aiops("investigate", save("still", metrics=still), "--json")
        assert found.code == 0
        assert found.json["anomalies"]

    def test_an_onset_in_the_last_row(self, aiops, save, metrics):
        fresh = metrics.copy()
        fresh.iloc[45:-1] = fresh.iloc[:14]
        last = fresh.index[-1].to_pydatetime()
        folder = save("fresh", metrics=fresh, inject_time=last)
        answer = aiops("investigate", folder, "--json")
        assert answer.code == 0
        assert datetime.fromisoformat(answer.json["onset"]) == last
        assert answer.json["services"][0]["service"] == "db"


class TestHealthy:
    @pytest.fixture
    def healthy(self, save, metrics):
        calm = metrics.copy()
        calm[:] = 10 + np.random.default_rng(1).normal(size=calm.shape)
        return save("healthy", metrics=calm, root_cause=None, fault="none")

    def test_nobody_is_blamed(self, aiops, healthy):
        found = aiops("investigate", healthy, "--json").json
        assert found["abstained"] is True
        assert found["truth"] is None
        assert found["ranking"]

    def test_a_person_reads_that_nobody_is_blamed_and_where_to_look_all_the_same(
        self, aiops, healthy
    ):
        lines = aiops("investigate", healthy).out.splitlines()
        assert lines[1].startswith("nobody is blamed")
        assert "if it is a fault after all, look here first" in lines


class TestWords:
    def test_what_a_person_reads(self, aiops, case):
        answer = aiops("investigate", case)
        assert (answer.code, answer.err) == (0, "")
        lines = answer.out.splitlines()
        assert lines[0] == "slow-db, onset 2026-03-01T12:45:00+00:00 (given)"
        assert lines[1].startswith("db is to blame, confidence 0.")
        assert lines[1].endswith("(truth: db, right)")
        assert "1. db/latency" in lines
        assert any(line.startswith("   rose from ") for line in lines)
        assert lines[-1] == "the first 5 of 6 series; --json prints them all"

    def test_whether_the_onset_was_given_or_found(self, aiops, case):
        found = aiops("investigate", case, "--onset", "detected").out.splitlines()
        assert found[0] == "slow-db, onset 2026-03-01T12:45:00+00:00 (found)"
        between = aiops("investigate", case, "--at", "2026-03-01T12:44:30Z").out.splitlines()
        assert between[0] == "slow-db, onset 2026-03-01T12:45:00+00:00 (given)"

    def test_an_alert_that_came_late_is_said_to_be_late(self, aiops, case):
        late = aiops("investigate", case, "--at", "2026-03-01T12:58:00Z").out.splitlines()
        assert late[0] == (
            "slow-db, onset 2026-03-01T12:45:00+00:00 "
            "(found; nothing stands out from 2026-03-01T12:58:00+00:00)"
        )

    def test_an_alert_that_came_early_is_said_to_be_early(self, capsys, metrics):
        ranking = Ranking(causes=(), services=(ServiceScore("db", 1.0),))
        found = Investigation(Case("c", metrics), ONSET, (), ranking)
        show(found, told=ONSET - timedelta(minutes=1))
        assert capsys.readouterr().out.splitlines()[0] == (
            "c, onset 2026-03-01T12:45:00+00:00 "
            "(found; nothing stands out from 2026-03-01T12:44:00+00:00)"
        )

    def test_a_wrong_verdict_is_called_wrong(self, aiops, save):
        folder = save(root_cause=RootCause("cache"))
        assert "(truth: cache, wrong)" in aiops("investigate", folder).out

    def test_an_abstention_is_called_one(self, aiops, save, metrics):
        calm = metrics.copy()
        calm[:] = 10 + np.random.default_rng(1).normal(size=calm.shape)
        folder = save("calm", metrics=calm)
        assert "(truth: db, abstained)" in aiops("investigate", folder).out

    def test_all_series_of_a_small_case_are_shown(self, capsys, metrics):
        ranking = Ranking(
            causes=(Cause("db", "cpu", 1.0, (Evidence("rose"),)),),
            services=(ServiceScore("db", 1.0),),
            confidence=0.5,
        )
        show(Investigation(Case("c", metrics), None, (), ranking), told=ONSET)
        assert capsys.readouterr().out.splitlines() == [
            "c, onset unknown",
            "db is to blame, confidence 0.50",
            "",
            "blame  service",
            "1.000  db",
            "",
            "1. db/cpu",
            "   rose",
        ]

    def test_series_are_whole_on_a_narrow_terminal(self, aiops, monkeypatch):
        monkeypatch.setenv("COLUMNS", "30")
        [name, *_] = datasets.names()
        series = aiops("investigate", name, "--json").json["ranking"][:5]
        text = aiops("investigate", name).out
        for place, entry in enumerate(series, start=1):
            assert f"\n{place}. {entry['service']}/{entry['metric']}\n" in text

    def test_names_from_outside_do_not_speak_to_the_terminal(self, aiops, save, metrics):
        hostile = metrics.rename(columns={"db": "\x1b]0;[red]db"}, level="service")
        folder = save("hostile", metrics=hostile, root_cause=None, topology=())
        text = aiops("investigate", folder).out
        assert "\x1b" not in text
        assert r"\x1b]0;[red]db is to blame" in text
        ranked = aiops("investigate", folder, "--json").json["services"]
        assert ranked[0]["service"] == "\x1b]0;[red]db"

    def test_the_verdict_stands_alone(self, metrics):
        ranking = Ranking(causes=(), services=(ServiceScore("db", 1.0),), confidence=0.5)
        case = Case("c", metrics, root_cause=RootCause("db"))
        text = verdict(Investigation(case, None, (), ranking))
        assert text == "db is to blame, confidence 0.50 (truth: db, right)"


class TestReport:
    def test_is_written_where_it_was_asked_for(self, aiops, case, tmp_path):
        path = tmp_path / "report.html"
        answer = aiops("investigate", case, "--report", path)
        assert answer.code == 0
        assert answer.out.splitlines()[-1] == f"report: {path}"
        assert "slow-db" in path.read_text()

    def test_json_stays_alone_on_stdout(self, aiops, case, tmp_path):
        path = tmp_path / "report.html"
        assert aiops("investigate", case, "--report", path, "--json").json["case"] == "slow-db"
        assert path.exists()

    def test_into_a_missing_folder(self, aiops, case, tmp_path, refused):
        answer = aiops("investigate", case, "--report", tmp_path / "no" / "report.html")
        refused(answer, tmp_path / "no", "report.html", "create it first")

    def test_onto_a_folder(self, aiops, case, tmp_path, refused):
        refused(aiops("investigate", case, "--report", tmp_path), tmp_path, "is a folder")


class TestBadOptions:
    def test_a_trigger_that_is_no_series(self, aiops, case, refused):
        answer = aiops("investigate", case, "--trigger", "latency")
        refused(answer, "--trigger", "'latency'", "service/metric")

    def test_a_trigger_that_does_not_exist(self, aiops, case, refused):
        answer = aiops("investigate", case, "--trigger", "db/latencies")
        refused(answer, "--trigger", "'db/latencies'", "the nearest is 'db/latency'")

    def test_the_nearest_series_keeps_the_line_short(self, aiops, refused):
        answer = aiops("investigate", datasets.names()[0], "--trigger", "a/b")
        refused(answer, "--trigger 'a/b'", "the nearest is")
        assert len(answer.err) < 200

    @pytest.mark.parametrize("at", ["yesterday", "12:40", "2026-13-01T00:00:00Z", ""])
    def test_a_time_that_is_none(self, aiops, case, refused, at):
        refused(aiops("investigate", case, "--at", at), f"--at {at!r}", "2026-01-05T14:05:00+00:00")

    def test_a_time_before_all_times(self, aiops, case, refused):
        refused(aiops("investigate", case, "--at", "0001-01-01T00:00:00+05:00"), "--at", "no time")

    @pytest.mark.parametrize("at", ["2026-03-01T12:45:00", "2026-03-01", "2026-03-01 12:45"])
    def test_a_time_without_a_zone_comes_back_with_one(self, aiops, case, refused, at):
        answer = aiops("investigate", case, "--at", at)
        refused(answer, f"--at {at} has no time zone")
        [_, offered] = answer.err.split("write ")
        moment = datetime.fromisoformat(offered.removesuffix(" for UTC\n"))
        assert moment == datetime.fromisoformat(at).replace(tzinfo=UTC)

    @pytest.mark.parametrize("at", ["2026-03-01T11:59:59Z", "2030-01-01T00:00:00Z"])
    def test_a_time_outside_the_metrics(self, aiops, case, refused, at):
        answer = aiops("investigate", case, "--at", at)
        refused(answer, datetime.fromisoformat(at).isoformat(), START.isoformat(), "inside")

    def test_a_time_too_early_to_know_what_is_normal(self, aiops, case, refused):
        answer = aiops("investigate", case, "--at", "2026-03-01T12:02:00Z")
        refused(answer, "2 rows lie before the onset", "at least")

    def test_a_time_and_the_wish_to_find_it(self, aiops, case, refused):
        answer = aiops(
            "investigate", case, "--onset", "detected", "--at", "2026-03-01T12:45:00+00:00"
        )
        refused(answer, "--at", "--onset detected", "leave one out")


def with_index(metrics, index):
    return metrics.set_axis(index, axis=0).rename_axis("time")


def swapped(index):
    order = list(range(len(index)))
    order[3], order[4] = 4, 3
    return index[order]


BAD_TABLES = {
    "text in a column": (
        lambda table: table.assign(**{"web/host": "a"}),
        ["web/host", "not numbers", "drop or convert it"],
    ),
    "flags in a column": (
        lambda table: table.assign(**{"web/up": True}),
        ["web/up", "bool", "drop or convert it"],
    ),
    "a column without a slash": (
        lambda table: table.assign(latency=1.0),
        ["'latency'", "service/metric"],
    ),
    "a naive index": (
        lambda table: with_index(table, table.index.tz_localize(None)),
        ["time zone", "tz_localize('UTC')"],
    ),
    "an index in local time": (
        lambda table: with_index(table, table.index.tz_convert("Europe/Berlin")),
        ["Europe/Berlin", "tz_convert('UTC')"],
    ),
    "an unsorted index": (
        lambda table: with_index(table, swapped(table.index)),
        ["not sorted", "12:03:00", "sort_index()"],
    ),
    "a time twice": (
        lambda table: pd.concat([table.iloc[:5], table.iloc[4:]]),
        ["12:04:00", "occurs twice", "keep one"],
    ),
    "a hole": (
        lambda table: table.drop(table.index[7]),
        ["not regular", "12:08:00", "resample"],
    ),
    "no time at all": (
        lambda table: table.reset_index(drop=True),
        ["index", "UTC"],
    ),
    "no usable column": (
        lambda table: table * 0 + 1.0,
        ["no usable column", "check the window"],
    ),
    "no value at all": (
        lambda table: table * np.nan,
        ["no usable column", "check the window"],
    ),
    "an infinite value": (
        lambda table: table.replace(table.iloc[2, 0], np.inf),
        ["cache/cpu", "infinite", "use NaN"],
    ),
    "two rows": (lambda table: table.iloc[:2], ["2 rows are too few", "at least 3"]),
    "no rows": (lambda table: table.iloc[:0], ["0 rows are too few", "at least 3"]),
}

BAD_FACTS = {
    "no JSON": ("{", ["EOF"]),
    "no object": ("[]", ["object"]),
    "an unzoned time": ('{"inject_time": "2026-03-01T12:45:00"}', ["no time zone", "+00:00"]),
    "no time": ('{"inject_time": "noon"}', ["'noon'", "2026-01-31T12:00:00+00:00"]),
    "a number for a time": ('{"inject_time": 3}', ["inject_time", "string"]),
    "a time outside": (
        '{"inject_time": "2020-01-01T00:00:00+00:00"}',
        ["inject_time", "outside the window"],
    ),
    "a root cause without a service": ('{"root_cause": {}}', ["root_cause", "service"]),
    "a bad metric": ('{"root_cause": {"service": "a", "metrics": ["b"]}}', ["'b'", "service/metr"]),
    "a trigger that is no series": (
        '{"trigger": {"service": "db", "metric": "lag"}}',
        ["trigger db/lag", "nearest"],
    ),
    "an edge with three ends": ('{"topology": [["a", "b", "c"]]}', ["topology"]),
}


@pytest.fixture(params=[["investigate"], ["investigate", "--json"], ["eval", "rca"]], ids=" ".join)
def look_at(request, aiops):
    """Each command that reads cases."""
    return lambda folder: aiops(*request.param, folder)


class TestBadCases:
    @pytest.mark.parametrize("name", BAD_TABLES)
    def test_a_bad_table(self, look_at, case, refused, name):
        spoil, words = BAD_TABLES[name]
        path = case / "metrics.parquet"
        spoil(pd.read_parquet(path)).to_parquet(path)
        refused(look_at(case), path, *words)

    @pytest.mark.parametrize("name", BAD_FACTS)
    def test_bad_facts(self, look_at, case, refused, name):
        text, words = BAD_FACTS[name]
        path = case / "case.json"
        path.write_text(text)
        refused(look_at(case), path, *words)

    @pytest.mark.parametrize("name", ["metrics.parquet", "case.json"])
    def test_half_a_case(self, look_at, case, refused, name):
        (case / name).unlink()
        refused(look_at(case), case / name, "is missing")

    def test_a_table_that_is_none(self, look_at, case, refused):
        path = case / "metrics.parquet"
        path.write_bytes(b"PAR1 no more")
        refused(look_at(case), path, "no readable Parquet file")

    def test_an_empty_folder(self, look_at, tmp_path, refused):
        empty = tmp_path / "empty"
        empty.mkdir()
        refused(look_at(empty), empty, "case.json and metrics.parquet")

    def test_a_file(self, look_at, case, refused):
        refused(look_at(case / "case.json"), case / "case.json", "folder")

    def test_nothing_there(self, look_at, tmp_path, refused):
        refused(look_at(tmp_path / "gone"), tmp_path / "gone")


def test_an_unknown_name_lists_the_known_ones(aiops, refused):
    refused(aiops("investigate", "nezha-ob-gpu"), "'nezha-ob-gpu'", *datasets.names())


def test_rcaevals_folders_are_read_too(aiops, case, tmp_path):
    """The table of the incident, as RCAEval's archives hold it."""
    metrics = datasets.load(case).metrics
    folder = tmp_path / "rcaeval" / "db_delay" / "1"
    folder.mkdir(parents=True)
    table = metrics.set_axis(["_".join(name) for name in metrics.columns], axis=1)
    seconds = (table.index - pd.Timestamp(0, tz="UTC")) // pd.Timedelta("1s")
    table.assign(time=seconds)[["time", *table.columns]].to_csv(folder / "data.csv", index=False)
    (folder / "inject_time.txt").write_text(f"{ONSET.timestamp():.0f}\n")
    found = aiops("investigate", folder, "--json").json
    assert found["truth"] == {"service": "db", "metrics": None}
    assert found["services"][0]["service"] == "db"


@pytest.mark.parametrize("name", datasets.names())
def test_every_shipped_incident(aiops, name):
    answer = aiops("investigate", name, "--json")
    assert answer.code == 0
    truth = json.loads((datasets.home() / name / "case.json").read_text())["root_cause"]
    assert answer.json["truth"] == truth
