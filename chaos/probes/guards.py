"""Guards: what ends an experiment early, watched tick by tick with the time handed in.

A condition that holds at every tick for its ``for`` aborts at the first tick after that, so within
two ticks of having held so long. A guard that should see and cannot is no guard: it aborts once it
has been blind for `BLIND_S`, or for its ``for`` if that is longer. A guard that has nothing to
look at in this place (PromQL in the simulator) never aborts, and says so in `unwatched`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aiops.errors import Denied, Unreachable
from chaos.files.durations import duration_text
from chaos.files.extension import AlertsGuard, PromqlGuard, SloGuard, WindowGuard
from chaos.probes.results import NoSource, NotEvaluated
from chaos.probes.series import asked, slo, value_of

if TYPE_CHECKING:
    from datetime import datetime

    from chaos.files.extension import GuardBlock
    from chaos.probes.context import Context

BLIND_S: Final = 30.0
"""How long a guard may see nothing, s."""


class Guard:
    """One guard of one run.

    Parameters
    ----------
    block : GuardBlock
        The guard as the file writes it.

    Attributes
    ----------
    unwatched : str or None
        Why there is nothing to look at here; None as long as there is.
    """

    def __init__(self, block: GuardBlock) -> None:
        self.block = block
        self.unwatched: str | None = None
        self._since: datetime | None = None
        self._blind_since: datetime | None = None

    def tick(self, now: datetime, context: Context) -> str | None:
        """Look once and return the reason to abort, or None; `now` never runs backwards."""
        try:
            broken = _broken(self.block, now, context)
        except NoSource as error:
            self.unwatched = str(error)
            return None
        except (NotEvaluated, Unreachable, Denied) as error:
            return self._blind(now, str(error))
        self.unwatched = self._blind_since = None
        if broken is None:
            self._since = None
            return None
        self._since = self._since or now
        held_s = (now - self._since).total_seconds()
        if held_s < _for_s(self.block):
            return None
        return f"{broken} for {duration_text(held_s)}" if held_s else broken

    def _blind(self, now: datetime, why: str) -> str | None:
        self._blind_since = self._blind_since or now
        blind_s = (now - self._blind_since).total_seconds()
        if blind_s < max(BLIND_S, _for_s(self.block)):
            return None
        return f"a guard has seen nothing for {duration_text(blind_s)}: {why}"


def _broken(block: GuardBlock, now: datetime, context: Context) -> str | None:
    """Say what is wrong now; None if nothing is."""
    match block:
        case PromqlGuard():
            return _compared(block, block.promql, value_of(block.promql, context.queries))
        case SloGuard():
            series = f"{block.slo.aggregate} of {block.slo.service}/{block.slo.metric}"
            return _compared(block, series, slo(block.slo, context.metrics))
        case AlertsGuard():
            severity = block.no_firing_alerts
            selector = f'ALERTS{{alertstate="firing",severity="{severity}"}}'
            names = {alert.labels["alertname"] for alert in asked(selector, context.queries)}
            return f"{severity} alerts firing: {', '.join(sorted(names))}" if names else None
        case WindowGuard():
            return None if block.window.holds(now) else f"outside {block.window} (UTC)"


def _compared(block: PromqlGuard | SloGuard, what: str, value: float) -> str | None:
    return f"{what} is {value:g}, {block.abort_if}" if block.abort_if.holds(value) else None


def _for_s(block: GuardBlock) -> float:
    return block.for_s if isinstance(block, (PromqlGuard, SloGuard)) else 0.0
