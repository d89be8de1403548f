"""What a Prometheus has, as opposed to what the values are: names, series, kinds, intervals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import numpy as np

from aiops.clients.prometheus.answers import label_set
from aiops.clients.prometheus.series import milliseconds, seconds_text
from aiops.types import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from aiops.clients.prometheus.api import Api

ANY_SERIES = '{__name__!=""}'
"""The selector of every series."""

_UNKNOWN = "unknown"
_SCRAPES_S = 600


@dataclass(frozen=True, slots=True)
class Metadata:
    """What the targets say of one metric.

    `kind` is ``counter``, ``gauge``, ``histogram``, ``gaugehistogram``, ``summary``, ``info``,
    ``stateset`` or ``unknown``; `unit` and `help` are often "".
    """

    kind: str
    unit: str
    help: str


class Catalog:
    """The questions about what is there; `PrometheusClient` adds those about values."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def labels(self) -> tuple[str, ...]:
        """Return the names of all labels."""
        return self._api.ask(tuple, "GET", "api/v1/labels")

    def label_values(self, name: str) -> tuple[str, ...]:
        """Return all values of the label `name`."""
        return self._api.ask(tuple, "GET", f"api/v1/label/{quote(name, safe='')}/values")

    def series(
        self, selectors: Sequence[str], start: datetime, end: datetime
    ) -> tuple[dict[str, str], ...]:
        """Return the label sets of the series that had samples between `start` and `end`.

        Prometheus answers by whole blocks, so some may have had none in the window itself.

        Parameters
        ----------
        selectors : sequence of str
            PromQL selectors, as ``up{job="web"}``; a series that meets one of them counts.
        start, end : datetime
            With a time zone.

        Raises
        ------
        InvalidInput
            If there is no selector, or Prometheus refuses one.
        """
        if isinstance(selectors, str) or not selectors:
            raise InvalidInput(f"the selectors are {selectors!r}; give a list, as [{ANY_SERIES!r}]")
        window = {"start": milliseconds(start), "end": milliseconds(end)}
        fields: dict[str, Any] = {name: seconds_text(ms) for name, ms in window.items()}
        fields["match[]"] = [*selectors]
        return self._api.ask_long(_label_sets, "api/v1/series", fields)

    def metadata(self) -> dict[str, Metadata]:
        """Return what the targets that are scraped now say of each metric, by its name.

        Of targets that disagree the first counts that knows the kind. Histograms and summaries are
        named without ``_bucket``, ``_sum`` and ``_count``. Empty where nothing is scraped.
        """
        return self._api.ask(_metadata, "GET", "api/v1/metadata")

    def count_series(self, at: datetime | None = None, selector: str = ANY_SERIES) -> int:
        """Return how many series of `selector` have a value at one time (now when left out)."""
        samples = self._api.vector(f"count({selector})", at)
        return int(samples[0].value) if samples else 0

    def scrape_interval_s(self, at: datetime | None = None) -> float | None:
        """Return the usual seconds between two scrapes: the median over all targets.

        It looks at the ten minutes before `at` (now when left out), at the series ``up``. None
        where no target was scraped twice in them, or the samples were pushed and there is no
        ``up``.
        """
        targets = self._api.window(f"up[{_SCRAPES_S}s]", at)
        gaps = [np.diff(target.times) for target in targets if len(target.times) > 1]
        return float(np.median(np.concatenate(gaps))) / 1000 if gaps else None

    def version(self) -> str:
        """Return the server's version, as ``2.42.0``; "" where it does not say."""
        return self._api.ask(_version, "GET", "api/v1/status/buildinfo")


def _label_sets(data: Any) -> tuple[dict[str, str], ...]:
    return tuple(map(label_set, data))


def _metadata(data: Any) -> dict[str, Metadata]:
    return {name: _best([_one(each) for each in told]) for name, told in data.items() if told}


def _one(told: Any) -> Metadata:
    return Metadata(told.get("type") or _UNKNOWN, told.get("unit", ""), told.get("help", ""))


def _best(told: Sequence[Metadata]) -> Metadata:
    return next((each for each in told if each.kind != _UNKNOWN), told[0])


def _version(data: Any) -> str:
    return str(data.get("version", ""))
