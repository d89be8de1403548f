import subprocess
import sys
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from aiops import errors, types
from aiops.types import (
    MIN_ROWS,
    STAGES,
    AiopsError,
    Anomaly,
    Case,
    CausalEdge,
    Cause,
    Evidence,
    InvalidInput,
    InvalidMetrics,
    Investigation,
    MetricId,
    Proof,
    Ranking,
    RootCause,
    ServiceScore,
    Stage,
    as_metrics,
    check_metrics,
)

NAMES = ("service", "metric")
WORDS = st.text(min_size=1, max_size=8) | st.sampled_from(["cart", "a/b", "<script>", "ü", " "])
STEPS = st.timedeltas(timedelta(milliseconds=1), timedelta(days=2))
STARTS = st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  bounds must be naive
SAMPLES = st.floats(allow_infinity=False) | st.just(np.nan) | st.just(0.0)


@st.composite
def legal_frames(draw):
    """Any legal frame: a varying column somewhere among constant, empty and arbitrary ones."""
    rows = draw(st.integers(MIN_ROWS, 6))
    names = draw(st.lists(st.tuples(WORDS, WORDS), min_size=1, max_size=3, unique=True))
    blocks = hnp.arrays(float, (rows, len(names)), elements=SAMPLES, fill=SAMPLES)
    values = draw(blocks)
    column = draw(st.integers(0, len(names) - 1))
    values[0, column], values[-1, column] = 1.0, 2.0
    index = pd.date_range(draw(STARTS), periods=rows, freq=pd.Timedelta(draw(STEPS)))
    columns = pd.MultiIndex.from_tuples(names, names=NAMES)
    return pd.DataFrame(values, index=index, columns=columns)


LEGAL = pd.DataFrame(
    {("cart", "cpu"): [1.0, 2.0, 3.0, 4.0], ("db", "cpu"): [5.0, 5.0, 5.0, np.nan]},
    index=pd.date_range("2026-11-22", periods=4, freq="min", tz="UTC"),
).rename_axis(columns=NAMES)


def reindexed(frame, index):
    return frame.set_axis(pd.Index(index), axis=0)


def moved(frame, row, by):
    times = list(frame.index)
    times[row] += by
    return reindexed(frame, pd.DatetimeIndex(times))


def swapped(frame, row):
    order = list(range(len(frame)))
    order[row - 1], order[row] = order[row], order[row - 1]
    return reindexed(frame, frame.index[order])


def renamed(frame, column, name):
    names = list(frame.columns)
    names[column] = name
    return frame.set_axis(pd.MultiIndex.from_tuples(names, names=NAMES), axis=1)


def doubled(frame, column):
    return pd.concat([frame, frame.iloc[:, [column]]], axis=1)


def with_sample(frame, row, column, value):
    frame = frame.copy()
    frame.iloc[row, column] = value
    return frame


def with_dtype(frame, column, dtype):
    return frame.fillna(0.0).clip(-100, 100).astype({frame.columns[column]: dtype})


def label(frame, column):
    return "/".join(frame.columns[column])


def time(frame, row):
    return str(frame.index[row])


