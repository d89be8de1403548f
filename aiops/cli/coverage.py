"""How much of a Prometheus the toolkit can use, in words: for a person, as JSON, for aiops.toml."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from aiops.cli.output import print_table, say
from aiops.collectors.inventory.members import FamilyKind
from aiops.collectors.kinds import GOLDEN, SignalKind
from aiops.collectors.labels.subjects import built_in_rule

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from aiops.cli.survey import Survey
    from aiops.collectors.inventory.families import Family

SHOWN = 20

_TAKES = {
    SignalKind.TRAFFIC: "a counter of requests, such as http_requests_total",
    SignalKind.ERRORS: "a label on that counter for the outcome, such as code or status",
    SignalKind.LATENCY: "a histogram of durations, such as http_request_duration_seconds",
    SignalKind.SATURATION: "process_cpu_seconds_total of the service, or cAdvisor beside it",
}
"""What a service must show for each golden signal."""


def show(found: Survey) -> None:
    """Print a survey for a person."""
    say(_summary(found))
    _show_labels(found)
    _show_signals(found)
    _show_unmapped(found)
    _show_calls(found)


def document(found: Survey) -> dict[str, Any]:
    """Return a survey as the JSON document that ``--json`` prints."""
    inventory, calls = found.inventory, found.calls
    return {
        "prometheus": {"url": found.settings.prometheus.url, "version": found.version},
        "window": {"start": found.start.isoformat(), "end": found.end.isoformat()},
        "scrape_interval_s": inventory.scrape_s,
        "series": {
            "total": inventory.series,
            "mapped": inventory.mapped,
            "share": inventory.share,
        },
        "labels": {
            label: {"metrics": metrics, "services": sorted(services)}
            for label, (metrics, services) in found.deciding.items()
        },
        "added_labels": list(found.added),
        "services": {
            service: {"missing": [kind.value for kind in kinds]}
            for service, kinds in found.missing.items()
        },
        "unmapped": [
            {
                "reason": reason,
                "series": _nobodys(families),
                "metrics": [family.name for family in families],
                "remedy": _remedy(families),
            }
            for reason, families in _by_reason(found)
        ],
        "calls": {
            "edges": [
                {"caller": caller, "callee": callee, "sources": list(sources)}
                for (caller, callee), sources in calls.sources().items()
            ],
            "coverage": calls.coverage(inventory.services),
            "services_without": list(calls.missing(inventory.services)),
            "strangers": [
                {"name": one.name, "near": one.near} for one in calls.strangers(inventory.services)
            ],
            "notes": list(calls.notes),
        },
    }


def head(found: Survey) -> list[str]:
    """Return what stands at the top of aiops.toml."""
    return [
        f"Written by `aiops init` on {found.end:%Y-%m-%d} for {found.settings.prometheus.url}.",
        f"{_summary(found)}.",
        "A line that begins with # key = value shows a default; take the # away to change it.",
        "Each key can be set by a variable, too: AIOPS_PROMETHEUS__URL sets url in [prometheus].",
    ]


def notes(found: Survey) -> dict[str, list[str]]:
    """Return what stands above the tables of aiops.toml."""
    labels = [
        f"{label} puts {_count(metrics, 'metric')} down to {_count(len(services), 'service')}."
        for label, (metrics, services) in found.deciding.items()
    ]
    topology = found.calls.topology
    share = _share(found.calls.coverage(found.inventory.services))
    return {
        "prometheus": ["A secret is never a setting: name a token by token_env or token_file."],
        "labels": ["Found in the last look:", *labels] if labels else [],
        "calls": [f"Found: {_count(len(topology), 'call')}, that name {share} of the services."],
    }


def _summary(found: Survey) -> str:
    inventory = found.inventory
    return (
        f"{inventory.mapped} of {inventory.series} series mapped ({_share(inventory.share)}) to "
        f"{_count(len(inventory.services), 'service')}, one sample each {inventory.scrape_s:g} s"
    )


def _show_labels(found: Survey) -> None:
    say()
    print_table(
        ("label", "metrics", "services"),
        [
            (label, str(metrics), _few(sorted(services)))
            for label, (metrics, services) in found.deciding.items()
        ],
    )
    for label in found.added:
        say(f"label {label} was added to labels.service: it maps more")


def _show_signals(found: Survey) -> None:
    lacking = {service: kinds for service, kinds in found.missing.items() if kinds}
    say()
    if not found.missing:
        say("golden signals: none, for no series is mapped to a service; see labels.service")
        return
    if not lacking:
        say("golden signals: every service has all four")
        return
    say(f"golden signals missing from {_count(len(lacking), 'service')}")
    rows = [
        (service, *("missing" if kind in kinds else "yes" for kind in GOLDEN))
        for service, kinds in lacking.items()
    ]
    print_table(("service", *(kind.value for kind in GOLDEN)), rows[:SHOWN])
    _say_rest(rows)
    for kind in GOLDEN:
        if any(kind in kinds for kinds in lacking.values()):
            say(f"{kind.value} takes {_TAKES[kind]}")


def _show_unmapped(found: Survey) -> None:
    groups = list(_by_reason(found))
    say()
    if not groups:
        say("unmapped: nothing")
        return
    rows = [
        (
            str(_nobodys(families)),
            reason,
            _few([family.name for family in families]),
            _remedy(families),
        )
        for reason, families in groups
    ]
    print_table(("unmapped", "why", "metrics", "what to do"), rows)


def _show_calls(found: Survey) -> None:
    calls, services = found.calls, found.inventory.services
    say()
    if calls.edges:
        share = _share(calls.coverage(services))
        say(f"calls: {len(calls.topology)}, that name {share} of the services")
        for (caller, callee), sources in list(calls.sources().items())[:SHOWN]:
            say(f"  {caller} -> {callee}  ({sources[0]})")
        _say_rest(calls.topology)
        if without := calls.missing(services):
            say(f"no call names: {_few(without)}")
    else:
        say("calls: none found; list them in a file and set calls.file, or give --context NAME")
    for one in calls.strangers(services):
        near = f"; did you mean {one.near!r}?" if one.near else ""
        say(f"in a call, but without metrics: {one.name}{near}")
    for note in calls.notes:
        say(note)


def _by_reason(found: Survey) -> Iterator[tuple[str, Sequence[Family]]]:
    """Yield each reason with its families, the one that leaves out the most series first."""
    groups: dict[str, list[Family]] = defaultdict(list)
    for family in found.inventory.unmapped:
        groups[family.reason or ""].append(family)
    yield from sorted(groups.items(), key=lambda group: -_nobodys(group[1]))


def _nobodys(families: Sequence[Family]) -> int:
    return sum(family.series - family.mapped for family in families)


def _remedy(families: Sequence[Family]) -> str:
    if all(family.kind is FamilyKind.ALERT for family in families):
        return "nothing: alerts are read as alerts"
    names = sorted({label for family in families for label in family.labels})
    if not names:
        return "they have no labels; leave them out by labels.ignore"
    if all(built_in_rule(family.name).sources is not None for family in families):
        return f"write a rule under labels.rules for one of their labels ({_few(names)}), or ignore them"
    return f"name one of their labels ({_few(names)}) in labels.service, or ignore them"


def _few(names: Sequence[str], most: int = 4) -> str:
    shown = ", ".join(names[:most])
    return f"{shown} and {len(names) - most} more" if len(names) > most else shown


def _say_rest(rows: Sequence[object]) -> None:
    if len(rows) > SHOWN:
        say(f"the first {SHOWN} of {len(rows)}; --json prints them all")


def _share(share: float) -> str:
    return f"{share:.1%}"


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
