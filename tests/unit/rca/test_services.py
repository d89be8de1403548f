"""Who owns a series, what a family shares, and how strange a service is."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from aiops.types import MetricId
from rca.services import (
    CALLER_SHARE,
    COMMON,
    MIN_FAMILY,
    TOP_SERIES,
    UNNAMED,
    family_contrast,
    ownership,
    service_strength,
    standing,
)
from tests import naive


def ids(*names):
    return tuple(MetricId.parse(name) for name in names)


def strengths(*values):
    """Return one window of strengths."""
    return np.array([values], dtype=float)


class TestOwnership:
    def test_a_series_speaks_for_its_service_and_services_are_sorted(self):
        owners = ownership(ids("web/cpu", "db/cpu", "web/latency"), [])
        assert owners.services == ("db", "web")
        assert owners.own == (1, 0, 1)
        assert owners.credit.tolist() == [[0, 1, 0], [1, 0, 1]]
        assert owners.callee == (None, None, None)

    def test_a_call_speaks_for_the_callee_and_half_for_the_caller(self):
        owners = ownership(ids("web/edge_to_db_p50", "db/cpu"), [])
        assert owners.callee == ("db", None)
        assert owners.credit.tolist() == [[1, 1], [CALLER_SHARE, 0]]
        assert owners.own == (1, 0)

    def test_a_known_call_graph_says_which_calls_there_are(self):
        series = ids("web/edge_to_db_p50", "db/cpu", "mail/edge_to_db_p50")
        assert ownership(series, [("web", "db")]).callee == ("db", None, None)
        assert ownership(series, [("db", "web")]).callee == (None, None, None)

    @pytest.mark.parametrize(
        ("metric", "callee"),
        [
            ("db", "db"),
            ("calls.db/ms", "db"),
            ("dbx_ms", None),
            ("2db_ms", None),
            ("web_ms", None),  # itself
            ("to_db-2_ms", "db-2"),  # the longest name that fits
        ],
    )
    def test_only_a_whole_word_names_a_service(self, metric, callee):
        series = ids(f"web/{metric}", "db/cpu", "db-2/cpu")
        assert ownership(series, []).callee[0] == callee

    def test_a_name_is_no_pattern(self):
        series = ids("web/to_axb_ms", "web/to_a.b_ms", "a.b/cpu", "(/cpu", "web/((")
        assert ownership(series, []).callee == (None, "a.b", None, None, "(")

    def test_a_plain_column_named_like_every_other_metric_is_called_by_nobody(self):
        owners = ownership(ids(f"{UNNAMED}/{UNNAMED}", f"cpu/{UNNAMED}"), [])
        assert owners.callee == (None, None)


class TestFamilyContrast:
    @settings(deadline=None, max_examples=60)
    @given(
        hnp.arrays(float, (3, 12), elements=st.integers(0, 9).map(float)),
        st.lists(st.sampled_from(["cpu", "latency", UNNAMED]), min_size=12, max_size=12),
    )
    def test_agrees_with_the_slow_twin(self, values, metrics):
        series = [MetricId(f"s{place}", metric) for place, metric in enumerate(metrics)]
        expected = [
            naive.family_contrast(window, metrics, MIN_FAMILY, COMMON, UNNAMED)
            for window in values.tolist()
        ]
        np.testing.assert_allclose(family_contrast(values, series), expected, atol=1e-12)

    def test_what_all_show_blames_nobody(self):
        series = [MetricId(f"s{place}", "cpu") for place in range(MIN_FAMILY)]
        assert (family_contrast(np.full((2, MIN_FAMILY), 3.0), series) == 0).all()

    def test_the_one_that_shows_more_is_left(self):
        series = [MetricId(f"s{place}", "cpu") for place in range(MIN_FAMILY)]
        left = family_contrast(strengths(*[1.0] * (MIN_FAMILY - 1), 3.0), series)
        assert left.tolist() == [[0.0] * (MIN_FAMILY - 1) + [2.0]]

    def test_a_change_that_misses_one_in_twelve_is_still_common(self):
        series = [MetricId(f"s{place}", "cpu") for place in range(12)]
        assert (family_contrast(strengths(0.0, *[2.0] * 11), series) == 0).all()

    def test_a_fault_that_spares_a_quarter_keeps_all_its_strangeness(self):
        series = [MetricId(f"s{place}", "cpu") for place in range(12)]
        reach = strengths(*[0.0] * 4, *[2.0] * 8)
        np.testing.assert_array_equal(family_contrast(reach, series), reach)

    @pytest.mark.parametrize("metric", ["cpu", UNNAMED])
    def test_small_systems_and_plain_columns_are_left_alone(self, metric):
        count = MIN_FAMILY - 1 if metric == "cpu" else 3 * MIN_FAMILY
        series = [MetricId(f"s{place}", metric) for place in range(count)]
        values = np.full((2, count), 3.0)
        np.testing.assert_array_equal(family_contrast(values, series), values)

    def test_every_window_is_compared_with_itself_and_the_input_is_left_alone(self):
        series = [MetricId(f"s{place}", "cpu") for place in range(MIN_FAMILY)]
        values = np.array([[1.0] * MIN_FAMILY, [5.0] * (MIN_FAMILY - 1) + [6.0]])
        copy = values.copy()
        left = family_contrast(values, series)
        assert left.sum(axis=1).tolist() == [0.0, 1.0]
        np.testing.assert_array_equal(values, copy)


class TestServiceStrength:
    @settings(deadline=None, max_examples=40)
    @given(hnp.arrays(float, (2, 9), elements=st.floats(0, 5)))
    def test_agrees_with_the_slow_twin(self, values):
        owners = ownership(
            ids("a/to_b", "b/cpu", *[f"c/m{place}" for place in range(TOP_SERIES + 2)]), []
        )
        expected = [
            [naive.service_strength(window, row, TOP_SERIES) for row in owners.credit.tolist()]
            for window in values.tolist()
        ]
        np.testing.assert_allclose(service_strength(values, owners), expected)

    def test_a_single_series_counts_in_full(self):
        owners = ownership(ids("a/cpu", "b/cpu"), [])
        assert service_strength(strengths(2, 3), owners).tolist() == [[2, 3]]

    def test_five_strange_series_are_more_than_one_and_ten_no_more_than_five(self):
        owners = ownership(ids(*[f"a/m{place}" for place in range(10)]), [])

        def of(strange):
            return service_strength(strengths(*[2] * strange, *[0] * (10 - strange)), owners).item()

        assert of(1) < of(3) < of(5) == of(10) == 2.0


class TestStanding:
    def test_the_strangest_series_of_each_service_stands_for_it(self):
        owners = ownership(ids("a/x", "b/x", "a/y", "c/x"), [])
        found = standing(np.array([1.0, 7.0, 4.0, 0.0]), owners)
        assert found.tolist() == [0.25, 1.0, 1.0, 0.0]
