"""Screened signals of one window: from stored samples where they can be had, by PromQL elsewhere."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from aiops.clients.prometheus import NoRemoteRead
from aiops.clients.prometheus.series import Grid
from aiops.collectors.pull.pulling import pull_part
from aiops.proving.backtest.shaping import can_shape, shape
from aiops.types import NotEnoughData

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    import pandas as pd

    from aiops.clients.prometheus import PrometheusClient
    from aiops.collectors.signals.planning import Signal

MOST_SAMPLES = 20_000_000
"""Stored samples that are held at once, 16 bytes each and as much again while they are shaped."""


SAMPLE_S = 3e-7
"""Seconds of its processor that a server takes to hand over one of them, measured on 2.42."""


@dataclass(frozen=True, eq=False)
class Answer:
    """The metrics of a window, what was left out of it, and what it cost the server.

    `server_s` are seconds of one of its processors: known of stored samples, and for PromQL the
    time until the answer was there.
    """

    frame: pd.DataFrame
    left_out: tuple[str, ...]
    server_s: float


class Screening:
    """Reads signals, one window at a time.

    Parameters
    ----------
    signals : sequence of Signal
    step_s : float
        Seconds from row to row.
    scrape_s : float
        Seconds from one stored sample to the next.

    Attributes
    ----------
    longest : timedelta
        The longest window whose samples are few enough to be held at once.
    """

    def __init__(
        self,
        client: PrometheusClient,
        signals: Sequence[Signal],
        step_s: float,
        scrape_s: float,
    ) -> None:
        self.client, self.step_s = client, step_s
        self.stored = [one for one in signals if can_shape(one)]
        self.asked = [one for one in signals if not can_shape(one)]
        series = max(sum(one.cost for one in self.stored), 1)
        self.longest = timedelta(seconds=MOST_SAMPLES / series * scrape_s)

    def ask(self, first: datetime, last: datetime) -> Answer:
        """Return what there is from `first` to `last`, both included.

        Raises
        ------
        NotEnoughData
            If there is nothing.
        """
        import pandas as pd

        answers: list[Answer] = []
        for read in (self._stored, self._asked):
            try:
                answers.append(read(first, last))
            except NotEnoughData as error:
                missing = error
        if not answers:
            raise missing
        return Answer(
            pd.concat([one.frame for one in answers], axis=1),
            tuple(text for one in answers for text in one.left_out),
            sum(one.server_s for one in answers),
        )

    def _stored(self, first: datetime, last: datetime) -> Answer:
        try:
            frame = shape(self.client, self.stored, Grid.over(first, last, self.step_s))
        except NoRemoteRead:
            self.stored, self.asked = [], [*self.stored, *self.asked]
            raise NotEnoughData(f"{self.client.url}: no samples are handed over") from None
        return Answer(frame, (), (last - first) / self.longest * MOST_SAMPLES * SAMPLE_S)

    def _asked(self, first: datetime, last: datetime) -> Answer:
        began = time.monotonic()
        pulled = pull_part(self.client, self.asked, first, last, self.step_s)
        left_out = tuple(f"{one.column} is left out: {one.why}." for one in pulled.refused)
        return Answer(pulled.frame, left_out, time.monotonic() - began)
