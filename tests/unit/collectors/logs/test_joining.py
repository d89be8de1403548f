"""No line is lost: it becomes an entry, joins one, waits at the top, or is counted as untimed."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops.collectors.logs import joining
from aiops.collectors.logs.entries import Entries, concat
from aiops.collectors.logs.joining import LONGEST, Joiner
from aiops.collectors.logs.stamps import NO_TIME


def lines(*timed):
    times = [NO_TIME if time is None else time for time, _ in timed]
    unread = Entries.unread(pa.array([text for _, text in timed], pa.string()))
    return replace(unread, times=np.array(times, np.int64))


def joined(*parts):
    joiner = Joiner()
    done = [*(joiner.feed(part) for part in parts), joiner.close()]
    return joiner, concat(done)


def test_lines_without_a_time_join_the_entry_above():
    joiner, entries = joined(lines((1, "a"), (None, "  b"), (None, ""), (2, "c"), (None, "\td")))
    assert entries.texts.to_pylist() == ["a\n  b", "c\n\td"]
    assert entries.times.tolist() == [1, 2]
    assert joiner.counts.continued == 3


def test_lines_above_the_first_time_are_kept_with_it_and_counted():
    joiner, entries = joined(lines((None, "banner"), (None, "v1")), lines((None, "go"), (7, "a")))
    assert entries.texts.to_pylist() == ["banner", "v1", "go", "a"]
    assert entries.times.tolist() == [7, 7, 7, 7]
    assert joiner.counts.early == 3


def test_a_file_without_any_time_is_counted():
    joiner, entries = joined(lines((None, "a")), lines((None, "b"), (None, "c")))
    assert (len(entries), joiner.counts.untimed, joiner.counts.lines) == (0, 3, 3)


def test_of_very_many_early_lines_the_first_are_kept_and_cut(monkeypatch):
    monkeypatch.setattr(joining, "MOST_EARLY", 3)
    early = [(None, "x" * (LONGEST + 1)), *((None, str(i)) for i in range(5))]
    joiner, entries = joined(lines(*early[:2]), lines(*early[2:]), lines((7, "a")))
    assert entries.texts.to_pylist() == ["x" * LONGEST, "0", "1", "a"]
    assert (joiner.counts.early, joiner.counts.untimed, joiner.counts.shortened) == (3, 3, 1)


TIMED = st.lists(st.tuples(st.none() | st.integers(0, 9), st.text("ab", min_size=1, max_size=3)))


@settings(deadline=None, max_examples=80)
@given(timed=TIMED, cuts=st.lists(st.integers(0, 30), max_size=4))
def test_where_a_file_is_cut_into_parts_makes_no_difference(timed, cuts):
    places = [0, *sorted(min(cut, len(timed)) for cut in cuts), len(timed)]
    parts = [lines(*timed[low:high]) for low, high in pairwise(places)]
    (whole, entries), (cut, others) = joined(lines(*timed)), joined(*parts)
    assert whole.counts == cut.counts
    assert entries.texts.to_pylist() == others.texts.to_pylist()
    assert entries.times.tolist() == others.times.tolist()


@settings(deadline=None, max_examples=80)
@given(timed=TIMED)
def test_every_line_is_somewhere(timed):
    joiner, entries = joined(lines(*timed))
    counts = joiner.counts
    assert counts.lines == len(timed) == len(entries) + counts.continued + counts.untimed
    if not counts.untimed:
        assert "\n".join(entries.texts.to_pylist()) == "\n".join(text for _, text in timed)


def test_an_endless_entry_is_cut_and_counted():
    more = [lines(*[(None, "é" * 1000)] * 20)] * 4
    joiner, entries = joined(lines((1, "begins")), *more)
    assert (len(entries), len(entries.texts[0].as_py())) == (1, LONGEST)
    assert joiner.counts.shortened > 0
    long, fits = joined(lines((1, "é" * LONGEST)))
    assert (long.counts.shortened, len(fits.texts[0].as_py())) == (0, LONGEST)


def test_a_trace_makes_an_entry_an_error_unless_it_says_what_it_is():
    trace = (None, "Traceback (most recent call last):")
    read = lines((1, "a"), trace, (2, "b"), trace, (3, "c"))
    read = replace(read, levels=pa.array(["", "", "WARN", "", ""]))
    assert joined(read)[1].levels.to_pylist() == ["ERROR", "WARN", ""]


def test_a_level_on_the_second_line_counts():
    read = lines((1, "com.shop.Cart run"), (None, "SEVERE: no stock"))
    assert joined(read)[1].levels.to_pylist() == ["ERROR"]
