"""`aiops backtest`: what would have paged in the last days, and which alerts it would have led."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aiops.cli.moments import is_span, moment, span
from aiops.cli.output import Json, counting, print_json, print_table, say, settings_of
from aiops.cli.prometheus import CaFile, Headers, TokenEnv, TokenFile, Url, access, open_client
from aiops.types import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from aiops.backtests import Backtest
    from aiops.clients.prometheus import PrometheusClient
    from aiops.settings import Settings

LEAST_STEP_S = 1.0

CLOCKS_DIFFER = timedelta(seconds=60)
"""An end so little in the future is no slip of the pen."""

BUSY = 0.1
"""A twentieth of a machine with two."""


def backtest(
    context: typer.Context,
    prometheus: Url = None,
    since: Annotated[str, typer.Option(metavar="TIME", help="How far back: 14d, or a time.")] = (
        "14d"
    ),
    until: Annotated[str, typer.Option(metavar="TIME", help="Where the stretch ends.")] = "now",
    step: Annotated[str, typer.Option(metavar="SPAN", help="From tick to tick.")] = "60s",
    pages_per_day: Annotated[
        float | None, typer.Option(metavar="N", help="Pages that people would put up with.")
    ] = None,
    queries: Annotated[
        Path | None, typer.Option(metavar="FILE", help="TOML: what to ask Prometheus for.")
    ] = None,
    calls: Annotated[
        Path | None, typer.Option(metavar="FILE", help="TOML, JSON or CSV: who calls whom.")
    ] = None,
    busy: Annotated[
        float,
        typer.Option(
            metavar="SHARE", help="Share of one of Prometheus' processors that it may take."
        ),
    ] = BUSY,
    token_file: TokenFile = None,
    token_env: TokenEnv = None,
    ca_file: CaFile = None,
    header: Headers = None,
    html: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write one self-contained page here.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Say what would have paged in the last days.

    It says, too, which of the recorded alerts each incident would have led, matched or missed.
    Nothing is installed or changed, and nobody is paged. Exit code 0 whatever is found, 2 if
    there is nothing to replay.
    """
    if not 0 < busy <= 1:
        raise InvalidInput(f"--busy is a share above 0, at most 1, not {busy:g}")
    settings = _settings(settings_of(context), pages_per_day, calls)
    told = access(
        settings.prometheus,
        url=prometheus,
        token_file=token_file,
        token_env=token_env,
        ca_file=ca_file,
        headers=header,
    )
    when = _when(since, until, step)
    with open_client(told) as client:
        found = _replayed(client, settings, queries, when, busy)
    _show(found, html, as_json=as_json)


def _replayed(
    client: PrometheusClient,
    settings: Settings,
    queries: Path | None,
    when: tuple[datetime, datetime, float],
    busy: float,
) -> Backtest:
    """Read the stretch, and replay it."""
    from aiops.collectors.prometheus import load_queries
    from aiops.proving.backtest import backtest as replay
    from aiops.proving.backtest.reading import Pace, StretchReader

    asked = load_queries(queries) if queries else None
    with counting("read") as tell:
        read = StretchReader(client, settings, asked, Pace(busy), tell).read(*when)
    with counting("tick") as tell:
        return replay(
            read.frame,
            read.alerts,
            read.topology,
            settings,
            source=client.url,
            notes=read.notes,
            tell=tell,
        )


def _settings(settings: Settings, pages_per_day: float | None, calls: Path | None) -> Settings:
    """Lay the options over the settings."""
    changes: dict[str, object] = {}
    if pages_per_day is not None:
        if not (isfinite(pages_per_day) and pages_per_day > 0):
            raise InvalidInput(f"--pages-per-day is a number above 0, not {pages_per_day:g}")
        changes["backtest"] = settings.backtest.model_copy(update={"pages_per_day": pages_per_day})
    if calls is not None:
        changes["calls"] = settings.calls.model_copy(update={"file": calls})
    return settings.model_copy(update=changes)


def _when(since: str, until: str, step: str) -> tuple[datetime, datetime, float]:
    """Return start and end on the grid of the step, and the step in seconds."""
    step_s = span(step).total_seconds()
    if step_s < LEAST_STEP_S:
        raise InvalidInput(f"--step {step} is too short; give at least {LEAST_STEP_S:g} s")
    now = datetime.now(UTC)
    end = moment(until, now=now)
    if end > now + CLOCKS_DIFFER:
        raise InvalidInput(
            f"--until {until} lies in the future; it is {now.isoformat(timespec='seconds')} now"
        )
    start = end - span(since) if is_span(since) else moment(since, now=end)
    if start >= end:
        raise InvalidInput(f"--since {since} is not before --until {until}")
    grid = timedelta(seconds=step_s)
    epoch = datetime.fromtimestamp(0, UTC)
    return start - (start - epoch) % grid, end - (end - epoch) % grid, step_s


def _show(found: Backtest, html: Path | None, *, as_json: bool) -> None:
    if html is not None:
        from aiops.reports.backtest import backtest_page
        from aiops.reports.saving import write_page

        write_page(backtest_page(found), html)
    if as_json:
        print_json(found.document())
        return
    from aiops.reports import backtest_words as words

    for line in words.summary(found):
        say(_plain(line))
    say()
    print_table(words.BUDGET_HEAD, words.budget_rows(found))
    if found.pages:
        say()
        _print_rows(words.PAGE_HEAD, words.page_rows(found))
    if found.alerts:
        say()
        _print_rows(words.ALERT_HEAD, words.alert_rows(found))
    if html is not None:
        say(f"page: {html}")


def _print_rows(head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    print_table(head, [[_plain(cell) for cell in row] for row in rows])


def _plain(text: str) -> str:
    """Return `text` with the narrow space of a page as one that every terminal has."""
    return text.replace("\N{NARROW NO-BREAK SPACE}", " ")
