"""The files of a case folder: what is accepted, and the one line that refuses the rest."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from aiops.cases import files
from aiops.types import Event, InvalidCase, InvalidMetrics, MetricId, RootCause

INDEX = pd.date_range("2026-01-01", periods=4, freq="60s", tz="UTC", name="time")


def table(**columns):
    return pd.DataFrame(columns or {"web/p95": [1.0, 2.0, 3.0, 4.0]}, index=INDEX)


@pytest.fixture
def write(tmp_path):
    """Write a case folder from its facts (a dict, or text as it is) and its table."""

    def write(facts=None, metrics=None):
        text = facts if isinstance(facts, str) else json.dumps(facts or {})
        (tmp_path / "case.json").write_text(text)
        (table() if metrics is None else metrics).to_parquet(tmp_path / "metrics.parquet")
        return tmp_path

    return write


class TestFacts:
    def test_all_of_them(self, write):
        case = files.read(
            write(
                {
                    "id": "x",
                    "system": "shop",
                    "fault": "cpu",
                    "inject_time": "2026-01-01T01:02:00+01:00",
                    "root_cause": {"service": "db", "metrics": ["db/cpu/user", "web/p95"]},
                    "topology": [["web", "db"]],
                    "trigger": {"service": "web", "metric": "p95"},
                    "a key of somebody else": 1,
                }
            )
        )
        assert case.id == "x"
        assert case.inject_time == datetime(2026, 1, 1, 0, 2, tzinfo=UTC)
        assert case.root_cause == RootCause(
            "db", (MetricId("db", "cpu/user"), MetricId("web", "p95"))
        )
        assert case.topology == (("web", "db"),)
        assert case.trigger == MetricId("web", "p95")
        assert (case.system, case.fault) == ("shop", "cpu")

    @pytest.mark.parametrize("value", [None, "missing"])
    def test_none_of_them(self, write, tmp_path, value):
        keys = ("id", "system", "fault", "inject_time", "root_cause", "topology", "trigger")
        case = files.read(write({} if value else dict.fromkeys(keys)))
        assert case.id == tmp_path.name
        assert case.topology == ()
        assert (case.system, case.fault, case.inject_time) == (None, None, None)
        assert (case.root_cause, case.trigger) == (None, None)

    def test_the_truth_may_be_unobserved(self, write):
        case = files.read(write({"root_cause": {"service": "dark", "metrics": None}}))
        assert case.root_cause == RootCause("dark", ())

    @pytest.mark.parametrize(
        ("facts", "message"),
        [
            ('{\n "id": "x",\n}', "line 3 column 1"),
            ("", "EOF while parsing"),
            ("[" * 100_000, "recursion limit"),
            ("[]", "Input should be an object"),
            ("\xff", "case.json: Invalid JSON"),
            ({"id": 7}, "id: Input should be a valid string"),
            ({"topology": [["web"]]}, "topology.0.1: Field required"),
            ({"topology": [["web", "db", "x"]]}, "topology.0: "),
            ({"topology": [["web", None]]}, "topology.0.1: Input should be a valid string"),
            ({"topology": [["web", ""]]}, "empty name"),
            ({"topology": {"web": "db"}}, "topology: "),
            ({"root_cause": "db"}, "root_cause: "),
            ({"root_cause": {}}, "root_cause.service: Field required"),
            ({"root_cause": {"service": ""}}, "empty name"),
            ({"root_cause": {"service": "db", "metrics": "db/cpu"}}, "root_cause.metrics: "),
            ({"root_cause": {"service": "db", "metrics": ["cpu"]}}, "'cpu' names no series"),
            ({"trigger": {"service": "web"}}, "trigger.metric: "),
            ({"trigger": {"service": "web", "metric": "p59"}}, "nearest: web/p95"),
            ({"trigger": {"service": "zzz", "metric": "qqq"}}, "zzz/qqq is no series"),
            ({"inject_time": "2026-01-01T00:01:00"}, "has no time zone"),
            ({"inject_time": "noon"}, "'noon' is no time"),
            ({"inject_time": ""}, "'' is no time"),
            ({"inject_time": "0001-01-01T00:00:00+23:00"}, "is no time"),
            ({"inject_time": 1767225600}, "inject_time: Input should be a valid string"),
            ({"inject_time": "2025-12-31T23:59:59Z"}, "lies outside the window"),
            ({"inject_time": "2026-01-01T00:03:01Z"}, "lies outside the window"),
        ],
    )
    def test_refused(self, write, tmp_path, facts, message):
        with pytest.raises(InvalidCase) as caught:
            files.read(write(facts))
        assert message in str(caught.value)
        assert str(caught.value).startswith(str(tmp_path / "case.json"))
        assert "\n" not in str(caught.value)

    @pytest.mark.parametrize("edge", ["2026-01-01T00:00:00Z", "2026-01-01T00:03:00Z"])
    def test_both_ends_of_the_window_are_inside(self, write, edge):
        assert files.read(write({"inject_time": edge})).inject_time.minute in {0, 3}

    def test_bytes_that_are_no_text(self, write):
        folder = write()
        (folder / "case.json").write_bytes(b'{"id": "\xff"}')
        with pytest.raises(InvalidCase, match=r"case\.json: "):
            files.read(folder)

    @pytest.mark.parametrize("name", ["case.json", "metrics.parquet"])
    def test_a_missing_file_is_named(self, write, name):
        folder = write()
        (folder / name).unlink()
        with pytest.raises(InvalidCase, match=f"{name} is missing"):
            files.read(folder)

    def test_a_folder_in_the_place_of_a_file(self, write):
        folder = write()
        (folder / "metrics.parquet").unlink()
        (folder / "metrics.parquet").mkdir()
        with pytest.raises(InvalidCase, match=r"metrics\.parquet cannot be read: Is a directory"):
            files.read(folder)


class TestMetrics:
    def test_columns_are_split_at_the_first_slash(self, write):
        case = files.read(
            write(metrics=table(**{"a/b/c": [1.0, 2, 3, 4], "a b/ü": [1.0, 1, 1, 1]}))
        )
        assert list(case.metrics.columns) == [("a", "b/c"), ("a b", "ü")]

    @pytest.mark.parametrize("dtype", ["int8", "int64", "uint64", "float32", "Int64"])
    def test_other_numbers_become_float64_exactly(self, write, dtype):
        numbers = pd.array([1, 2, 3, 4], dtype=dtype)
        case = files.read(write(metrics=table(**{"a/b": numbers})))
        assert case.metrics["a", "b"].dtype == np.float64
        assert case.metrics["a", "b"].tolist() == [1, 2, 3, 4]

    def test_missing_integers_are_nan(self, write):
        numbers = pd.array([1, None, 3, 4], dtype="Int64")
        values = files.read(write(metrics=table(**{"a/b": numbers}))).metrics["a", "b"]
        assert values.isna().tolist() == [False, True, False, False]

    def test_an_empty_column_is_kept(self, write):
        case = files.read(write(metrics=table(**{"a/b": [1.0, 2, 3, 4], "a/none": [None] * 4})))
        assert case.metrics["a", "none"].isna().all()

    def test_a_table_of_another_tool_has_time_as_a_column(self, write, tmp_path):
        folder = write()
        pd.DataFrame({"time": INDEX, "web/p95": [1.0, 2, 3, 4]}).to_parquet(
            tmp_path / "metrics.parquet"
        )
        assert files.read(folder).metrics.index.equals(INDEX)

    @pytest.mark.parametrize(
        ("metrics", "message"),
        [
            (table(p95=[1.0, 2, 3, 4]), "column 'p95' names no series; write it as service/metric"),
            (table(**{"/p95": [1.0, 2, 3, 4]}), "names no series"),
            (table(**{"web/": [1.0, 2, 3, 4]}), "names no series"),
            (table(**{"a/b": ["1", "2", "3", "4"]}), "column a/b holds"),
            (table(**{"a/b": [True, False] * 2}), "column a/b holds bool, not numbers"),
            (table(**{"a/b": INDEX}), "column a/b holds"),
            (table(**{"a/b": [1, 2, 3, 2**53 + 1]}), "integers too large for float64"),
            (table(**{"a/b": [1.0, 2, 3, np.inf]}), "column a/b is infinite"),
            (table(**{"a/b": [1.0] * 4}), "no usable column"),
            (table().tz_localize(None), "no time zone"),
            (table().tz_convert("Europe/Paris"), "use frame.tz_convert"),
            (table().iloc[[0, 2, 1, 3]], "not sorted"),
            (table().iloc[[0, 1, 1, 2]], "occurs twice"),
            (table().iloc[[0, 1, 3]], "not regular"),
            (table().iloc[:2], "too few"),
            (table().iloc[:0], "too few"),
            (table().reset_index(drop=True), "the index is a RangeIndex"),
        ],
    )
    def test_refused(self, write, tmp_path, metrics, message):
        with pytest.raises(InvalidMetrics) as caught:
            files.read(write(metrics=metrics))
        assert message in str(caught.value)
        assert str(caught.value).startswith(str(tmp_path / "metrics.parquet"))

    @pytest.mark.parametrize("content", [b"", b"PAR1", b"time,web/p95\n1,2\n", b"PAR1" * 10])
    def test_what_is_no_parquet(self, write, content):
        folder = write()
        (folder / "metrics.parquet").write_bytes(content)
        with pytest.raises(InvalidCase, match=r"metrics\.parquet is no readable Parquet file: ."):
            files.read(folder)


class TestLogs:
    @pytest.fixture
    def read(self, write):
        def read(logs):
            folder = write()
            logs.to_parquet(folder / "logs.parquet")
            return files.read(folder).logs

        return read

    @staticmethod
    def lines(**columns):
        facts = {"service": ["web"] * 4, "level": ["INFO", None] * 2, "message": list("abcd")}
        return pd.DataFrame(facts | columns, index=INDEX)

    def test_read(self, read):
        assert read(self.lines())["message"].tolist() == list("abcd")

    def test_lines_of_one_moment_are_fine(self, read):
        assert len(read(self.lines().iloc[[0, 0, 1, 1]])) == 4

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            (lambda logs: logs.drop(columns="level"), "the columns must be"),
            (lambda logs: logs.assign(pod="x"), "the columns must be"),
            (lambda logs: logs.assign(level=[1, 2, 3, 4]), "column level holds something"),
            (lambda logs: logs.iloc[::-1], "the times are not in order"),
            (lambda logs: logs.tz_localize(None), "the index must be UTC"),
            (lambda logs: logs.reset_index(drop=True), "the index must be UTC"),
        ],
    )
    def test_refused(self, read, change, message):
        with pytest.raises(InvalidCase, match=rf"logs\.parquet: {message}"):
            read(change(self.lines()))


class TestEvents:
    @pytest.fixture
    def read(self, write):
        def read(events):
            folder = write()
            (folder / "events.json").write_text(json.dumps(events))
            return files.read(folder).events

        return read

    def test_read(self, read):
        early = datetime(2025, 1, 1, tzinfo=UTC)  # a deploy long before the window is no mistake
        later = early + timedelta(hours=1)
        assert read(
            [
                {"time": early.isoformat(), "kind": "deploy", "service": "web", "text": "v2"},
                {"time": later.isoformat(), "kind": "scale"},
            ]
        ) == (Event(early, "deploy", "web", "v2"), Event(later, "scale"))

    @pytest.mark.parametrize(
        ("events", "message"),
        [
            ({}, "events.json: Input should be a valid array"),
            ([{"kind": "deploy"}], "0.time: Field required"),
            ([{"time": "2026-01-01T00:00:00Z"}], "0.kind: Field required"),
            ([{"time": "2026-01-01T00:00:00", "kind": "x"}], "no time zone"),
            ([{"time": "2026-01-01T00:00:00Z", "kind": 1}], "0.kind: Input should be a valid"),
        ],
    )
    def test_refused(self, read, events, message):
        with pytest.raises(InvalidCase) as caught:
            read(events)
        assert message in str(caught.value)
        assert "events.json: " in str(caught.value)


class TestQueries:
    @pytest.fixture
    def read(self, write):
        def read(queries):
            folder = write()
            (folder / "queries.json").write_text(json.dumps(queries))
            return files.read(folder).queries

        return read

    def test_read(self, read):
        assert read({"web/p95": "max(x)"}) == {MetricId("web", "p95"): "max(x)"}

    def test_written_as_they_were(self, write, tmp_path):
        case = replace(files.read(write()), queries={MetricId("web", "p95"): 'x{a="b"}'})
        folder = tmp_path / "again"
        folder.mkdir()
        files.write(case, folder)
        assert files.read(folder).queries == case.queries

    @pytest.mark.parametrize(
        ("queries", "message"),
        [
            ({"p95": "x"}, "names no series"),
            ({"web/p99": "x"}, "a query is given for web/p99, which is no series"),
            ({"web/p95": 1}, "Input should be a valid string"),
            ([], "Input should be"),
        ],
    )
    def test_refused(self, read, queries, message):
        with pytest.raises(InvalidCase, match=message):
            read(queries)
