import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops.reports import words

THIN = "\u202f"


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0, "", "0"),
        (0, "s", f"0{THIN}s"),
        (1, "", "1"),
        (999.6, "", f"1{THIN}k"),
        (12_400, "", f"12.4{THIN}k"),
        (-12_400, "", f"\u221212.4{THIN}k"),
        (0.001, "", "0.001"),
        (0.00042, "", f"420{THIN}µ"),
        (0.00042, "s", f"420{THIN}µs"),
        (0.9996, "s", f"1{THIN}s"),
        (27.94, "s", f"27.9{THIN}s"),
        (1234, "s", f"1,230{THIN}s"),
        (3.5e9, "B", f"3.5{THIN}GB"),
        (0.5, "B", f"0.5{THIN}B"),
        (2_000, "/s", f"2{THIN}k/s"),
        (4.28, "%", f"4.28{THIN}%"),
        (123_456, "%", f"123,000{THIN}%"),
        (float("inf"), "s", "∞"),
        (float("-inf"), "", "\u2212∞"),
        (float("nan"), "B", "no value"),
    ],
)
def test_numbers_are_short_and_carry_their_unit(value, unit, text):
    assert words.number(value, unit) == text


@given(st.floats(allow_nan=False, allow_infinity=False, min_value=1e-9, max_value=9e14))
@settings(deadline=None, max_examples=200)
def test_a_plain_number_reads_back_to_three_digits(value):
    scale = {"T": 1e12, "G": 1e9, "M": 1e6, "k": 1e3, "µ": 1e-6, "n": 1e-9}
    digits, _, prefix = words.number(value).partition(THIN)
    assert float(digits.replace(",", "")) * scale.get(prefix, 1) == pytest.approx(value, rel=6e-3)


@pytest.mark.parametrize(
    ("metric", "unit"),
    [
        ("latency_seconds", "s"),
        ("PodServerLatencyP95(s)", "s"),
        ("NetworkReceiveBytes", "B"),
        ("container_memory_bytes", "B"),
        ("CpuUsageRate(%)", "%"),
        ("requests_per_second", "/s"),
        ("rx_bytes_per_sec", "B/s"),
        ("errors_per_request", ""),
        ("MemoryUsage(Mi)", ""),
        ("cpu", ""),
        ("queries", ""),
    ],
)
def test_a_unit_is_taken_from_the_name_only_where_it_says_so(metric, unit):
    assert words.unit_of(metric) == unit


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, f"0{THIN}s"),
        (0.25, f"250{THIN}ms"),
        (59, f"59{THIN}s"),
        (60, f"1{THIN}min"),
        (90, f"1{THIN}min 30{THIN}s"),
        (3599.7, f"1{THIN}h"),
        (7500, f"2{THIN}h 5{THIN}min"),
        (86_400, f"1{THIN}d"),
        (273_600, f"3{THIN}d 4{THIN}h"),
    ],
)
def test_durations_use_their_two_largest_units(seconds, text):
    assert words.duration(seconds) == text


def test_offsets_before_the_moment_carry_a_true_minus():
    assert words.offset(-180) == f"\u22123{THIN}min"
    assert words.offset(0) == f"+0{THIN}s"


def test_sureness_changes_at_the_quarters():
    assert [words.sureness(value) for value in (0, 0.25, 0.5, 0.75, 1.0)] == [
        "very unsure",
        "unsure",
        "fairly sure",
        "sure",
        "sure",
    ]


def test_moments_are_utc():
    assert words.clock(0) == "00:00:00"
    assert words.clock(86_399, to="min") == "23:59"
    assert words.day(0) == "1 January 1970"
    assert words.day(0, short=True) == "1 Jan"
