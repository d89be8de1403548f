"""The lines that simulated services write while requests flow through them.

Rates follow what truly happens: failed requests, calls given up, kills for memory, probes that
fail, pods that start. Few lines are written: a busy service samples what it logs, as real ones do.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from chaos.simulation.traffic import Flow

LOGGED = 0.0005
"""Share of the requests that are answered well and logged."""

TROUBLE_LOGGED = 0.05
"""Share of the failed requests and calls that are logged."""

MOST_LINES = 2.0
"""Lines of one template that a service writes in one step on average, at most."""

_NOTES = {
    "start": ("INFO", "starting server, listening on port 8080"),
    "oom": ("ERROR", "container killed: OOMKilled, exit code 137, restarting"),
    "unready": ("WARN", "readiness probe failed: GET {path} returned status 503"),
    "unpulled": ("ERROR", "failed to pull image: manifest unknown, back-off {number} s"),
}
_PATHS = ("/api/v1/items", "/api/v1/users", "/api/v2/quote", "/internal/sync", "/healthz")


@dataclass(frozen=True, slots=True)
class Moment:
    """What truly happened in one step: the flows, and the notes of the pods of each service."""

    flows: Mapping[str, Flow]
    notes: Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class _Template:
    """One kind of line of one service, and how many of it are to be expected in each step."""

    service: str
    level: str
    text: str
    expected: np.ndarray


def write_logs(
    history: Sequence[Moment], *, seed: int, start: datetime, step_s: float
) -> pd.DataFrame:
    """Return the lines written during `history`: UTC index; ``service``, ``level``, ``message``.

    The lines of the first steps do not depend on what comes after them.
    """
    lines = [
        line
        for number, template in enumerate(_templates(history, step_s))
        for line in _lines(template, (seed, 0x106, number))
    ]
    lines.sort()
    at_s = np.array([line[0] for line in lines], dtype=np.float64) * step_s
    index = pd.DatetimeIndex(
        pd.Timestamp(start) + pd.to_timedelta((at_s * 1000).round(), unit="ms")
    )
    columns = {
        name: pd.Series([line[place] for line in lines], index=index, dtype="str")
        for place, name in enumerate(("service", "level", "message"), start=1)
    }
    return pd.DataFrame(columns, index=index)


def _templates(history: Sequence[Moment], step_s: float) -> Iterator[_Template]:
    """Yield every kind of line that can be written, always in the same order."""
    for name in sorted(history[0].flows) if history else ():
        flows = [moment.flows[name] for moment in history]
        count = np.array([flow.rate for flow in flows]) * step_s
        failing = np.array([flow.failing for flow in flows])
        good = LOGGED * count * (1 - failing)
        yield _Template(name, "INFO", "GET {path} 200 {number} ms", np.minimum(good, 0.2))
        bad = _logged(count * failing)
        yield _Template(name, "ERROR", "request failed: GET {path} returned status 500", bad)
        yield from _about_calls(name, history, count)
        for kind, (level, text) in _NOTES.items():
            seen = [moment.notes.get(name, ()) for moment in history]
            noted = np.array([list(notes).count(kind) for notes in seen], dtype=np.float64)
            yield _Template(name, level, text, -noted)


def _about_calls(name: str, history: Sequence[Moment], count: np.ndarray) -> Iterator[_Template]:
    """Yield what a caller writes of each of its callees."""
    for callee, calls in history[0].flows[name].service.calls.items():
        answers = [moment.flows[callee] for moment in history]
        made = count * calls
        refused = np.array([answer.capacity.closed for answer in answers])
        failed = np.array([answer.failing for answer in answers])
        late = np.array([answer.late for answer in answers])
        text = f"call to {callee} timed out after 1000 ms, retrying"
        yield _Template(name, "WARN", text, _logged(made * late))
        text = f"call to {callee} failed: status 500"
        yield _Template(name, "ERROR", text, _logged(np.where(refused, 0.0, made * failed)))
        text = f"call to {callee} failed: connection refused"
        yield _Template(name, "ERROR", text, _logged(np.where(refused, made, 0.0)))


def _logged(trouble: np.ndarray) -> np.ndarray:
    return np.minimum(TROUBLE_LOGGED * trouble, MOST_LINES)


def _lines(template: _Template, seed: Sequence[int]) -> Iterator[tuple[float, str, str, str]]:
    """Yield the lines of one template as (step and part of it, service, level, message).

    What is expected is Poisson; a negative number is a certain one.
    """
    if not template.expected.any():
        return
    expected = template.expected
    drawn = np.random.default_rng(seed).poisson(np.maximum(expected, 0.0))
    counts = np.where(expected < 0, -expected, drawn).astype(int)
    steps = np.repeat(np.arange(len(counts)), counts)
    details = np.random.default_rng((*seed, 1)).random((len(steps), 3)).tolist()
    for step, (moment, path, number) in zip(steps.tolist(), details, strict=True):
        message = template.text.format(
            path=_PATHS[int(path * len(_PATHS))], number=3 + int(90 * number)
        )
        yield step + moment, template.service, template.level, message