# Each entry breaks one rule of check_metrics' docstring at (row, column) of a legal frame and
# says what the error's text must contain.
BREAKAGES = {
    "not a frame": lambda f, r, c: (f.iloc[:, c], "not Series"),
    "no times": lambda f, r, c: (reindexed(f, range(len(f))), "RangeIndex"),
    "text for times": lambda f, r, c: (reindexed(f, [time(f, i) for i in range(len(f))]), "Index"),
    "no time zone": lambda f, r, c: (f.tz_localize(None), "no time zone"),
    "another time zone": lambda f, r, c: (f.tz_convert("Asia/Tokyo"), "Asia/Tokyo"),
    "a missing time": lambda f, r, c: (
        reindexed(f, f.index.where(np.arange(len(f)) != r)),
        "NaT",
    ),
    "too few rows": lambda f, r, c: (f.iloc[: MIN_ROWS - 1], f"{MIN_ROWS - 1} rows are too few"),
    "no rows": lambda f, r, c: (f.iloc[:0], "0 rows are too few"),
    "a time twice": lambda f, r, c: (
        reindexed(f, f.index[[*range(r), r - 1, *range(r + 1, len(f))]]),
        f"time {time(f, r - 1)} occurs twice",
    ),
    "times out of order": lambda f, r, c: (swapped(f, r), f"{time(f, r - 1)} comes too late"),
    "all times backward": lambda f, r, c: (f[::-1], f"{time(f, -2)} comes too late"),
    "an odd step": lambda f, r, c: (
        moved(f, -1, (f.index[1] - f.index[0]) / 2),
        "the index is not regular",
    ),
    "one level of columns": lambda f, r, c: (f.droplevel(0, axis=1), "1 level(s)"),
    "three levels of columns": lambda f, r, c: (
        pd.concat({"x": f}, axis=1, names=["y", *NAMES]),
        "3 level(s)",
    ),
    "columns named otherwise": lambda f, r, c: (
        f.rename_axis(columns=["metric", "service"]),
        "('metric', 'service')",
    ),
    "columns without names": lambda f, r, c: (f.rename_axis(columns=[None, None]), "(None, None)"),
    "an empty service": lambda f, r, c: (renamed(f, c, ("", "m")), repr(("", "m"))),
    "an empty metric": lambda f, r, c: (renamed(f, c, ("s", "")), repr(("s", ""))),
    "a number for a name": lambda f, r, c: (renamed(f, c, ("s", 7)), repr(("s", 7))),
    "a column twice": lambda f, r, c: (doubled(f, c), f"column {label(f, c)} occurs twice"),
    "whole numbers": lambda f, r, c: (with_dtype(f, c, "int64"), f"{label(f, c)} holds int64"),
    "half precision": lambda f, r, c: (with_dtype(f, c, "float32"), f"{label(f, c)} holds float32"),
    "nullable numbers": lambda f, r, c: (
        with_dtype(f, c, "Float64"),
        f"{label(f, c)} holds Float64",
    ),
    "truth values": lambda f, r, c: (with_dtype(f, c, "bool"), f"{label(f, c)} holds bool"),
    "text": lambda f, r, c: (with_dtype(f, c, "str"), f"{label(f, c)} holds str"),
    "plus infinity": lambda f, r, c: (
        with_sample(f, r, c, np.inf),
        f"column {label(f, c)} is infinite at {time(f, r)}",
    ),
    "minus infinity": lambda f, r, c: (
        with_sample(f, r, c, -np.inf),
        f"column {label(f, c)} is infinite at {time(f, r)}",
    ),
    "all constant": lambda f, r, c: (f * 0.0 + 3.0, "no usable column"),
    "all missing": lambda f, r, c: (f * np.nan, "no usable column"),
    "one sample each": lambda f, r, c: (f.iloc[[r]].reindex(f.index), "no usable column"),
    "no columns": lambda f, r, c: (f.iloc[:, :0], "no usable column"),
}


@settings(deadline=None, max_examples=100)
@given(legal_frames())
def test_every_legal_frame_is_accepted_and_left_alone(frame):
    before = frame.copy(deep=True)
    check_metrics(frame)
    assert as_metrics(frame) is frame
    pd.testing.assert_frame_equal(frame, before)


@settings(deadline=None, max_examples=8)
@given(frame=legal_frames(), data=st.data())
@pytest.mark.parametrize("rule", BREAKAGES)
def test_one_broken_rule_is_refused_and_the_text_says_where(rule, frame, data):
    row = data.draw(st.integers(1, len(frame) - 1), "row")
    column = data.draw(st.integers(0, frame.shape[1] - 1), "column")
    with np.errstate(over="ignore"):
        broken, said = BREAKAGES[rule](frame, row, column)
    with pytest.raises(InvalidMetrics) as refused:
        check_metrics(broken)
    assert said in str(refused.value)


