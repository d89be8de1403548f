"""`aiops investigate`: what broke and why, in a recorded case or in a Prometheus at a time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aiops.cli import access, prometheus
from aiops.cli.investigation import document, show, show_reading
from aiops.cli.live import Live
from aiops.cli.output import Json, print_json, say, settings_of, telling
from aiops.suggest import nearest
from aiops.types import InvalidInput, MetricId

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from aiops.collectors.freezing import Frozen
    from aiops.settings import Settings
    from aiops.types import Case, Investigation


class Onset(StrEnum):
    """Where the onset of a recorded case comes from."""

    GIVEN = "given"
    DETECTED = "detected"


CaseName = Annotated[
    str | None,
    typer.Argument(metavar="CASE", help="A case folder, or the name of a shipped dataset."),
]
At = Annotated[
    str | None,
    typer.Option(
        metavar="TIME",
        help="When it was noticed: 14:05, -10m, now, or ISO 8601 with a zone. Of a recorded case: "
        "when it began; its inject_time if left out.",
    ),
]
Length = Annotated[
    str | None,
    typer.Option("--for", metavar="SPAN", help="How much is read, most of it before TIME. [1h]"),
]
Service = Annotated[str | None, typer.Option(metavar="S", help="Where the symptom was noticed.")]
Trigger = Annotated[
    str | None,
    typer.Option(metavar="SERVICE/METRIC", help="The symptom; the case's own if left out."),
]
OnsetOption = Annotated[
    Onset, typer.Option(help="'detected' ignores a recorded case's inject_time and looks for it.")
]
Step = Annotated[
    str | None,
    typer.Option(metavar="SPAN", help="From row to row; fits the window if left out."),
]
Calls = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="The call graph: TOML, JSON or CSV; else looked for."),
]
Logs = Annotated[
    list[str] | None,
    typer.Option(metavar="[S=]FILE", help="Log files, or folders of them; repeatable."),
]
Namespaces = Annotated[
    list[str] | None,
    typer.Option("--namespace", "-n", metavar="NS", help="In the cluster; repeatable; else all."),
]
PodLogs = Annotated[bool, typer.Option("--pod-logs", help="Read what the cluster's pods print.")]
Save = Annotated[
    Path | None,
    typer.Option(metavar="DIR", help="Keep the window here; in ./cases if left out."),
]
Report = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Write a self-contained HTML report here.")
]


def investigate(
    context: typer.Context,
    case: CaseName = None,
    url: prometheus.Url = None,
    at: At = None,
    length: Length = None,
    service: Service = None,
    trigger: Trigger = None,
    onset: OnsetOption = Onset.GIVEN,
    step: Step = None,
    queries: access.QueriesFile = None,
    calls: Calls = None,
    logs: Logs = None,
    cluster: access.Context = None,
    kubeconfig: access.Kubeconfig = None,
    namespace: Namespaces = None,
    pod_logs: PodLogs = False,
    save: Save = None,
    report: Report = None,
    token_file: prometheus.TokenFile = None,
    token_env: prometheus.TokenEnv = None,
    ca_file: prometheus.CaFile = None,
    header: prometheus.Headers = None,
    as_json: Json = False,
) -> None:
    """Say what broke, who is to blame, and why.

    `aiops investigate --prometheus URL --at 14:05` needs no configuration. What it reads is kept
    as a case, of which `aiops investigate CASE` gives the same verdict.

    Exit code 0 whatever is found, 2 if the case or the Prometheus cannot be read.
    """
    settings, symptom = settings_of(context), Symptom(trigger, service)
    if case is not None:
        live_only = {
            "--prometheus": url, "--for": length, "--step": step, "--queries": queries,
            "--calls": calls, "--logs": logs, "--context": cluster, "--kubeconfig": kubeconfig,
            "--namespace": namespace, "--pod-logs": pod_logs or None, "--save": save,
            "--token-file": token_file, "--token-env": token_env, "--ca-file": ca_file,
            "--header": header,
        }  # fmt: skip
        _refuse_live(live_only)
        with telling() as tell:
            looked = _look_at_case(case, symptom, at, onset, settings, tell)
            _write(looked, report, tell)
    else:
        _check_live(at, onset)
        server = prometheus.access(
            settings.prometheus, url=url, token_file=token_file, token_env=token_env,
            ca_file=ca_file, headers=header,
        )  # fmt: skip
        live = Live(
            server, at or "now", length or "1h", step, queries, calls, tuple(logs or ()),
            cluster, kubeconfig, tuple(namespace or ()), pod_logs, save,
        )  # fmt: skip
        with telling() as tell:
            looked = _look_at_window(live, symptom, settings, tell)
            _write(looked, report, tell)
    _print(looked, report, as_json=as_json)


@dataclass(frozen=True, slots=True)
class Symptom:
    """What the options say of the symptom: a series, or only its service."""

    trigger: str | None
    service: str | None

    def __post_init__(self) -> None:
        if self.trigger is not None and self.service is not None:
            raise InvalidInput("--trigger names a service already; leave --service out")

    def of(self, case: Case, moment: datetime | None) -> MetricId | None:
        """Return the series that is meant; the case's own where nothing is said.

        Raises
        ------
        InvalidInput
            If there is no such series or service, or no `moment` to judge the service's at.
        """
        if self.trigger is not None:
            return _series(self.trigger, case)
        if self.service is None:
            return case.trigger
        if moment is None:
            raise InvalidInput("--service needs the moment of the symptom; add --at TIME")
        from aiops.pipeline.noticing import strangest_symptom

        return strangest_symptom(case.metrics, self.service, moment)


@dataclass(frozen=True)
class _Looked:
    """An investigation, and what the user knew before it.

    `onset` was given, or the symptom `noticed`; `read` and `folder` say how the window was read
    and where it is kept, if it was read now.
    """

    found: Investigation
    onset: datetime | None = None
    noticed: datetime | None = None
    read: Frozen | None = None
    folder: Path | None = None


def _look_at_case(
    name: str,
    symptom: Symptom,
    at: str | None,
    onset: Onset,
    settings: Settings,
    tell: Callable[[str], None],
) -> _Looked:
    tell(f"reading {name}")
    from aiops import datasets, pipeline
    from aiops.pipeline.noticing import investigate_noticed, noticed_at

    case = datasets.load(name)
    moment, noticed = _moment(case, at, onset), noticed_at(case)
    tell(f"ranking the causes of {case.id}")
    if noticed is not None and onset is Onset.GIVEN:
        seen = moment or noticed
        series = symptom.of(case, seen)
        found = investigate_noticed(case, settings=settings, noticed=seen, trigger=series)
        return _Looked(found, noticed=seen)
    series = symptom.of(case, moment)
    found = pipeline.investigate(case, settings=settings, onset=moment, trigger=series)
    return _Looked(found, onset=moment)


def _look_at_window(
    live: Live, symptom: Symptom, settings: Settings, tell: Callable[[str], None]
) -> _Looked:
    from aiops import datasets
    from aiops.pipeline.noticing import investigate_noticed, with_notice

    read = live.read(settings, tell)
    noticed = read.window.noticed
    series = symptom.of(read.case, noticed)
    case = with_notice(replace(read.case, trigger=series), noticed)
    folder = live.folder(read)
    tell(f"keeping the window in {folder}")
    datasets.save(case, folder)
    tell("ranking the causes")
    found = investigate_noticed(case, settings=settings, noticed=noticed)
    return _Looked(found, noticed=noticed, read=read, folder=folder)


def _write(looked: _Looked, report: Path | None, tell: Callable[[str], None]) -> None:
    if report is not None:
        tell(f"writing {report}")
        from aiops.reports import incident_page, write_page

        write_page(incident_page(looked.found), report)


def _print(looked: _Looked, report: Path | None, *, as_json: bool) -> None:
    if as_json:
        print_json(document(looked.found, looked.read, looked.folder))
        return
    if looked.read is not None:
        show_reading(looked.read)
    show(looked.found, told=looked.onset, noticed=looked.noticed)
    if report is not None:
        say(f"report: {report}")
    if looked.folder is not None:
        say(f"kept: {looked.folder}")


def _refuse_live(options: Mapping[str, object]) -> None:
    given = [name for name, value in options.items() if value is not None]
    if given == ["--prometheus"]:
        raise InvalidInput("a CASE and --prometheus are two sources; leave one out")
    if given:
        raise InvalidInput(f"{given[0]} is for --prometheus URL, not for a recorded case")


def _check_live(at: str | None, onset: Onset) -> None:
    if at is None:
        raise InvalidInput("name a CASE, or say when it was noticed: --prometheus URL --at 14:05")
    if onset is Onset.DETECTED:
        raise InvalidInput("--onset is for recorded cases; with --prometheus it is always found")


def _moment(case: Case, at: str | None, onset: Onset) -> datetime | None:
    if at is None:
        return case.inject_time if onset is Onset.GIVEN else None
    if onset is Onset.DETECTED:
        raise InvalidInput("--at and --onset detected contradict each other; leave one out")
    try:
        moment = datetime.fromisoformat(at)
        utc = moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise InvalidInput(
            f"--at {at!r} is no time; write it as 2026-01-05T14:05:00+00:00"
        ) from None
    if moment.tzinfo is None:
        raise InvalidInput(
            f"--at {at} has no time zone; write {moment.replace(tzinfo=UTC).isoformat()} for UTC"
        )
    return utc


def _series(text: str, case: Case) -> MetricId:
    try:
        series = MetricId.parse(text)
    except InvalidInput as error:
        raise InvalidInput(f"--trigger: {error}") from None
    if series not in case.metrics.columns:
        near = nearest(text, (str(MetricId(*name)) for name in case.metrics.columns))
        raise InvalidInput(f"--trigger {text!r}: no such series; the nearest is {near!r}")
    return series
