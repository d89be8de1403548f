"""A Prometheus of which nothing is known beforehand: what it has is found out, and then read.

`aiops.collectors.prometheus.PrometheusCollector` is the same for one whose queries are in a file.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from aiops.collectors.callgraph import collect_calls
from aiops.collectors.inventory.taking import take_inventory
from aiops.collectors.port import check_window
from aiops.collectors.pull.pulling import pull
from aiops.collectors.signals.planning import plan_signals

if TYPE_CHECKING:
    import pandas as pd

    from aiops.clients.prometheus import Alert, PrometheusClient
    from aiops.collectors.callgraph import CallGraph
    from aiops.collectors.inventory.taking import Inventory
    from aiops.collectors.pull.pulling import Pulled
    from aiops.settings import Settings

REFRESH_S = 300
"""What there is gets listed anew after so long; the windows of lists are multiples of it."""


class DiscoveredCollector:
    """Brings metrics frames, alerts and the call graph of one system, without any configuration.

    Its methods raise what the client's raise, too.

    Parameters
    ----------
    client : PrometheusClient
        Where the system's metrics are.
    settings : Settings
        Whose a series is, and where the call graph comes from.
    """

    def __init__(self, client: PrometheusClient, settings: Settings) -> None:
        self.client = client
        self.settings = settings
        self._taken: dict[tuple[int, int], Inventory] = {}

    def metrics(self, start: datetime, end: datetime, step_s: float) -> pd.DataFrame:
        """Return all columns of all services from `start` to `end`, one row each `step_s`.

        Raises
        ------
        InvalidInput
            If the window or the step is none, or there are too many series.
        NotEnoughData
            If there is no sample in the window.
        InvalidMetrics
            If the frame breaks a rule of `check_metrics`: too few rows, nothing that varies.
        """
        return self.pulled(start, end, step_s).frame

    def pulled(self, start: datetime, end: datetime, step_s: float) -> Pulled:
        """Return what `metrics` does, with the query behind each column and what was left out.

        Raises
        ------
        InvalidInput, NotEnoughData, InvalidMetrics
            As `metrics` does.
        """
        signals = plan_signals(self.inventory(start, end), step_s=step_s)
        return pull(self.client, signals, start, end, step_s)

    def inventory(self, start: datetime, end: datetime) -> Inventory:
        """Return what there is between two moments, rounded outwards to `REFRESH_S`.

        Listed once for each such stretch, so windows that slide are cheap; only the last list is
        kept.

        Raises
        ------
        InvalidInput
            If the window is none or there are too many series.
        NotEnoughData
            If there are none.
        """
        check_window(start, end)
        first = int(start.timestamp() // REFRESH_S) * REFRESH_S
        last = -int(-end.timestamp() // REFRESH_S) * REFRESH_S
        if (first, last) not in self._taken:
            window = (datetime.fromtimestamp(each, UTC) for each in (first, last))
            taken = take_inventory(self.client, self.settings.labels, *window)
            self._taken = {(first, last): taken}
        return self._taken[first, last]

    def calls(self, start: datetime, end: datetime) -> CallGraph:
        """Return who called whom between two moments, as far as it is told.

        Raises
        ------
        AiopsError
            As `inventory` and `aiops.collectors.callgraph.collect_calls` do.
        """
        services = self.inventory(start, end).services
        window_s = (end - start).total_seconds()
        return collect_calls(self.client, self.settings, end, window_s, services=services)

    def alerts(self, start: datetime, end: datetime) -> tuple[Alert, ...]:
        """Return when which of Prometheus' own alerts were firing."""
        return self.client.alerts(start, end)
