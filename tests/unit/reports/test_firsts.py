from aiops.reports.firsts import MAX_MOMENTS, MAX_RECOVERED, MAX_SERVICES, firsts
from aiops.types import Anomaly


def strange(service, start, end, metric="cpu", score=1.0):
    return Anomaly(service, metric, start, end, score, "robust_z")


def services(moment):
    return [one.service for one in moment.breaks]


def found(make_investigation, at, anomalies, onset=20):
    return firsts(
        make_investigation(anomalies=tuple(anomalies)),
        at(onset).timestamp() if onset is not None else None,
    )


def test_services_stand_in_order_of_time_relative_to_the_onset(make_investigation, at):
    strip = found(
        make_investigation, at, [strange("web", at(21), at(25)), strange("db", at(20), at(25))]
    )
    assert [(moment.when, services(moment)) for moment in strip.moments] == [
        ("+0\u202fs", ["db"]),
        ("+1\u202fmin", ["web"]),
    ]


def test_each_service_appears_once_with_its_first_series(make_investigation, at):
    strip = found(
        make_investigation,
        at,
        [
            strange("db", at(22), at(25), "memory"),
            strange("db", at(21), at(25), "cpu"),
        ],
    )
    assert [one.metric for moment in strip.moments for one in moment.breaks] == ["cpu"]


def test_what_broke_in_one_sample_shares_a_moment_with_the_blamed_service_first(
    make_investigation, at
):
    strip = found(
        make_investigation,
        at,
        [
            strange("weak", at(20), at(25), score=1),
            strange("strong", at(20), at(25), score=9),
            strange("db", at(20), at(25), score=0.5),
        ],
    )
    assert [services(moment) for moment in strip.moments] == [["db", "strong", "weak"]]


def test_what_was_over_before_the_onset_is_told_apart(make_investigation, at):
    strip = found(
        make_investigation,
        at,
        [
            strange("old", at(2), at(4)),
            strange("db", at(3), at(4)),
            strange("db", at(20), at(25)),
        ],
    )
    assert [services(moment) for moment in strip.moments] == [["db"]]
    assert strip.recovered == ("old (\u221218\u202fmin)",)


def test_a_spell_that_reaches_the_onset_counts_from_its_start(make_investigation, at):
    strip = found(make_investigation, at, [strange("db", at(19), at(25))])
    assert strip.moments[0].when == "\u22121\u202fmin"


def test_without_an_onset_time_counts_from_the_first_strange_sample(make_investigation, at):
    strip = found(
        make_investigation,
        at,
        [strange("db", at(3), at(4)), strange("web", at(5), at(6))],
        onset=None,
    )
    assert [moment.when for moment in strip.moments] == ["+0\u202fs", "+2\u202fmin"]
    assert strip.relative == "the first strange sample"


def test_crowds_are_counted_rather_than_listed(make_investigation, at):
    crowd = [strange(f"s{n}", at(20), at(25)) for n in range(MAX_SERVICES + 3)]
    late = [strange(f"t{n}", at(21 + n), at(29)) for n in range(MAX_MOMENTS + 1)]
    old = [strange(f"u{n}", at(n), at(n)) for n in range(MAX_RECOVERED + 2)]
    strip = found(make_investigation, at, [*crowd, *late, *old])
    assert strip.moments[0].more == 3
    assert len(strip.moments) == MAX_MOMENTS
    assert strip.later == 2
    assert len(strip.recovered) == MAX_RECOVERED
    assert strip.recovered_more == 2


def test_nothing_strange_gives_an_empty_strip(make_investigation, at):
    strip = found(make_investigation, at, [])
    assert (strip.moments, strip.recovered, strip.later) == ((), (), 0)
