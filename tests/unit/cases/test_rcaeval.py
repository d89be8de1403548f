"""RCAEval's CSV folders: what their names and columns mean, and that nothing is repaired."""

from datetime import UTC, datetime

import numpy as np
import pytest

from aiops.cases import rcaeval
from aiops.types import InvalidCase, InvalidMetrics, RootCause

START = 1_700_000_000
HEADER = "time,ts-auth-service_cpu,front_end_latency-90"
ROWS = [f"{START + k},{k}.5,{k}" for k in range(4)]


@pytest.fixture
def write(tmp_path):
    def write(
        lines=(HEADER, *ROWS),
        onset=f"{START + 2}\n",
        place="ts-auth-service_cpu/3",
        name="data.csv",
    ):
        folder = tmp_path / place
        folder.mkdir(parents=True)
        (folder / name).write_text("\n".join(lines) + "\n")
        if onset is not None:
            (folder / "inject_time.txt").write_text(onset)
        return folder

    return write


def test_read(write):
    case = rcaeval.read(write())
    assert case.id == "ts-auth-service_cpu/3"
    assert case.root_cause == RootCause("ts-auth-service", ())
    assert case.fault == "cpu"
    assert case.inject_time == datetime.fromtimestamp(START + 2, UTC)
    assert list(case.metrics.columns) == [("ts-auth-service", "cpu"), ("front_end", "latency-90")]
    assert case.metrics.index[0] == datetime.fromtimestamp(START, UTC)
    assert case.metrics["ts-auth-service", "cpu"].tolist() == [0.5, 1.5, 2.5, 3.5]
    assert (case.topology, case.trigger, case.logs) == ((), None, None)


def test_the_label_is_read_from_the_path_even_from_inside(write, monkeypatch):
    folder = write()
    monkeypatch.chdir(folder)
    assert rcaeval.read(type(folder)(".")).root_cause == RootCause("ts-auth-service")


@pytest.mark.parametrize("name", rcaeval.TABLES)
def test_every_name_of_the_table(write, name):
    assert len(rcaeval.read(write(name=name)).metrics) == 4


def test_of_several_tables_the_first_is_read(write):
    folder = write()
    (folder / "metrics.csv").write_text("time\n")
    assert len(rcaeval.read(folder).metrics) == 4


def test_empty_cells_and_columns_are_missing_values(write):
    lines = ["time,a_cpu,a_gone", f"{START},1,", f"{START + 1},,", f"{START + 2},3,"]
    metrics = rcaeval.read(write(lines)).metrics
    assert np.isnan(metrics["a", "cpu"].iloc[1])
    assert metrics["a", "gone"].isna().all()


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["time,time.1,a_cpu", "1,1,1"], "column 'time.1' repeats 'time'"),
        (["time,a_cpu,a_cpu.1", "1,1,1"], "column 'a_cpu.1' repeats 'a_cpu'"),
        (["time,a_cpu,a_cpu", "1,1,1"], "column 'a_cpu' repeats 'a_cpu'"),
        (["time,time,a_cpu", "1,1,1"], "column 'time' repeats 'time'"),
        (["a_cpu,time", "1,1"], "the first column is 'a_cpu'"),
        (["time,cpu", "1,1", "2,2", "3,3"], "column 'cpu' names no series"),
        (["time,_cpu", "1,1", "2,2", "3,3"], "column '_cpu' names no series"),
        (["time,a_", "1,1", "2,2", "3,3"], "column 'a_' names no series"),
        (["time,a_cpu", "1,1", "2,x", "3,3"], "column a_cpu holds"),
        (["time,a_cpu", "1,true", "2,false", "3,true"], "column a_cpu holds bool, not numbers"),
        (["time,a_cpu", "1,1", "2,inf", "3,3"], "column a/cpu is infinite"),
        (["time,a_cpu", "1,1", "1,2", "2,3"], "occurs twice"),
        (["time,a_cpu", "1,1", "2,2", "4,4"], "not regular"),
        (["time,a_cpu", "2,1", "1,2", "0,3"], "not sorted"),
        (["time,a_cpu", "1,1", ",2", "3,3"], "holds NaT"),
        (["time,a_cpu", "2026-01-01,1", "2026-01-02,2"], "not Unix seconds"),
        (["time,a_cpu", "now,1", "later,2"], "not Unix seconds"),
        (["time,a_cpu", "1e300,1", "2e300,2", "3e300,3"], "column 'time': "),
        (["time,a_cpu"], "not Unix seconds"),
        (["time,a_cpu", f"{START},1"], "1 rows are too few"),
    ],
)
def test_tables_that_are_refused(write, lines, message):
    with pytest.raises(InvalidMetrics) as caught:
        rcaeval.read(write(lines))
    assert message in str(caught.value)
    assert "ts-auth-service_cpu/3/data.csv" in str(caught.value)


@pytest.mark.parametrize(
    "lines", [[HEADER, ROWS[0], f"{START + 1},1"], [HEADER, ROWS[0] + ",9"], [""]]
)
def test_rows_of_another_length_are_not_filled(write, lines):
    with pytest.raises(InvalidCase, match=r"data\.csv is no readable CSV table: ."):
        rcaeval.read(write(lines))


@pytest.mark.parametrize("onset", ["", "soon", "nan", "inf", "1e300", "1 2"])
def test_an_onset_that_is_no_time(write, onset):
    with pytest.raises(InvalidCase, match=r"inject_time\.txt: .* is no Unix time"):
        rcaeval.read(write(onset=onset))


def test_an_onset_outside_the_window(write):
    with pytest.raises(InvalidCase, match=r"inject_time\.txt: .* lies outside the window"):
        rcaeval.read(write(onset=str(START - 1)))


def test_a_missing_onset(write):
    with pytest.raises(InvalidCase, match=r"inject_time\.txt is missing"):
        rcaeval.read(write(onset=None))


def test_a_missing_table(write):
    with pytest.raises(InvalidCase, match=r"holds none of data\.csv"):
        rcaeval.read(write(name="other.csv"))


@pytest.mark.parametrize("place", ["cart/1", "_cpu/1", "cart_/1"])
def test_a_folder_that_does_not_tell_the_cause(write, place):
    with pytest.raises(InvalidCase, match="the root cause is unknown"):
        rcaeval.read(write(place=place))
