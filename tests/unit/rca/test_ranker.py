"""The default ranker: what it must find, what it must not depend on, when it must be silent."""

import dataclasses
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops.types import InvalidInput, MetricId, NotEnoughData
from rca.ranker import CausalRanker
from rca.strangeness import MIN_BEFORE

ROWS, SPLIT = 150, 100
START = datetime(2026, 1, 1, tzinfo=UTC)
ONSET = START + timedelta(minutes=SPLIT)
SEEDS = st.integers(0, 9999)


def frame(series, rows=ROWS):
    """Return a metrics frame from {(service, metric): samples}."""
    index = pd.date_range(START, periods=rows, freq="60s")
    columns = pd.MultiIndex.from_tuples(series, names=["service", "metric"])
    return pd.DataFrame(np.column_stack(list(series.values())), index=index, columns=columns)


def noise(seed, services=5, metrics=3, rows=ROWS):
    values = np.random.default_rng(seed).normal(size=(rows, services * metrics))
    names = [(f"s{s}", f"m{m}") for s in range(services) for m in range(metrics)]
    return frame(dict(zip(names, values.T, strict=True)), rows)


def shaken(seed, column=("s2", "m1"), shift=10.0):
    """Return noise in which one series steps up at the onset."""
    metrics = noise(seed)
    metrics.loc[ONSET:, column] += shift
    return metrics


@dataclasses.dataclass(frozen=True)
class Chain:
    """A fault that steps up in `names[0]` and reaches each next name 1 or 2 rows later."""

    plain: pd.DataFrame
    house: pd.DataFrame
    names: list[str]

    @property
    def calls(self):
        """Each effect calls what acts on it."""
        return list(zip(self.names[1:], self.names[:-1], strict=True))


@st.composite
def chains(draw):
    """Draw chains in which, of 2,000 seeds, the cause always came first.

    The step is at least 8 standard deviations of the cause, every effect has at least a tenth of
    noise of its own and passes on 0.7 to 1.2 of what it gets.
    """
    rng = np.random.default_rng(draw(SEEDS))
    length = draw(st.integers(3, 6))
    step, own = draw(st.floats(8, 30)), draw(st.floats(0.1, 0.6))
    columns = [rng.normal(size=ROWS) + step * (np.arange(ROWS) >= SPLIT)]
    for _ in range(length - 1):
        lag, gain = int(rng.integers(1, 3)), rng.uniform(0.7, 1.2)
        effect = own * rng.normal(size=ROWS)
        effect[lag:] += gain * columns[-1][:-lag]
        columns.append(effect)
    names = [f"s{place}" for place in rng.permutation(length)]
    order = draw(st.permutations(range(length)))
    latency = {(names[k], "latency"): columns[k] for k in order}
    beside = {(names[k], "cpu"): rng.normal(size=ROWS) for k in order}
    house = frame(latency | beside)
    return Chain(house.xs("latency", axis=1, level="metric"), house, names)


def scores(ranking):
    return {cause.series: cause.score for cause in ranking.causes} | ranking.by_service()


def order(ranking):
    return [cause.series for cause in ranking.causes], list(ranking.by_service())


