"""The text format as exporters write it, with their names, their times and their oddities."""

import math
import sys

import pytest

from aiops.collectors.raw.exposition import parse_exposition
from aiops.types import InvalidInput

TEXT = r"""
# HELP failures How often it failed.
# TYPE failures counter
failures{pod="a",why="said \"no\"\n"} 3 1795387512387
# TYPE served_total counter
served_total 5
# TYPE took_seconds histogram
took_seconds_bucket{le="+Inf"} 2
took_seconds_sum 3.5
took_seconds_count 2
bare NaN
"""


def read(**options):
    return {one.labels["__name__"]: one for one in parse_exposition(TEXT, 90_000, **options)}


def test_names_labels_and_times_are_those_that_were_written():
    found = read()
    assert set(found) == {
        "failures", "served_total", "took_seconds_bucket", "took_seconds_sum",
        "took_seconds_count", "bare",
    }  # fmt: skip
    assert found["failures"].labels["why"] == 'said "no"\n'
    assert found["failures"].times.tolist() == [1795387512387]
    assert found["served_total"].times.tolist() == [90_000]
    assert found["served_total"].samples.tolist() == [5.0]
    assert math.isnan(found["bare"].samples[0])


def test_only_the_names_that_are_wanted_are_read():
    assert set(read(only=["failures", "took_seconds"])) == {"failures"}


@pytest.mark.parametrize("odd", ["\u2028", "\x85", "\x0c"])
def test_a_line_ends_at_a_line_break_alone(odd):
    (one,) = parse_exposition(f'up{{pod="a{odd}b"}} 1\n', 0, only=["up"])
    assert one.labels["pod"] == f"a{odd}b"


def test_a_name_is_no_prefix():
    assert parse_exposition("cpu_total 1\ncpu 2\n", 0, only=["cpu"])[0].samples.tolist() == [2.0]


@pytest.mark.parametrize("text", ["up one", 'up{pod="a" 1', "up 1 NaN", "up 1 1e300"])
def test_what_breaks_the_format_is_one_clear_line(text):
    with pytest.raises(InvalidInput, match="breaks the text format") as refused:
        parse_exposition(text, 0)
    assert "\n" not in str(refused.value)


def test_without_the_library_it_is_said_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "prometheus_client.parser", None)
    with pytest.raises(InvalidInput, match=r"pip install 'aiops-toolkit\[kubernetes\]'"):
        parse_exposition("up 1", 0)
