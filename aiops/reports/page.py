"""The page itself: view models in, one self-contained HTML text out.

The page may load nothing: its content security policy forbids every request and admits only the
one script and the one style sheet whose digests it names.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections import Counter
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from aiops.reports import words
from aiops.reports.axis import seconds
from aiops.reports.firsts import Firsts, firsts
from aiops.reports.graph import Graph, graph
from aiops.reports.method import method, stamp
from aiops.reports.proof import held, places, steps
from aiops.reports.suspects import Suspect, suspects
from aiops.reports.timeline import Timeline, timeline
from aiops.reports.verdict import SYMBOLS, Gauge, Truth, Verdict, gauge, truth, verdict
from aiops.types import check_metrics

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aiops.types import Investigation, Proof


@dataclass(frozen=True, slots=True)
class IncidentView:
    """Everything that the section of one incident prints; `key` makes its ids unique."""

    key: str
    case_id: str
    system: str
    onset: str
    verdict: Verdict
    gauge: Gauge
    truth: Truth | None
    firsts: Firsts
    suspects: tuple[Suspect, ...]
    timeline: Timeline
    samples: Markup
    graph: Graph | None
    method: tuple[tuple[str, str], ...]


def incident_page(investigation: Investigation) -> str:
    """Return the HTML page of one incident.

    Raises
    ------
    InvalidMetrics
        If the metrics of the case break a rule of `check_metrics`.
    InvalidInput
        If a time has no time zone.
    """
    view = _incident_view(investigation, "incident")
    return render("incident_page.html.j2", title=f"Incident {view.case_id}", incident=view)


def demo_page(investigations: Sequence[Investigation], proof: Proof, *, title: str) -> str:
    """Return one HTML page with several incidents and the proving loop behind them.

    Raises
    ------
    InvalidMetrics
        If the metrics of a case break a rule of `check_metrics`.
    InvalidInput
        If a time has no time zone.
    """
    views = [_incident_view(one, f"incident-{at}") for at, one in enumerate(investigations, 1)]
    return render(
        "demo_page.html.j2",
        title=title,
        incidents=views,
        tally=_tally(views),
        held=held(proof),
        steps=steps(proof),
        places=places(proof),
    )


def script_safe_json(data: Any) -> Markup:
    r"""Return `data` as JSON that cannot end the script element it stands in.

    NaN is refused rather than written, since JSON has no word for it.

    Examples
    --------
    >>> print(script_safe_json(["</script><!--"]))
    ["\u003c/script\u003e\u003c!--"]
    """
    text = json.dumps(data, allow_nan=False, ensure_ascii=True, separators=(",", ":"))
    for sign in "<>&":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return Markup(text)  # noqa: S704  no sign of markup is left in it


def _incident_view(investigation: Investigation, key: str) -> IncidentView:
    case, ranking = investigation.case, investigation.ranking
    check_metrics(case.metrics)
    began = investigation.onset or ranking.onset
    onset = seconds(began) if began else None
    said = verdict(ranking)
    lines = timeline(investigation, onset)
    return IncidentView(
        key=key,
        case_id=case.id,
        system=case.system or "",
        onset=stamp(onset) if onset is not None else "",
        verdict=said,
        gauge=gauge(said.confidence),
        truth=truth(investigation),
        firsts=firsts(investigation, onset),
        suspects=suspects(investigation),
        timeline=lines,
        samples=script_safe_json(lines.samples()),
        graph=graph(investigation),
        method=method(investigation, onset),
    )


def _tally(views: Sequence[IncidentView]) -> str:
    """Count the marks: ``2 right, 1 wrong``."""
    marks = Counter(view.truth.mark for view in views if view.truth)
    return ", ".join(f"{marks[mark]} {mark}" for mark in SYMBOLS if marks[mark])


def render(template: str, **context: Any) -> str:
    """Return a template of this package as a page that may load nothing."""
    style, script = _asset("page.css"), _asset("page.js")
    return (
        _environment()
        .get_template(template)
        .render(style=style, script=script, policy=_policy(style, script), **context)
    )


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("aiops.reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(plural=words.plural, fit=words.fit)
    return environment


@cache
def _asset(name: str) -> Markup:
    text = resources.files("aiops.reports").joinpath("templates", name).read_text("utf-8")
    return Markup(text)  # noqa: S704  a file of this package


def _policy(style: str, script: str) -> str:
    return (
        "default-src 'none'; base-uri 'none'; form-action 'none'; "
        f"style-src {_digest(style)}; script-src {_digest(script)}"
    )


def _digest(text: str) -> str:
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return f"'sha256-{digest}'"