@pytest.mark.parametrize("rule", BREAKAGES)
def test_every_refusal_is_one_line_on_a_plain_frame(rule):
    broken, said = BREAKAGES[rule](LEGAL, 2, 1)
    with pytest.raises(InvalidMetrics) as refused:
        check_metrics(broken)
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


def test_an_odd_step_is_shown_beside_the_usual_one():
    with pytest.raises(InvalidMetrics, match=r"0 days 00:02:00 before 2026-11-22 00:04:00\+00:00"):
        check_metrics(moved(LEGAL, -1, timedelta(minutes=1)))


def test_any_spelling_of_utc_is_utc():
    for zone in (UTC, "UTC", "utc"):
        check_metrics(LEGAL.tz_convert(None).tz_localize(zone))


class TestAsMetrics:
    def test_plain_columns_become_services(self):
        lifted = as_metrics(pd.DataFrame({"cpu": [1, 2, 3], 7: [0.5, np.nan, 0.5]}))
        assert list(lifted.columns) == [("cpu", "value"), ("7", "value")]
        assert tuple(lifted.columns.names) == NAMES
        assert (lifted.dtypes == np.float64).all()
        assert lifted[("cpu", "value")].tolist() == [1, 2, 3]

    def test_a_plain_index_counts_seconds(self):
        lifted = as_metrics(pd.DataFrame({"cpu": [1, 2, 3]}, index=pd.RangeIndex(5, 11, 2)))
        assert [time.timestamp() for time in lifted.index] == [5, 7, 9]

    def test_times_are_kept(self):
        frame = LEGAL.set_axis(["a", "b"], axis=1)
        assert as_metrics(frame).index.equals(frame.index)

    def test_the_callers_frame_is_left_alone(self):
        frame = pd.DataFrame({"cpu": [1, 2, 3]})
        as_metrics(frame)
        assert list(frame.columns) == ["cpu"]
        assert frame.index.equals(pd.RangeIndex(3))
        assert frame["cpu"].dtype == np.int64

    def test_nullable_numbers_become_float_with_nan(self):
        lifted = as_metrics(pd.DataFrame({"cpu": pd.array([1, None, 3], dtype="Int64")}))
        np.testing.assert_array_equal(lifted[("cpu", "value")], [1, np.nan, 3])

    @pytest.mark.parametrize(
        ("frame", "said"),
        [
            ([1, 2, 3], "not list"),
            (pd.DataFrame({"cpu": ["1", "2", "3"]}), "'cpu' holds str"),
            (pd.DataFrame({"cpu": [True, False, True]}), "'cpu' holds bool"),
            (pd.DataFrame({"cpu": [1j, 2j, 3j]}), "'cpu' holds complex128"),
            (pd.DataFrame({"cpu": pd.to_datetime(["2026-01-01"] * 3)}), "'cpu' holds datetime64"),
            (pd.DataFrame({1: [1, 2, 3], "1": [1, 2, 3]}), "column 1/value occurs twice"),
            (pd.DataFrame({"": [1, 2, 3]}), "not two non-empty strings"),
            (pd.DataFrame({"cpu": [1, 2, 3]}, index=pd.RangeIndex(3, 0, -1)), "not sorted"),
            (pd.DataFrame({"cpu": [1, 2, 3]}, index=[0, 1, 3]), "give it UTC timestamps"),
            (pd.DataFrame({"cpu": []}, dtype=float), "0 rows are too few"),
            (pd.DataFrame({"cpu": [1, 1, 1]}), "no usable column"),
        ],
    )
    def test_what_cannot_be_lifted_is_refused(self, frame, said):
        with pytest.raises(InvalidMetrics) as refused:
            as_metrics(frame)
        assert said in str(refused.value)


class TestMetricId:
    @given(st.text(min_size=1).filter(lambda text: "/" not in text), st.text(min_size=1))
    def test_what_is_written_can_be_read(self, service, metric):
        series = MetricId(service, metric)
        assert MetricId.parse(str(series)) == series

    @given(st.text())
    def test_what_is_read_is_written_back_or_refused(self, text):
        legal = "/" in text and not text.startswith("/") and text.index("/") < len(text) - 1
        if legal:
            assert str(MetricId.parse(text)) == text
        else:
            with pytest.raises(InvalidInput, match="names no series"):
                MetricId.parse(text)