class TestChain:
    @settings(deadline=None, max_examples=40)
    @given(chains(), st.booleans())
    def test_its_cause_comes_first_with_and_without_a_call_graph(self, chain, known):
        topology = chain.calls if known else ()
        for metrics in (chain.plain, chain.house):
            ranking = CausalRanker().rank(metrics, onset=ONSET, topology=topology)
            assert ranking.services[0].service == chain.names[0]
            assert ranking.causes[0].service == chain.names[0]
            assert not ranking.abstained

    @settings(deadline=None, max_examples=30)
    @given(chains(), st.booleans())
    def test_its_edges_point_from_cause_to_effect(self, chain, known):
        ranking = CausalRanker().rank(
            chain.plain, onset=ONSET, topology=chain.calls if known else ()
        )
        links = {
            (edge.cause.service, edge.effect.service): edge
            for edge in ranking.edges
            if edge.source == ("topology" if known else "granger")
        }
        for cause, effect in zip(chain.names[:-1], chain.names[1:], strict=True):
            assert links[cause, effect].lag_s in ({0.0} if known else {60.0, 120.0, 180.0})
            assert (effect, cause) not in links

    def test_granger_tells_the_lag_in_seconds(self):
        rng = np.random.default_rng(0)
        cause = rng.normal(size=ROWS) + 9 * (np.arange(ROWS) >= SPLIT)
        effect = np.roll(cause, 2) + 0.2 * rng.normal(size=ROWS)
        ranking = CausalRanker().rank(
            frame({("db", "cpu"): cause, ("web", "latency"): effect}), onset=ONSET
        )
        assert [(str(edge.cause), edge.lag_s) for edge in ranking.edges] == [("db/cpu", 120.0)]

    def test_even_of_a_long_chain_of_plain_columns(self):
        rng = np.random.default_rng(0)
        columns = [rng.normal(size=ROWS) + 10 * (np.arange(ROWS) >= SPLIT)]
        for _ in range(9):
            columns.append(np.roll(columns[-1], 1) + 0.3 * rng.normal(size=ROWS))
        metrics = frame({(f"s{9 - k}", "value"): column for k, column in enumerate(columns)})
        ranking = CausalRanker().rank(metrics, onset=ONSET)
        assert ranking.services[0].service == "s9"
        assert not ranking.abstained

    def test_the_onset_may_be_missing_where_the_effects_follow_soon(self):
        firsts = 0
        for seed in range(20):
            rng = np.random.default_rng(seed)
            columns = [rng.normal(size=ROWS) + 10 * (np.arange(ROWS) >= SPLIT)]
            for _ in range(3):
                columns.append(np.roll(columns[-1], 1) + 0.3 * rng.normal(size=ROWS))
            metrics = frame({(f"s{3 - k}", "latency"): c for k, c in enumerate(columns)})
            firsts += CausalRanker().rank(metrics).services[0].service == "s3"
        assert firsts >= 19


class TestWhatDoesNotMatter:
    @settings(deadline=None, max_examples=20)
    @given(chains(), st.randoms(use_true_random=False), st.booleans())
    def test_the_order_of_the_columns(self, chain, random, told):
        order_of_columns = list(range(chain.house.shape[1]))
        random.shuffle(order_of_columns)
        onset = ONSET if told else None
        moved = CausalRanker().rank(chain.house.iloc[:, order_of_columns], onset=onset)
        assert moved == CausalRanker().rank(chain.house, onset=onset)

    @settings(deadline=None, max_examples=30)
    @given(
        SEEDS,
        st.lists(
            st.one_of(st.integers(-30, 30).map(lambda e: 2.0**e), st.floats(1e-6, 1e6)),
            min_size=15,
            max_size=15,
        ),
        st.lists(st.floats(-1000, 1000), min_size=15, max_size=15),
        st.booleans(),
    )
    def test_units_and_zeros(self, seed, units, zeros, told):
        metrics = shaken(seed)
        metrics.loc[:ONSET, ("s4", "m0")] = 3.0  # constant, then alive
        metrics.iloc[seed % ROWS, 2] = np.nan
        onset = ONSET if told else None
        plain = CausalRanker().rank(metrics, onset=onset)
        changed = CausalRanker().rank((metrics + zeros) * units, onset=onset)
        assert order(changed) == order(plain)
        assert scores(changed) == pytest.approx(scores(plain), abs=1e-6)
        assert changed.confidence == pytest.approx(plain.confidence, abs=1e-6)
        assert (changed.abstained, changed.onset) == (plain.abstained, plain.onset)


