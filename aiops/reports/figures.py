"""The figures of a scoreboard in words and numbers, as every report of it prints them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiops.reports import words

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from aiops.scores import AlwaysScore, DetectionScore, RankingScore, Scoreboard


def headline(board: Scoreboard) -> str:
    """Say in a sentence or two how many were judged and how many were missed."""
    counts = ((board.faults, "fault"), (board.controls, "control"), (board.decoys, "decoy"))
    first, second, third = (words.plural(*pair) for pair in counts)
    head = f"{board.judge} judged {first}, {second} and {third}."
    if board.not_injected:
        head += f" In {words.plural(board.not_injected, 'more run')} nothing was injected."
    if board.detection.failures:
        head += f" It could not judge {words.plural(board.detection.failures, 'run')}."
    recall = board.detection.recall
    if not recall.of:
        return f"{head} No fault bit."
    return f"{head} {recall.of} bit; {recall.of - recall.hits} of these went unnoticed."


def figures(board: Scoreboard) -> tuple[tuple[str, str], ...]:
    """Return the figures of detection, effect and revert in words: name and value."""
    found = board.detection
    rate = found.alarms_per_hour
    delay = found.delay_s
    return (
        ("Not injected", str(board.not_injected)),
        ("Faults that bit", f"{board.effective} ({_counts(board.effects)})"),
        ("Recall, faults that bit", str(found.recall)),
        ("Recall, all faults", str(found.recall_all)),
        ("Precision", _precision(found)),
        ("F1", _number(found.f1)),
        ("An alarm in every run", _always(found.always)),
        ("Delay, median (quartiles)", _delay(delay.median, delay.low, delay.high)),
        ("Later than expected", str(found.late)),
        (
            "False alarms an hour in controls",
            f"{_number(rate)} ({found.control_alarms} in {found.control_hours:.2f} h)",
        ),
        ("False alarms in all", str(found.false_alarms)),
        ("Decoys alarmed", str(found.decoys_alarmed)),
        ("Expected alerts raised", str(board.alerts_raised)),
        ("Reverted whole", str(board.reverted)),
        ("Runs not judged", str(found.failures)),
        ("Left out of rankings", _counts(board.unranked)),
        ("Rankings failed", _failed(board.rankings)),
    )


RANKING_HEAD = (
    *("ranker", "faults", "AC@1", "AC@3", "AC@5", "Avg@5", "MRR"),
    *("series AC@1", "series Avg@5", "not asked", "abstained", "failed"),
)
"""The columns of the table of rankings."""


def ranking_row(one: RankingScore) -> tuple[str, ...]:
    """Return the row of a ranker under `RANKING_HEAD`."""
    return (
        *(one.ranker, str(one.ac1.of), one.ac1.brief, one.ac3.brief, one.ac5.brief),
        *(_number(one.avg5), _number(one.mrr), one.series_ac1.brief, _number(one.series_avg5)),
        *(str(one.not_asked), str(one.abstained), str(one.failures)),
    )


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {what}" for what, count in counts.items() if count) or "none"


def _precision(found: DetectionScore) -> str:
    """Say what precision counts: each fault once, each false alarm."""
    noticed = words.plural(found.precision.hits, "fault")
    alarms = words.plural(found.false_alarms, "false alarm")
    return f"{found.precision}: {noticed} noticed, {alarms}"


def _always(found: AlwaysScore) -> str:
    return f"precision {found.precision}, F1 {_number(found.f1)}"


def _failed(rankings: Iterable[RankingScore]) -> str:
    return ", ".join(f"{one.ranker}: {one.failures}" for one in rankings if one.failures) or "none"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"  # noqa: RUF001  a dash for nothing


def _delay(median: float | None, low: float | None, high: float | None) -> str:
    if median is None or low is None or high is None:
        return "–"  # noqa: RUF001  a dash for nothing
    return f"{words.duration(median)} ({words.duration(low)} to {words.duration(high)})"
