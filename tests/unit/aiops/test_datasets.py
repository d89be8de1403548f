"""Finding, loading and saving cases: by name, by path, in sets, and all at once or not at all."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aiops import datasets
from aiops.cases import files
from aiops.types import (
    Case,
    Event,
    InvalidCase,
    InvalidInput,
    InvalidMetrics,
    MetricId,
    RootCause,
)

START = datetime(2026, 1, 1, tzinfo=UTC)


def frame(rows=6, columns=(("web", "latency"), ("db", "cpu"))):
    index = pd.date_range(START, periods=rows, freq="60s", name="time", unit="us")
    values = np.arange(rows * len(columns), dtype=float).reshape(rows, -1)
    names = pd.MultiIndex.from_tuples(columns, names=["service", "metric"])
    return pd.DataFrame(values, index=index, columns=names)


def case(**changes):
    facts = {
        "id": "one",
        "metrics": frame(),
        "topology": (("web", "db"),),
        "trigger": MetricId("web", "latency"),
        "inject_time": START + timedelta(minutes=3),
        "root_cause": RootCause("db", (MetricId("db", "cpu"),)),
        "fault": "cpu",
        "system": "shop",
    }
    return Case(**(facts | changes))


def assert_same(left, right):
    pd.testing.assert_frame_equal(left.metrics, right.metrics, check_freq=False)
    assert (left.logs is None) == (right.logs is None)
    if left.logs is not None:
        pd.testing.assert_frame_equal(left.logs, right.logs, check_freq=False)
    for name in ("id", "events", "topology", "trigger", "inject_time", "root_cause", "fault"):
        assert getattr(left, name) == getattr(right, name), name
    assert left.system == right.system


class TestShipped:
    def test_names_are_the_folders_that_hold_a_case(self):
        root = Path(datasets.__file__).parent.parent / "datasets"
        assert list(datasets.names()) == sorted(path.parent.name for path in root.glob("*/*.json"))
        assert len(datasets.names()) >= 3

    @pytest.mark.parametrize("name", datasets.names())
    def test_each_loads_and_names_a_cause_that_was_observed(self, name):
        found = datasets.load(name)
        assert found.id == name
        assert found.root_cause.service in found.metrics.columns.get_level_values("service")
        assert found.topology
        assert found.metrics.index[0] < found.inject_time < found.metrics.index[-1]

    @pytest.mark.parametrize("name", datasets.names())
    def test_each_has_a_card_with_source_commit_and_licence(self, name):
        text = datasets.card(name)
        assert text.startswith(f"# {name}\n")
        assert all(word in text for word in ("source", "commit", "licence", "Known and unknown"))

    def test_together_they_are_small(self):
        root = Path(datasets.__file__).parent.parent / "datasets"
        assert sum(path.stat().st_size for path in root.rglob("*") if path.is_file()) < 2_000_000

    def test_the_list_names_them_all(self):
        text = (Path(datasets.__file__).parent.parent / "datasets" / "README.md").read_text()
        assert all(f"`{name}`" in text for name in datasets.names())

    def test_importing_the_module_loads_no_heavy_package(self):
        code = (
            "import sys, aiops.datasets; aiops.datasets.names(); "
            "print({'pandas', 'numpy', 'pyarrow', 'pydantic'} & set(sys.modules))"
        )
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        )
        assert done.stdout.strip() == "set()"


class TestRoot:
    """In a wheel the data lie inside the package, in a checkout beside it."""

    @pytest.fixture
    def package(self, tmp_path, monkeypatch):
        folder = tmp_path / "site-packages" / "aiops"
        folder.mkdir(parents=True)
        monkeypatch.setattr(datasets, "_package_folder", lambda: folder)
        return folder

    def test_the_package_is_the_one_that_is_imported(self):
        assert datasets._package_folder() == Path(datasets.__file__).parent

    def test_wheel(self, package):
        datasets.save(case(), package / "_datasets" / "inside")
        datasets.save(case(), package.parent / "datasets" / "beside")
        assert datasets.names() == ("inside",)
        assert_same(datasets.load("inside"), case())

    def test_checkout(self, package):
        datasets.save(case(), package.parent / "datasets" / "beside")
        assert datasets.names() == ("beside",)

    def test_a_foreign_package_called_datasets_is_not_mistaken_for_data(self, package):
        foreign = package.parent / "datasets" / "utils"
        foreign.mkdir(parents=True)
        (foreign / "__init__.py").touch()
        assert datasets.names() == ()

    def test_without_data_the_error_says_so(self, package):
        with pytest.raises(InvalidCase, match="no such path exists; the shipped ones are: none"):
            datasets.load("anything")


class TestLoad:
    def test_unknown_name_lists_the_known_ones(self):
        with pytest.raises(InvalidCase) as caught:
            datasets.load("nezha-ob-cpu-frontent")
        assert "no such path exists" in str(caught.value)
        assert all(name in str(caught.value) for name in datasets.names())

    def test_unknown_card(self):
        with pytest.raises(InvalidCase, match=r"no data set is called '\.\./datasets'"):
            datasets.card("../datasets")

    def test_missing_card(self, tmp_path, monkeypatch):
        monkeypatch.setattr(datasets, "home", lambda: tmp_path)
        datasets.save(case(), tmp_path / "bare")
        with pytest.raises(InvalidCase, match=r"bare/README\.md is missing"):
            datasets.card("bare")

    def test_a_file_is_no_folder(self, tmp_path):
        path = tmp_path / "metrics.parquet"
        path.touch()
        with pytest.raises(InvalidCase, match="is a file; give the folder"):
            datasets.load(path)

    def test_a_folder_without_a_case(self, tmp_path):
        with pytest.raises(InvalidCase, match="is no case: it holds neither"):
            datasets.load(tmp_path)

    def test_a_name_goes_before_a_folder_of_that_name_and_a_path_does_not(
        self, tmp_path, monkeypatch
    ):
        name = datasets.names()[0]
        datasets.save(case(), tmp_path / name)
        monkeypatch.chdir(tmp_path)
        assert datasets.load(name).id == name
        assert datasets.load(f"./{name}").id == "one"
        assert datasets.load(Path(name)).id == "one"


class TestSets:
    def test_cases_are_found_at_any_depth_and_grouped_by_their_folder(self, tmp_path):
        for place in ("a/2", "a/1", "b/deep/3", "4"):
            datasets.save(case(), tmp_path / place)
        (tmp_path / "a" / "notes").mkdir()
        assert [str(path.relative_to(tmp_path)) for path in datasets.cases(tmp_path)] == [
            "4", "a/1", "a/2", "b/deep/3"
        ]  # fmt: skip
        assert {name: len(paths) for name, paths in datasets.sets(tmp_path).items()} == {
            tmp_path.name: 1,
            "a": 2,
            "b/deep": 1,
        }

    def test_a_set_given_itself_keeps_its_name_however_it_is_written(self, tmp_path, monkeypatch):
        datasets.save(case(), tmp_path / "mine" / "1")
        monkeypatch.chdir(tmp_path / "mine")
        assert list(datasets.sets(tmp_path / "mine")) == ["mine"]
        assert list(datasets.sets(".")) == ["mine"]

    def test_a_single_case_is_a_set_of_one(self, tmp_path):
        datasets.save(case(), tmp_path / "mine" / "1")
        assert datasets.sets(tmp_path / "mine" / "1") == {"mine": [tmp_path / "mine" / "1"]}

    def test_rcaeval_folders_are_grouped_two_levels_up(self, tmp_path):
        for place in ("RE1/cart_cpu/1", "RE1/cart_cpu/2", "RE1/web_mem/1"):
            folder = tmp_path / place
            folder.mkdir(parents=True)
            (folder / "data.csv").touch()
        assert {name: len(paths) for name, paths in datasets.sets(tmp_path).items()} == {"RE1": 3}

    def test_half_a_case_is_not_passed_over(self, tmp_path):
        folder = datasets.save(case(), tmp_path / "set" / "half")
        (folder / "metrics.parquet").unlink()
        assert datasets.cases(tmp_path) == [folder]
        with pytest.raises(InvalidCase, match=r"half/metrics\.parquet is missing"):
            datasets.load(folder)

    def test_links_are_followed_but_not_in_circles(self, tmp_path):
        store = datasets.save(case(), tmp_path / "store" / "1")
        chosen = tmp_path / "chosen"
        chosen.mkdir()
        (chosen / "picked").symlink_to(store)
        (chosen / "loop").symlink_to(tmp_path / "chosen")
        assert datasets.cases(chosen) == [chosen / "picked"]

    def test_hidden_folders_are_passed_over(self, tmp_path):
        datasets.save(case(), tmp_path / ".draft")
        with pytest.raises(InvalidCase, match="no case in or below"):
            datasets.cases(tmp_path)

    def test_missing_folder(self, tmp_path):
        with pytest.raises(InvalidCase, match="no case in or below"):
            datasets.sets(tmp_path / "absent")


class TestSave:
    def test_everything_comes_back(self, tmp_path):
        times = pd.DatetimeIndex([START, START, START + timedelta(seconds=1)], name="time")
        whole = case(
            logs=pd.DataFrame(
                {
                    "service": ["web"] * 3,
                    "level": ["INFO", None, "ERROR"],
                    "message": ["a", "", "ö"],
                },
                index=times,
                dtype="str",
            ),
            events=(Event(START, "deploy", "web", "v2"), Event(START, "noise")),
        )
        folder = datasets.save(whole, tmp_path / "new" / "one")
        assert sorted(path.name for path in folder.iterdir()) == [
            "case.json", "events.json", "logs.parquet", "metrics.parquet"
        ]  # fmt: skip
        assert_same(datasets.load(folder), whole)

    def test_a_healthy_case_comes_back_healthy(self, tmp_path):
        bare = Case(id="bare", metrics=frame())
        assert_same(datasets.load(datasets.save(bare, tmp_path / "bare")), bare)

    def test_an_empty_folder_may_be_filled_and_a_full_one_may_not(self, tmp_path):
        (tmp_path / "empty").mkdir()
        datasets.save(case(), tmp_path / "empty")
        with pytest.raises(InvalidCase, match="exists already"):
            datasets.save(case(fault="other"), tmp_path / "empty")
        assert datasets.load(tmp_path / "empty").fault == "cpu"

    def test_a_file_is_not_overwritten(self, tmp_path):
        path = tmp_path / "file"
        path.write_text("mine")
        with pytest.raises(InvalidCase, match="exists already"):
            datasets.save(case(), path)
        assert path.read_text() == "mine"

    def test_a_crash_half_way_leaves_nothing(self, tmp_path, monkeypatch):
        def full(*_):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(files, "_write_json", full)
        with pytest.raises(InvalidCase, match=r"cannot write .*No space left"):
            datasets.save(case(), tmp_path / "one")
        assert list(tmp_path.iterdir()) == []

    def test_an_interrupt_half_way_leaves_nothing(self, tmp_path, monkeypatch):
        def interrupt(*_):
            raise KeyboardInterrupt

        monkeypatch.setattr(files, "_write_json", interrupt)
        with pytest.raises(KeyboardInterrupt):
            datasets.save(case(), tmp_path / "one")
        assert list(tmp_path.iterdir()) == []

    def test_of_two_writers_one_wins_whole(self, tmp_path, monkeypatch):
        target = tmp_path / "one"
        write = files.write

        def slow(case, folder):
            write(case, folder)
            if not target.exists():  # somebody else finishes first
                target.mkdir()
                write(case, target)

        monkeypatch.setattr(files, "write", slow)
        with pytest.raises(InvalidCase, match="cannot write"):
            datasets.save(case(), target)
        assert_same(datasets.load(target), case())
        assert list(tmp_path.iterdir()) == [target]

    def test_the_folder_has_the_usual_permissions(self, tmp_path):
        plain = tmp_path / "plain"
        plain.mkdir()
        folder = datasets.save(case(), tmp_path / "one")
        assert folder.stat().st_mode == plain.stat().st_mode

    @pytest.mark.parametrize(
        ("changes", "error", "message"),
        [
            ({"inject_time": datetime(2026, 1, 1)}, InvalidCase, "no time zone"),  # noqa: DTZ001
            ({"inject_time": START - timedelta(1)}, InvalidCase, "outside the window"),
            ({"trigger": MetricId("web", "latncy")}, InvalidCase, "the nearest: web/latency"),
            ({"metrics": frame(2)}, InvalidMetrics, "2 rows are too few"),
            ({"metrics": frame(6, [("a/b", "c")])}, InvalidCase, "rename the service"),
            ({"root_cause": RootCause("")}, InvalidCase, "empty name"),
            ({"root_cause": RootCause("x", (MetricId("x/y", "z"),))}, InvalidCase, "rename"),
            ({"topology": (("", "db"),)}, InvalidCase, "empty name"),
            ({"events": (Event(datetime(2026, 1, 1), "x"),)}, InvalidCase, "no time zone"),  # noqa: DTZ001
            ({"logs": frame()}, InvalidCase, "logs: the columns must be"),
            ({"fault": "\ud800"}, InvalidCase, "surrogates not allowed"),
        ],
    )  # fmt: skip
    def test_what_could_not_be_read_back_is_refused(self, tmp_path, changes, error, message):
        base = {"trigger": None} if "metrics" in changes else {}
        with pytest.raises(error, match=message):
            datasets.save(case(**(base | changes)), tmp_path / "one")
        assert list(tmp_path.iterdir()) == []


names = st.text(st.characters(codec="utf-8", exclude_characters="/\x00"), min_size=1, max_size=6)
texts = st.text(st.characters(codec="utf-8"), max_size=8)
numbers = st.floats(allow_infinity=False, width=64)
moments = st.datetimes(datetime(2026, 1, 1), datetime(2026, 2, 1), timezones=st.just(UTC))  # noqa: DTZ001


@st.composite
def legal_cases(draw):
    columns = draw(
        st.lists(st.tuples(names, texts.filter(bool)), min_size=1, max_size=4, unique=True)
    )
    rows = draw(st.integers(3, 6))
    metrics = frame(rows, columns)
    for place in range(len(columns)):
        metrics.iloc[:, place] = draw(st.lists(numbers, min_size=rows, max_size=rows))
    metrics.iloc[:2, 0] = [0.0, 1.0]  # at least one column must vary
    truth = st.builds(
        RootCause, names, st.lists(st.sampled_from(columns).map(MetricId._make)).map(tuple)
    )
    return Case(
        id=draw(names),
        metrics=metrics,
        events=tuple(draw(st.lists(st.builds(Event, moments, texts, st.none() | texts, texts)))),
        topology=tuple(draw(st.lists(st.tuples(names, names), max_size=3))),
        trigger=draw(st.none() | st.sampled_from(columns).map(MetricId._make)),
        inject_time=draw(st.none() | st.sampled_from([t.to_pydatetime() for t in metrics.index])),
        root_cause=draw(st.none() | truth),
        fault=draw(st.none() | texts),
        system=draw(st.none() | texts),
    )  # fmt: skip


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(legal_cases())
def test_what_is_saved_is_loaded_exactly(tmp_path_factory, written):
    folder = datasets.save(written, tmp_path_factory.mktemp("cases") / "one")
    assert_same(datasets.load(folder), written)


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_damaged_files_give_one_line_and_never_another_error(tmp_path_factory, data):
    folder = datasets.save(case(), tmp_path_factory.mktemp("cases") / "one")
    path = folder / data.draw(st.sampled_from(["case.json", "metrics.parquet"]))
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 8))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content[: data.draw(st.integers(1, len(content)))])
    said = ""
    try:
        datasets.load(folder)
    except InvalidInput as error:
        said = str(error)
    assert not said or str(folder) in said
    assert "\n" not in said