class TestBlame:
    @settings(deadline=None, max_examples=30)
    @given(SEEDS, st.sampled_from([10.0, -10.0]), st.integers(0, 4), st.integers(0, 2))
    def test_the_one_series_that_moved_is_blamed(self, seed, shift, service, metric):
        column = (f"s{service}", f"m{metric}")
        ranking = CausalRanker().rank(shaken(seed, column, shift), onset=ONSET)
        assert ranking.causes[0].series == column
        assert ranking.services[0].service == column[0]
        assert not ranking.abstained
        assert ranking.confidence > 0.5
        verb = "rose" if shift > 0 else "fell"
        assert ranking.causes[0].evidence[0].text.startswith(verb)

    def test_of_two_that_moved_the_one_that_moved_ten_times_as_far(self):
        for seed in range(20):
            metrics = shaken(seed, ("s1", "m0"), 2.5)
            metrics.loc[ONSET:, ("s3", "m0")] += 25
            assert CausalRanker().rank(metrics, onset=ONSET).services[0].service == "s3"

    def test_a_service_that_vanished_is_blamed(self):
        metrics = noise(0)
        metrics.loc[ONSET:, "s3"] = np.nan
        ranking = CausalRanker().rank(metrics, onset=ONSET)
        assert ranking.services[0].service == "s3"
        assert not ranking.abstained
        assert "missing" in ranking.causes[0].evidence[0].text

    def test_one_that_vanished_while_others_moved_is_seen_without_an_onset(self):
        metrics = noise(0)
        metrics.loc[ONSET:, "s3"] = np.nan
        metrics.loc[ONSET:, ("s0", "m0")] += 6
        ranking = CausalRanker().rank(metrics, topology=[("s0", "s3")])
        assert ranking.services[0].service == "s3"

    def test_what_all_show_alike_does_not_hide_the_culprit(self):
        rng = np.random.default_rng(0)
        series = {(f"s{k}", "latency"): rng.normal(size=ROWS) for k in range(12)}
        for samples in series.values():
            samples[SPLIT:] += 5  # more load for everybody
        assert CausalRanker().rank(frame(series), onset=ONSET).abstained
        series["s7", "latency"][SPLIT:] += 25
        ranking = CausalRanker().rank(frame(series), onset=ONSET)
        assert ranking.services[0].service == "s7"
        assert not ranking.abstained

    def test_a_slow_call_is_the_callees_fault(self):
        metrics = noise(0, services=3, metrics=1)
        metrics[("s0", "edge_to_s2_p50")] = np.random.default_rng(1).normal(size=ROWS)
        metrics.loc[ONSET:, ("s0", "edge_to_s2_p50")] += 10
        ranking = CausalRanker().rank(metrics, onset=ONSET)
        assert ranking.services[0].service == "s2"

    @pytest.mark.parametrize("unit", [1 / 3, 0.1, 7.0])
    def test_twins_share_the_blame_in_any_unit(self, unit):
        metrics = shaken(0, ("s1", "m0"))
        metrics["s3"] = metrics["s1"].to_numpy() * unit
        ranking = CausalRanker().rank(metrics, onset=ONSET)
        first, second = ranking.services[:2]
        assert (first.service, second.service) == ("s1", "s3")
        assert first.score == second.score
        assert ranking.confidence == pytest.approx(0.5, abs=0.01)

    def test_scores_are_shares(self):
        ranking = CausalRanker().rank(shaken(0), onset=ONSET)
        for shares in (ranking.causes, ranking.services):
            assert sum(entry.score for entry in shares) == pytest.approx(1, abs=1e-6)

    def test_the_first_cause_belongs_to_the_first_service(self):
        for seed in range(20):
            metrics = shaken(seed, ("s1", "m0"), 5)
            metrics.loc[ONSET:, ("s3", "m2")] += 5
            ranking = CausalRanker().rank(metrics, onset=ONSET)
            assert ranking.causes[0].service == ranking.services[0].service


class TestSilence:
    def test_pure_noise_blames_almost_nobody(self):
        for onset in (ONSET, None):
            blamed = sum(
                not CausalRanker().rank(noise(seed), onset=onset).abstained for seed in range(100)
            )
            assert blamed <= 2

    def test_it_still_says_what_it_would_have_looked_at(self):
        ranking = CausalRanker().rank(noise(0), onset=ONSET)
        assert ranking.abstained
        assert ranking.confidence == 0.0
        assert len(ranking.causes) == 15
        assert len(ranking.services) == 5

    def test_the_level_is_a_parameter(self):
        metrics = shaken(0)
        metrics.iloc[20:40] += 2  # it has been half as bad before
        assert CausalRanker(abstain_above=0.0).rank(metrics, onset=ONSET).abstained
        assert not CausalRanker(abstain_above=0.05).rank(metrics, onset=ONSET).abstained


class TestOnset:
    def test_is_reported_as_it_was_told(self):
        between = ONSET - timedelta(seconds=20)
        assert CausalRanker().rank(shaken(0), onset=between).onset == ONSET

    def test_is_found_where_nobody_told_it(self):
        assert CausalRanker().rank(shaken(0)).onset == ONSET

    def test_one_told_too_late_is_replaced_by_the_one_found(self):
        late = ONSET + timedelta(minutes=40)
        ranking = CausalRanker().rank(shaken(0), onset=late)
        assert ranking.onset == ONSET
        assert ranking.services[0].service == "s2"
        assert not ranking.abstained

    @pytest.mark.parametrize("minutes", [-4, 1])
    def test_one_told_stays_where_something_stands_out_from_it(self, minutes):
        told = ONSET + timedelta(minutes=minutes)
        ranking = CausalRanker().rank(shaken(0), onset=told)
        assert ranking.onset == told
        assert not ranking.abstained

    def test_one_told_stays_where_the_search_finds_nothing_either(self):
        assert CausalRanker().rank(noise(0), onset=ONSET).onset == ONSET

    def test_one_told_stays_where_the_window_is_too_short_to_search(self):
        metrics = noise(0, rows=MIN_BEFORE + 2)
        told = metrics.index[MIN_BEFORE].to_pydatetime()
        assert CausalRanker().rank(metrics, onset=told).onset == told
        with pytest.raises(NotEnoughData):
            CausalRanker().rank(metrics)

    def test_is_refused_without_a_zone(self):
        with pytest.raises(InvalidInput, match="no time zone"):
            CausalRanker().rank(noise(0), onset=ONSET.replace(tzinfo=None))

    @pytest.mark.parametrize("minutes", [-1, 0, MIN_BEFORE - 1, ROWS])
    def test_is_refused_outside_the_window_or_at_its_edge(self, minutes):
        with pytest.raises(NotEnoughData):
            CausalRanker().rank(noise(0), onset=START + timedelta(minutes=minutes))


