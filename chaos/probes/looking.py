"""One probe, looked at once: ask what it names, and hold the answer against its tolerance."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aiops.errors import Denied, Unreachable
from chaos.files.providers import (
    AllPods,
    Available,
    CountPods,
    Http,
    KubernetesField,
    Process,
    Promql,
    Python,
    Slo,
)
from chaos.probes import http, objects, process, python, series
from chaos.probes.results import NotEvaluated, ProbeFailed, ProbeResult
from chaos.probes.tolerance import within

if TYPE_CHECKING:
    from chaos.files.activities import Probe
    from chaos.files.providers import Seen
    from chaos.probes.context import Context
    from chaos.probes.results import Found

_KEPT = 120
"""Characters of a text that are kept of an answer."""


def look(provider: Seen, context: Context) -> Any:
    """Return what `provider` answers; an allowed action is run in the same way.

    Raises
    ------
    ProbeFailed
        If it answers with a failure or not at all, or is code that is not allowed.
    NotEvaluated
        If it cannot be asked.
    Unreachable, Denied
        If a server in between does not answer, or refuses.
    """
    refused = context.allowed.refusal(provider)
    if refused:
        raise ProbeFailed(refused)
    answer: Any
    match provider:
        case Promql():
            answer = series.promql(provider.arguments, context.queries)
        case Slo():
            answer = series.slo(provider.arguments, context.metrics)
        case KubernetesField() | Available() | CountPods() | AllPods():
            answer = objects.ask(provider, context.cluster)
        case Http():
            answer = http.fetch(provider, context.secrets)
        case Process():
            answer = process.run(provider, context.secrets)
        case Python():
            answer = python.call(provider, context.secrets)
    return answer


def check(probe: Probe, context: Context) -> ProbeResult:
    """Look at `probe` and say whether what was found is tolerated; without a tolerance it is."""
    try:
        value = look(probe.provider, context)
    except ProbeFailed as failure:
        return ProbeResult(probe.name, ok=False, detail=str(failure))
    except (NotEvaluated, Unreachable, Denied) as failure:
        return ProbeResult(probe.name, ok=None, detail=f"not evaluated: {failure}")
    kept = _kept(value)
    if probe.tolerance is None:
        return ProbeResult(probe.name, ok=True, value=kept, detail=f"found {kept}")
    ok = within(probe.tolerance, value)
    verdict = "as tolerated" if ok else f"not tolerated: {_wanted(probe.tolerance)}"
    return ProbeResult(probe.name, ok=ok, value=kept, detail=f"found {kept}, {verdict}")


def _kept(value: Any) -> Found:
    """Return what may be kept of an answer: of a mapping its status, of a list its length."""
    if isinstance(value, dict):
        return _kept(value.get("status"))
    if isinstance(value, (list, tuple)):
        return f"{len(value)} values"
    if isinstance(value, str):
        return value[:_KEPT]
    return value if isinstance(value, (bool, int, float)) else None


def _wanted(tolerance: Any) -> str:
    fields = getattr(tolerance, "model_dump", None)
    return f"wanted {fields(exclude_defaults=True) if fields else tolerance!r}"