WEB, DB = MetricId("web", "latency"), MetricId("db", "cpu")
RANKING = Ranking(
    causes=(
        Cause("db", "cpu", 0.7, (Evidence("rose first", 4.0), Evidence("<b>loud</b>"))),
        Cause("web", "latency", 0.2),
        Cause("<script>alert(1)</script>", "x", 0.1),
    ),
    services=(ServiceScore("db", 0.7), ServiceScore("web", 0.2)),
    edges=(CausalEdge(DB, WEB, weight=0.9, lag_s=60.0, source="granger"),),
    confidence=0.755,
    ranker="<i>pagerank</i>",
)


class TestRanking:
    def test_top_takes_from_the_front_and_never_too_many(self):
        assert [cause.series for cause in RANKING.top(2)] == [DB, WEB]
        assert RANKING.top(99) == RANKING.causes
        assert RANKING.top(0) == ()

    def test_services_come_best_first(self):
        assert list(RANKING.by_service().items()) == [("db", 0.7), ("web", 0.2)]

    def test_the_graph_points_from_cause_to_effect(self):
        graph = RANKING.graph()
        assert list(graph.edges) == [(DB, WEB)]
        assert list(graph.successors(DB)) == [WEB]
        assert graph.edges[DB, WEB] == {"weight": 0.9, "lag_s": 60.0, "source": "granger"}

    def test_causes_without_an_edge_are_nodes_too(self):
        assert set(RANKING.graph().nodes) == {cause.series for cause in RANKING.causes}

    def test_html_escapes_every_text_from_outside(self):
        html = RANKING._repr_html_()
        for hostile in ("<script>", "<b>loud", "<i>"):
            assert hostile not in html
        assert "&lt;script&gt;alert(1)&lt;/script&gt;/x" in html
        assert "rose first; &lt;b&gt;loud&lt;/b&gt;" in html
        assert "0.700" in html

    def test_html_shows_ten_causes_and_says_whether_anybody_is_blamed(self):
        many = Ranking(causes=tuple(Cause(f"s{i}", "m", 0.0) for i in range(12)), abstained=True)
        html = many._repr_html_()
        assert "abstains" in html
        assert html.count("<tr>") == 1 + 10
        assert "blames" in RANKING._repr_html_()


def test_an_anomaly_knows_its_series():
    when = datetime(2026, 11, 22, tzinfo=UTC)
    assert Anomaly("db", "cpu", when, when, 9.0, "ewma").series == DB


def test_a_proof_holds_when_every_stage_held():
    held = tuple(Stage(name, ok=True, detail="") for name in STAGES)
    late = Stage("detect", ok=False, detail="late")
    assert Proof(held, (), (), ()).ok
    assert not Proof(tuple(late if s.name == "detect" else s for s in held), (), (), ()).ok
    assert not Proof(held[:-1], (), (), ()).ok


def test_results_show_in_notebooks_with_everything_escaped():
    hostile = Stage("inject", ok=True, detail="<script>")
    assert "&lt;script&gt;" in Proof((hostile,), (), (), ())._repr_html_()
    ranking = Ranking((Cause("<b>", "cpu", 1.0),), (ServiceScore("<b>", 1.0),))
    case = Case("<i>", pd.DataFrame(), root_cause=RootCause("<u>"))
    shown = Investigation(case, None, (), ranking)._repr_html_()
    assert all(f"&lt;{tag}&gt;" in shown and f"<{tag}>" not in shown for tag in "iu")


def test_the_error_tree_is_as_drawn():
    drawn = [line.strip(" │├└─").split()[0] for line in errors.__doc__.splitlines() if "─" in line]
    assert len(drawn) == 10
    assert all(issubclass(getattr(types, name), AiopsError) for name in drawn)


def test_importing_it_costs_the_standard_library_only():
    program = "import sys, aiops.types; print([m for m in ('numpy', 'pandas') if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
