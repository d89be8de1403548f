"""Every sentence says what the numbers say."""

import numpy as np
import pytest

from aiops.types import CausalEdge, Evidence, MetricId
from rca.explain import Witness
from rca.services import ownership
from rca.strangeness import CAP, VANISHED_Z, measure

ROWS, SPLIT = 120, 100
CALM = np.tile([9.0, 10.0, 11.0, 10.0, 10.5, 9.5], ROWS // 6)
WEB, DB = MetricId("web", "latency"), MetricId("db", "latency")


def witness(samples, *, series=None, edges=()):
    """Return a witness to the given columns, named web/latency, db/latency unless told."""
    values = np.column_stack([np.asarray(column, dtype=float) for column in samples])
    series = series or [WEB, DB][: len(samples)]
    return Witness(series, values, measure(values, SPLIT), edges, ownership(series, []))


def after(samples):
    return np.concatenate([CALM[:SPLIT], np.resize(samples, ROWS - SPLIT)])


def first(samples):
    return witness([samples]).reasons(0)[0]


class TestWhatItDid:
    @pytest.mark.parametrize(("level", "verb"), [(14.0, "rose"), (6.0, "fell")])
    def test_rose_or_fell_between_the_medians(self, level, verb):
        reason = first(after([level]))
        times = reason.value
        assert (
            reason.text == f"{verb} from 10 to {level:g}, {times:.1f} times its normal spread away"
        )
        assert times == pytest.approx(4 / (1.4826 * 0.5))

    def test_beyond_the_cap_it_says_over(self):
        reason = first(after([1e6]))
        assert reason.text == f"rose from 10 to 1e+06, over {CAP:.0f} times its normal spread away"
        assert reason.value == CAP

    def test_a_series_that_only_shakes_neither_rose_nor_fell(self):
        reason = first(after([0.0, 20.0, 10.5]))
        assert reason.text.startswith("strays from its usual 10 by 13.5 times its normal spread")

    def test_a_shift_too_small_to_print_is_no_rise(self):
        reason = witness([1e6 + after([14.0])]).reasons(0)[0]
        assert reason.text.startswith("strays from its usual 1e+06 by")

    def test_vanished(self):
        reasons = witness([after([np.nan])]).reasons(0)
        assert reasons == (
            Evidence("was always reported before the onset and is missing after it"),
        )

    @pytest.mark.parametrize("side", [slice(None, SPLIT), slice(SPLIT, None)])
    def test_too_few_samples(self, side):
        samples = CALM.copy()
        samples[:SPLIT:2] = np.nan  # often away: its silence says nothing
        samples[side] = np.nan
        assert first(samples).text == "has too few samples to compare"


class TestHowUnusual:
    def test_says_by_how_much_it_strays_further_than_by_itself(self):
        seen = witness([after([14.0])])
        usual = seen.strange.size[:-1, 0].max()
        reason = seen.reasons(0)[1]
        assert reason.text == f"{reason.value:.1f} times as far as it strays by itself"
        assert reason.value == pytest.approx((1 + seen.strange.size[-1, 0]) / (1 + usual))

    def test_says_nothing_of_a_calm_series(self):
        assert len(witness([CALM]).reasons(0)) == 1

    def test_a_vanished_series_strays_no_distance(self):
        seen = witness([after([np.nan])])
        assert seen.strange.size[-1, 0] == VANISHED_Z
        assert not any("strays" in reason.text for reason in seen.reasons(0))


class TestWhatFollowed:
    def test_a_granger_edge_names_the_effect_the_lag_and_the_share(self):
        edge = CausalEdge(DB, WEB, weight=0.4321, lag_s=2.5, source="granger")
        seen = witness([after([14.0]), after([14.0])], edges=[edge])
        assert seen.reasons(1)[-1] == Evidence(
            "its past predicts web/latency 2.5 s later (43% of what was left to explain)", 0.4321
        )
        assert not any("predicts" in reason.text for reason in seen.reasons(0))

    def test_a_call_edge_names_the_caller(self):
        edge = CausalEdge(DB, WEB, weight=1.5, lag_s=0.0, source="topology")
        seen = witness([after([14.0]), after([14.0])], edges=[edge])
        assert seen.reasons(1)[-1] == Evidence("web calls it and is strange too", 1.5)

    def test_two_followers_are_enough(self):
        others = [MetricId(f"s{place}", "latency") for place in range(4)]
        edges = [CausalEdge(DB, other, 0.5, 60.0, "granger") for other in others]
        reasons = witness([CALM, CALM], edges=edges).reasons(1)
        assert sum("predicts" in reason.text for reason in reasons) == 2

    def test_a_series_about_calls_says_whose(self):
        series = [MetricId("web", "edge_to_db"), DB]
        texts = [reason.text for reason in witness([CALM, CALM], series=series).reasons(0)]
        assert "it measures calls to db" in texts


def test_every_value_is_a_python_float_or_none():
    edge = CausalEdge(DB, WEB, weight=0.5, lag_s=60.0, source="granger")
    seen = witness([after([14.0]), after([1e6])], edges=[edge])
    values = [reason.value for column in (0, 1) for reason in seen.reasons(column)]
    assert all(value is None or type(value) is float for value in values)