class TestTrigger:
    METRICS = shaken(0, ("s1", "m0"), 9).copy()
    METRICS.loc[ONSET:, ("s3", "m2")] += 12

    def first(self, trigger, **parameters):
        ranking = CausalRanker(**parameters).rank(self.METRICS, onset=ONSET, trigger=trigger)
        return ranking.services[0].service

    def test_its_kind_counts_for_more(self):
        assert self.first(None) == "s3"
        assert self.first(MetricId("s0", "m0")) == "s1"
        assert self.first(MetricId("s0", "m2")) == "s3"

    def test_a_resource_counts_in_full_whatever_was_noticed(self):
        named = self.METRICS.rename(columns={"m2": "cpu", "m0": "latency"})
        ranking = CausalRanker().rank(named, onset=ONSET, trigger=MetricId("s0", "latency"))
        assert ranking.services[0].service == "s3"

    def test_how_much_more_is_a_parameter(self):
        assert self.first(MetricId("s0", "m0"), trigger_focus=1.0) == "s3"

    def test_one_of_a_kind_that_is_not_there_changes_nothing(self):
        unknown = CausalRanker().rank(
            self.METRICS, onset=ONSET, trigger=MetricId("s0", "page_views")
        )
        assert unknown == CausalRanker().rank(self.METRICS, onset=ONSET)


class TestGraph:
    @pytest.mark.parametrize(
        ("graph", "first"), [("known", "db"), ("granger", "web"), ("none", "web")]
    )
    def test_decides_what_blame_walks_on(self, graph, first):
        rng = np.random.default_rng(3)
        series = {(name, "latency"): rng.normal(size=ROWS) for name in ("web", "cart", "db")}
        for name, shift in (("web", 18), ("db", 8)):
            series[name, "latency"][SPLIT:] += shift
        ranking = CausalRanker(graph=graph).rank(
            frame(series), onset=ONSET, topology=[("web", "db")]
        )
        assert ranking.services[0].service == ranking.causes[0].service == first
        assert any(edge.source == "topology" for edge in ranking.edges)

    @pytest.mark.parametrize(
        ("parameters", "said"),
        [
            ({"alpha": 1.0}, "alpha lies between 0 and 1"),
            ({"alpha": 0.0}, "alpha lies between 0 and 1"),
            ({"trigger_focus": -0.1}, "trigger_focus lies within 0 and 1"),
            ({"trigger_focus": float("nan")}, "trigger_focus lies within 0 and 1"),
            ({"graph": "grangr"}, "graph is 'grangr'; it must be one of known, granger, none"),
        ],
    )
    def test_impossible_parameters_are_refused(self, parameters, said):
        with pytest.raises(InvalidInput, match=said):
            CausalRanker(**parameters)

    def test_the_name_is_carried(self):
        assert CausalRanker(name="mine").rank(shaken(0), onset=ONSET).ranker == "mine"


class TestNoticed:
    def test_judges_near_the_moment_and_says_from_when(self):
        ranking = CausalRanker().rank(shaken(3), noticed=ONSET + timedelta(minutes=4))
        assert abs(ranking.onset - ONSET) <= timedelta(minutes=2)
        assert ranking.services[0].service == "s2"

    def test_blames_nobody_for_what_changed_at_another_time(self):
        early = shaken(3)
        assert not CausalRanker().rank(early).abstained
        ranking = CausalRanker().rank(early, noticed=ONSET + timedelta(minutes=40))
        assert ranking.abstained

    def test_an_onset_that_is_told_goes_before_it(self):
        told, both = (
            CausalRanker().rank(shaken(3), onset=ONSET, noticed=noticed)
            for noticed in (None, START + timedelta(minutes=30))
        )
        assert told == both
