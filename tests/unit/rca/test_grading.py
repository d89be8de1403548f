"""The grader: fair ties, shuffled columns, no leak, failures counted, chance beside every score."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise, permutations
from statistics import fmean

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops import datasets
from aiops.types import (
    Case,
    Cause,
    InvalidCase,
    InvalidInput,
    MetricId,
    NotEnoughData,
    Ranking,
    RootCause,
    ServiceScore,
)
from rca.grading import CaseResult, Report, _summary, best_rank, evaluate

START = datetime(2026, 1, 1, tzinfo=UTC)
SERVICES = ("a", "b", "c", "d")
KEYS = {
    "cases", "failures", "ac1", "ac3", "ac5", "avg5", "mrr", "chance_ac1", "chance_avg5",
    "metric_ac1", "metric_avg5", "specificity", "abstained", "seconds_median",
}  # fmt: skip


def case(name="one", truth="a", services=SERVICES, **changes):
    """Return a case in which every service has the series x and y; `truth` may be None."""
    columns = pd.MultiIndex.from_product([services, ["x", "y"]], names=["service", "metric"])
    index = pd.date_range(START, periods=10, freq="60s", name="time", unit="us")
    values = np.random.default_rng(len(name)).normal(size=(10, len(columns)))
    facts = {
        "id": name,
        "metrics": pd.DataFrame(values, index=index, columns=columns),
        "inject_time": START + timedelta(minutes=7),
        "root_cause": truth and RootCause(truth, (MetricId(truth, "x"),)),
        "fault": truth and "cpu",
    }
    return Case(**(facts | changes))


def ranking(services, causes=(), **changes):
    return Ranking(
        causes=tuple(Cause(*key, score) for key, score in dict(causes).items()),
        services=tuple(ServiceScore(name, score) for name, score in dict(services).items()),
        **changes,
    )


@dataclass
class Says:
    """Answers what it was told to, whatever it is asked, and remembers what it was asked."""

    answer: Ranking
    asked: list = field(default_factory=list)

    def rank(self, metrics, **asked):
        self.asked.append({"metrics": metrics, **asked})
        return self.answer


@dataclass
class Raises:
    error: BaseException

    def rank(self, metrics, **_):
        raise self.error


@pytest.fixture
def folder(tmp_path):
    """Return a function that writes a set of cases and gives the folder above it."""

    def write(*cases, name="set"):
        for one in cases:
            datasets.save(one, tmp_path / "sets" / name / one.id)
        return tmp_path / "sets"

    return write


def summary(rankers, path, name="it", group="set", **options):
    report = evaluate(
        {name: rankers} if not isinstance(rankers, dict) else rankers, path, **options
    )
    return report.to_dict()["rankers"][name]["sets"][group]


def naive_rank(names, scores):
    """Average the place of a name over every order that puts better scores first."""
    places = {name: [] for name in scores}
    for order in permutations(scores):
        if all(scores[one] >= scores[two] for one, two in pairwise(order)):
            for place, name in enumerate(order, start=1):
                places[name].append(place)
    found = [fmean(places[name]) for name in names if name in places]
    return min(found, default=None)


few_scores = st.dictionaries(
    st.sampled_from("abcdef"), st.sampled_from([0.0, 0.5, 1.0, float("inf")]), max_size=6
)


class TestRank:
    @settings(deadline=None, max_examples=60)
    @given(few_scores, st.lists(st.sampled_from("abcdef"), max_size=3))
    def test_equals_the_average_over_all_orders(self, scores, names):
        assert best_rank(names, scores) == naive_rank(names, scores)

    @settings(deadline=None, max_examples=40)
    @given(few_scores, st.randoms(use_true_random=False))
    def test_the_order_of_equals_does_not_matter(self, scores, random):
        items = list(scores.items())
        random.shuffle(items)
        assert all(best_rank([x], dict(items)) == best_rank([x], scores) for x in "abcdef")

    def test_unranked(self):
        assert best_rank(["z"], {"a": 1.0}) is None
        assert best_rank([], {"a": 1.0}) is None


def result(rank, n=4, **changes):
    facts = {
        "set": "s", "case": "c", "ranker": "r", "fault": None, "healthy": False,
        "service_rank": rank, "metric_rank": None, "metric_known": False, "blamed": None,
        "n_services": n,
        "abstained": False, "error": None, "seconds": 1.0,
    }  # fmt: skip
    return CaseResult(**(facts | changes))


class TestSummary:
    def test_by_hand(self):
        found = _summary(
            [
                result(1.0, metric_rank=1.5, metric_known=True, seconds=1.0),
                result(2.5, n=10, metric_rank=None, metric_known=True, seconds=2.0),
                result(None, n=2, abstained=True, seconds=9.0),
                result(5.0, n=5, seconds=3.0),
                result(None, healthy=True, abstained=True, seconds=8.0),
                result(None, healthy=True, error="RuntimeError: x", seconds=7.0),
            ]
        )
        assert found == {
            "cases": 4,
            "failures": 1,
            "ac1": 1 / 4,
            "ac3": 2 / 4,
            "ac5": 3 / 4,
            "avg5": pytest.approx((1 + 1 + 2 + 2 + 3) / 4 / 5),
            "mrr": pytest.approx((1 + 1 / 2.5 + 0 + 1 / 5) / 4),
            "chance_ac1": pytest.approx((1 / 4 + 1 / 10 + 1 / 2 + 1 / 5) / 4),
            "chance_avg5": pytest.approx((14 / 20 + 15 / 50 + 9 / 10 + 15 / 25) / 4),
            "metric_ac1": 0.0,
            "metric_avg5": 4 / 10,
            "specificity": 1 / 2,
            "abstained": 1 / 4,
            "seconds_median": 5.0,
        }

    @settings(deadline=None, max_examples=40)
    @given(st.lists(st.none() | st.integers(2, 20).map(lambda x: x / 2), min_size=1, max_size=9))
    def test_equals_its_definition(self, ranks):
        found = _summary([result(rank, n=10) for rank in ranks])

        def ac(k):
            return sum(1 for rank in ranks if rank is not None and rank <= k) / len(ranks)

        assert (found["ac1"], found["ac3"], found["ac5"]) == (ac(1), ac(3), ac(5))
        assert found["avg5"] == pytest.approx(sum(map(ac, range(1, 6))) / 5)
        assert found["mrr"] == pytest.approx(sum(1 / r for r in ranks if r) / len(ranks))
        assert found["chance_avg5"] == pytest.approx(0.3)


class TestAnswers:
    def test_truth_first_scores_one(self, folder):
        path = folder(case("1", "a"), case("2", "b"), case("3", "c"))
        truths = iter("abc")

        class Oracle:
            def rank(self, metrics, **_):
                truth = next(truths)
                return ranking({truth: 1.0, "d": 0.5}, {(truth, "x"): 1.0, (truth, "y"): 0.5})

        found = summary(Oracle(), path)
        scores = ("ac1", "ac3", "ac5", "avg5", "mrr", "metric_ac1", "metric_avg5")
        assert [found[key] for key in scores] == [1.0] * 7
        assert (found["cases"], found["failures"], found["abstained"]) == (3, 0, 0.0)

    def test_ties_count_at_their_mean_rank(self, folder):
        tied = ranking(dict.fromkeys(SERVICES, 0.25))
        found = summary(Says(tied), folder(case()))
        assert (found["ac1"], found["ac3"], found["mrr"]) == (0.0, 1.0, 1 / 2.5)
        assert found["avg5"] == pytest.approx(3 / 5)

    def test_the_best_of_several_true_metrics_counts(self, folder):
        truth = RootCause("a", (MetricId("a", "x"), MetricId("a", "y")))
        causes = {("b", "x"): 3.0, ("a", "y"): 2.0, ("a", "x"): 1.0}
        report = evaluate({"it": Says(ranking({}, causes))}, folder(case(root_cause=truth)))
        assert [r.metric_rank for r in report.results if r.ranker == "it"] == [2.0]

    def test_without_a_named_metric_there_is_no_metric_score(self, folder):
        found = summary(Says(ranking({"a": 1.0})), folder(case(root_cause=RootCause("a"))))
        assert (found["metric_ac1"], found["metric_avg5"]) == (None, None)

    def test_an_unranked_truth_is_a_miss(self, folder):
        found = summary(Says(ranking({"b": 1.0})), folder(case()))
        assert (found["ac5"], found["mrr"], found["failures"]) == (0.0, 0.0, 0)

    def test_an_abstention_is_a_miss_and_is_counted(self, folder):
        shy = Says(ranking({"a": 1.0}, {("a", "x"): 1.0}, abstained=True))
        found = summary(shy, folder(case()))
        assert (found["ac1"], found["metric_ac1"], found["abstained"]) == (0.0, 0.0, 1.0)
        assert (found["failures"], found["specificity"]) == (0, None)

    @pytest.mark.parametrize(("abstained", "expected"), [(True, 1.0), (False, 0.0)])
    def test_in_a_healthy_case_blaming_nobody_is_right(self, folder, abstained, expected):
        found = summary(Says(ranking({"a": 1.0}, abstained=abstained)), folder(case(truth=None)))
        assert found["specificity"] == expected
        assert (found["cases"], found["failures"]) == (0, 0)
        assert {key for key, value in found.items() if value is not None} == {
            "cases", "failures", "specificity", "seconds_median"
        }  # fmt: skip

    def test_a_cause_without_a_column_can_still_be_named(self, folder):
        found = summary(Says(ranking({"dark": 1.0})), folder(case(truth="dark")))
        assert (found["ac1"], found["chance_ac1"]) == (1.0, 1 / 4)


class TestFailures:
    @pytest.mark.parametrize("error", [NotEnoughData("too little"), ZeroDivisionError("a\nb")])
    def test_whatever_is_raised_is_counted_and_a_miss(self, folder, error):
        report = evaluate({"it": Raises(error)}, folder(case("1"), case("2"), case("3", None)))
        found = report.to_dict()["rankers"]["it"]["sets"]["set"]
        assert (found["cases"], found["failures"]) == (2, 3)
        assert (found["ac5"], found["mrr"], found["specificity"]) == (0.0, 0.0, 0.0)
        assert (found["abstained"], found["metric_ac1"]) == (0.0, 0.0)
        texts = {one.error for one in report.results if one.ranker == "it"}
        assert texts == {f"{type(error).__name__}: {str(error).replace(chr(10), ' ')}"}

    def test_the_others_are_graded_all_the_same(self, folder):
        both = {"bad": Raises(RuntimeError("x")), "it": Says(ranking({"a": 1.0}))}
        assert summary(both, folder(case()))["ac1"] == 1.0

    def test_an_interrupt_passes(self, folder):
        with pytest.raises(KeyboardInterrupt):
            evaluate({"it": Raises(KeyboardInterrupt())}, folder(case()))

    @pytest.mark.parametrize(
        ("answer", "message"),
        [
            (None, "TypeError: the ranker returned NoneType"),
            (["a", "b"], "TypeError: the ranker returned list"),
            (ranking({"a": float("nan"), "b": 1.0}), "ValueError: the score of a is NaN"),
            (ranking({}, {("a", "x"): float("nan")}), "ValueError: the score of a/x is NaN"),
            (
                Ranking((), (ServiceScore("a", 1.0), ServiceScore("b", 2.0), ServiceScore("a", 3.0))),
                "ValueError: the ranking names a service or a series twice",
            ),
        ],
    )  # fmt: skip
    def test_an_answer_that_is_no_ranking_is_a_failure(self, folder, answer, message):
        report = evaluate({"it": Says(answer)}, folder(case()))
        (one,) = [one for one in report.results if one.ranker == "it"]
        assert one.error.startswith(message)
        assert one.service_rank is None

    def test_a_case_that_cannot_be_read_ends_the_run(self, folder):
        path = folder(case("1"), case("2"))
        (path / "set" / "2" / "case.json").write_text("{")
        with pytest.raises(InvalidCase, match=r"2/case\.json"):
            evaluate({}, path)

    def test_no_case_at_all(self, tmp_path):
        with pytest.raises(InvalidCase, match="no case in or below"):
            evaluate({}, tmp_path)

    def test_an_unknown_onset(self, folder):
        with pytest.raises(
            InvalidInput, match="onset is 'gven'; it must be one of given, detected"
        ):
            evaluate({}, folder(case()), onset="gven")


class TestWhatARankerSees:
    def test_all_that_is_known_and_never_the_label(self, folder):
        known = case(topology=(("a", "b"),), trigger=MetricId("d", "y"))
        known.metrics.attrs["answer"] = "a"
        spy = Says(ranking({}))
        evaluate({"it": spy}, folder(known))
        (asked,) = spy.asked
        assert set(asked) == {"metrics", "onset", "trigger", "topology"}
        assert asked["onset"] == START + timedelta(minutes=7)
        assert asked["trigger"] == MetricId("d", "y")
        assert asked["topology"] == (("a", "b"),)
        assert asked["metrics"].attrs == {}

    def test_detected_keeps_the_onset_back(self, folder):
        spy = Says(ranking({}))
        evaluate({"it": spy}, folder(case("1"), case("2", None)), onset="detected")
        assert [asked["onset"] for asked in spy.asked] == [None, None]

    def test_a_healthy_case_has_a_moment_too(self, folder):
        spy = Says(ranking({}))
        evaluate({"it": spy}, folder(case(truth=None)))
        assert spy.asked[0]["onset"] == START + timedelta(minutes=7)

    def test_columns_are_shuffled_by_seed_and_case_and_nothing_else(self, folder):
        wide = tuple(f"s{k}" for k in range(20))
        path = folder(case("1", "s0", wide), case("2", "s0", wide))

        def orders(seed):
            one, two = Says(ranking({})), Says(ranking({}))
            evaluate({"one": one, "two": two}, path, seed=seed)
            columns = [
                [list(asked["metrics"].columns) for asked in spy.asked] for spy in (one, two)
            ]
            assert columns[0] == columns[1]  # every ranker gets the same
            return columns[0]

        first, again, other = orders(0), orders(0), orders(1)
        assert first == again != other
        assert first[0] != first[1]
        as_saved = list(datasets.load(path / "set" / "1").metrics.columns)
        assert all(order != as_saved for order in first)
        assert all(sorted(order) == sorted(as_saved) for order in first)

    def test_the_values_stay_with_their_columns(self, folder):
        spy = Says(ranking({}))
        evaluate({"it": spy}, folder(case()))
        seen = spy.asked[0]["metrics"]
        pd.testing.assert_frame_equal(
            seen[case().metrics.columns], case().metrics, check_freq=False
        )

    def test_falling_back_to_the_order_of_columns_wins_nothing(self, folder):
        class FirstColumn:
            def rank(self, metrics, **_):
                names = list(dict.fromkeys(metrics.columns.get_level_values("service")))
                return ranking({name: -place for place, name in enumerate(names)})

        cases = [case(f"{k:02}", "a") for k in range(40)]  # the truth is always the first column
        found = summary(FirstColumn(), folder(*cases))
        assert found["ac1"] < 0.5

    def test_one_ranker_cannot_spoil_the_frame_of_the_next(self, folder):
        class Vandal:
            def rank(self, metrics, **_):
                metrics.iloc[:, :] = 0.0
                return ranking({})

        spy = Says(ranking({}))
        evaluate({"vandal": Vandal(), "it": spy}, folder(case()))
        assert (spy.asked[0]["metrics"].std() > 0).all()


class TestReport:
    def test_the_baselines_are_always_there(self, folder):
        found = evaluate({}, folder(case())).to_dict()["rankers"]
        assert list(found) == ["random", "max_z"]
        assert found["random"]["sets"]["set"]["failures"] == 0
        assert found["max_z"]["sets"]["set"]["failures"] == 0

    def test_something_given_under_their_name_takes_their_place(self, folder):
        found = summary(Says(ranking({"a": 1.0})), folder(case()), name="random")
        assert found["ac1"] == 1.0

    def test_the_same_seed_gives_the_same_report(self, folder):
        path = folder(case("1"), case("2", "b"))

        def ranks(seed):
            return [(r.ranker, r.service_rank) for r in evaluate({}, path, seed=seed).results]

        assert ranks(3) == ranks(3)

    def test_the_document_has_these_keys_and_is_json(self, folder):
        folder(case("1"), name="ill")
        path = folder(case("2", None), name="well")
        found = evaluate({"it": Raises(ValueError())}, path).to_dict()
        assert list(found) == ["rankers"]
        for one in found["rankers"].values():
            assert list(one) == ["sets", "mean"]
            assert list(one["sets"]) == ["ill", "well"]
            assert all(set(each) == KEYS for each in [*one["sets"].values(), one["mean"]])
        json.dumps(found, allow_nan=False)

    def test_the_mean_is_over_the_sets_with_a_cause_and_over_what_applies(self, folder):
        folder(case("1"), case("2", "b"), name="two")
        folder(case("3", root_cause=RootCause("a")), case("4", None), name="mixed")
        path = folder(case("5", None), name="well")
        found = evaluate({"it": Says(ranking({"a": 1.0}))}, path).to_dict()["rankers"]["it"]
        assert found["mean"]["ac1"] == fmean([0.5, 1.0])
        assert found["mean"]["cases"] == fmean([2, 1])
        assert found["mean"]["metric_ac1"] == found["sets"]["two"]["metric_ac1"] == 0.0
        assert found["mean"]["specificity"] == found["sets"]["mixed"]["specificity"] == 0.0

    def test_without_any_cause_the_mean_is_empty(self, folder):
        found = evaluate({}, folder(case(truth=None))).to_dict()["rankers"]["max_z"]["mean"]
        assert set(found.values()) == {None}

    def test_the_table_has_the_lift_over_chance(self, folder):
        path = folder(case("1"), case("2", None))
        table = evaluate({"it": Says(ranking({"a": 1.0}))}, path).to_frame()
        assert table.index.names == ["ranker", "set"]
        assert set(table.columns) == KEYS | {"lift"}
        assert table.loc[("it", "set"), "lift"] == 4.0
        assert table.loc[("it", "mean"), "lift"] == 4.0
        assert (table.dtypes == np.float64).all()

    def test_results_tell_the_rest(self, folder):
        report = evaluate({"it": Says(ranking({"b": 1.0, "a": 1.0}))}, folder(case()))
        one = next(one for one in report.results if one.ranker == "it")
        assert (one.set, one.case, one.fault, one.n_services) == ("set", "one", "cpu", 4)
        assert (one.service_rank, one.metric_rank, one.metric_known) == (1.5, None, True)
        assert (one.healthy, one.abstained, one.error) == (False, False, None)
        assert one.seconds >= 0

    def test_hostile_names_are_escaped(self):
        report = Report((result(1.0, set="<script>s</script>", ranker="<b>r</b>"),))
        page = report._repr_html_()
        assert "<script>" not in page
        assert "<b>" not in page
        assert "&lt;script&gt;" in page

    def test_what_does_not_apply_is_a_dash(self, folder):
        report = evaluate({}, folder(case(truth=None)))
        assert "nan" not in str(report).lower()
        assert "<td>-</td>" in report._repr_html_()

    def test_progress(self, folder):
        calls = []
        path = folder(case("1"), case("2"))
        evaluate({}, path, progress=lambda done, total, name: calls.append((done, total, name)))
        assert calls == [(1, 2, "set/1"), (2, 2, "set/2")]

    def test_chance_is_what_the_die_scores(self, folder):
        path = folder(*[case(f"{k:02}", SERVICES[k % 4]) for k in range(60)])
        found = evaluate({}, path).to_dict()["rankers"]["random"]["sets"]["set"]
        assert found["chance_ac1"] == 1 / 4
        assert found["ac1"] == pytest.approx(1 / 4, abs=0.17)  # three standard deviations
        assert found["avg5"] == pytest.approx(found["chance_avg5"], abs=0.1)
