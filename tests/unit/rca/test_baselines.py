"""The yardsticks: chance is uniform and repeatable, max-z is free of units and origins."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops.types import InvalidInput, InvalidMetrics, NotEnoughData, Ranker
from rca.baselines import MaxZ, Random

START = datetime(2026, 1, 1, tzinfo=UTC)


def frame(series):
    """Return a metrics frame from {"service/metric": values}."""
    columns = pd.MultiIndex.from_tuples(
        [tuple(name.split("/")) for name in series], names=["service", "metric"]
    )
    values = np.column_stack([np.asarray(one, dtype=float) for one in series.values()])
    index = pd.date_range(START, periods=len(values), freq="60s")
    return pd.DataFrame(values, index=index, columns=columns)


def noise(seed, rows=20, services=4, metrics=3):
    rng = np.random.default_rng(seed)
    return frame(
        {f"s{s}/m{m}": rng.normal(size=rows) for s in range(services) for m in range(metrics)}
    )


def at(minute):
    return START + timedelta(minutes=minute)


@pytest.mark.parametrize("ranker", [Random(), MaxZ()], ids=["random", "max_z"])
class TestBoth:
    def test_keeps_the_port(self, ranker):
        assert isinstance(ranker, Ranker)
        ranking = ranker.rank(noise(0), onset=at(10))
        assert len(ranking.causes) == 12
        assert {entry.service for entry in ranking.services} == {"s0", "s1", "s2", "s3"}
        for scores in ([c.score for c in ranking.causes], [s.score for s in ranking.services]):
            assert scores == sorted(scores, reverse=True)
            assert min(scores) >= 0
        assert not ranking.abstained
        assert ranking.onset == at(10)
        assert ranking.causes[0].evidence[0].value == ranking.causes[0].score

    def test_takes_a_plain_frame(self, ranker):
        ranking = ranker.rank(pd.DataFrame({"a": [1, 2, 3, 4], "b": [1, 1, 1, 9]}))
        assert set(ranking.by_service()) == {"a", "b"}

    def test_refuses_what_is_no_metrics_frame(self, ranker):
        with pytest.raises(InvalidMetrics):
            ranker.rank(noise(0).tz_localize(None))

    def test_refuses_a_naive_onset(self, ranker):
        with pytest.raises(InvalidInput, match="no time zone"):
            ranker.rank(noise(0), onset=at(10).replace(tzinfo=None))

    def test_leaves_the_frame_alone(self, ranker):
        metrics = noise(0)
        copy = metrics.copy()
        ranker.rank(metrics, onset=at(10))
        pd.testing.assert_frame_equal(metrics, copy)

    @pytest.mark.parametrize(("rows", "after"), [(3, 1), (4, 1), (10, 2), (14, 2), (20, 4)])
    def test_without_an_onset_the_last_fifth_is_after_it(self, ranker, rows, after):
        assert ranker.rank(noise(0, rows)).onset == at(rows - after)

    def test_the_order_of_columns_does_not_matter(self, ranker):
        metrics = noise(3)
        turned = ranker.rank(metrics.iloc[:, ::-1], onset=at(10))
        assert turned == ranker.rank(metrics, onset=at(10))


class TestRandom:
    def test_repeats_itself(self):
        assert Random(7).rank(noise(0)) == Random(7).rank(noise(0))

    def test_the_seed_counts(self):
        assert Random(7).rank(noise(0)).by_service() != Random(8).rank(noise(0)).by_service()

    def test_every_service_wins_equally_often_however_many_series_it_has(self):
        columns = [f"big/m{k}" for k in range(9)] + ["small/m"]
        rng = np.random.default_rng(0)
        firsts = Counter(
            Random(0).rank(frame(dict.fromkeys(columns, rng.normal(size=5)))).services[0].service
            for _ in range(400)
        )
        assert 160 < firsts["small"] < 240  # four standard deviations

    def test_is_as_sure_as_a_guess(self):
        assert Random().rank(noise(0, services=4)).confidence == 0.25


class TestMaxZ:
    def test_is_the_formula(self):
        values = [1.0, 3.0, 1.0, 3.0, 2.0, 8.0, 4.0]
        ranking = MaxZ().rank(frame({"a/x": values, "b/y": values[::-1]}), onset=at(4))
        assert ranking.by_service()["a"] == (8 - 2) / 1
        before = np.array([4.0, 8.0, 2.0, 3.0])
        expected = max(abs(np.array([1.0, 3.0, 1.0]) - before.mean())) / before.std()
        assert ranking.by_service()["b"] == pytest.approx(expected)

    def test_a_fall_counts_like_a_rise(self):
        ranking = MaxZ().rank(frame({"up/x": [1, 3, 2, 9], "down/x": [3, 1, 2, -5]}), onset=at(3))
        assert ranking.by_service()["up"] == ranking.by_service()["down"]

    def test_a_service_is_as_strange_as_its_strangest_series(self):
        ranking = MaxZ().rank(
            frame({"a/x": [1, 3, 2, 2], "a/y": [1, 3, 2, 7], "b/x": [1, 3, 2, 5]}), onset=at(3)
        )
        assert [entry.service for entry in ranking.services] == ["a", "b"]
        assert str(ranking.causes[0].series) == "a/y"

    def test_a_constant_series_that_moves_is_bounded_and_one_that_does_not_is_quiet(self):
        ranking = MaxZ().rank(
            frame({"moves/x": [0, 0, 0, 1e-9], "rests/x": [0.1] * 4, "lives/x": [1, 2, 1, 2]}),
            onset=at(3),
        )
        assert ranking.by_service()["moves"] == pytest.approx(1000)
        assert ranking.by_service()["rests"] == 0.0

    @pytest.mark.parametrize("values", [[np.nan] * 3 + [1], [1, 2, 3, np.nan], [np.nan] * 4])
    def test_a_series_that_is_missing_on_one_side_says_nothing(self, values):
        ranking = MaxZ().rank(frame({"gone/x": values, "lives/x": [1, 2, 1, 2]}), onset=at(3))
        assert ranking.by_service()["gone"] == 0.0

    @pytest.mark.parametrize("minute", [-5, 0, 1, 20, 99])
    def test_too_little_on_one_side(self, minute):
        with pytest.raises(NotEnoughData, match="rows before"):
            MaxZ().rank(noise(0, rows=20), onset=at(minute))

    @settings(deadline=None, max_examples=40)
    @given(
        st.integers(0, 10_000), st.integers(-20, 20), st.sampled_from([-1.0, 1.0]), st.booleans()
    )
    def test_units_and_origins_do_not_matter(self, seed, power, sign, constant):
        metrics = noise(seed)
        if constant:
            metrics.iloc[:10, 0] = 1.0
        changed = metrics.copy()
        changed.iloc[:, 0] = sign * 2.0**power * metrics.iloc[:, 0]  # exact in floating point
        changed.iloc[:, 1] += 16.0
        first = MaxZ().rank(metrics, onset=at(10))
        second = MaxZ().rank(changed, onset=at(10))
        expected = {cause.series: cause.score for cause in first.causes}
        for cause in second.causes:
            assert cause.score == pytest.approx(expected[cause.series], rel=1e-6)
