"""Prometheus' HTTP API: a request goes out, what is in the JSON envelope comes back read.

Which questions there are is not here, nor is what HTTP does when it fails.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, TypeVar

from aiops.clients.prometheus.answers import read_answer, read_matrix, read_samples
from aiops.clients.prometheus.matrix import read_range
from aiops.clients.prometheus.refusals import Passing, one_line
from aiops.clients.prometheus.series import milliseconds, seconds_text
from aiops.types import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from aiops.clients.prometheus.answers import Answer, Sample
    from aiops.clients.prometheus.series import Grid, RawSeries
    from aiops.clients.prometheus.transport import Transport

T = TypeVar("T")

_LOG = logging.getLogger(__name__)


class Api:
    """The API of the server that `transport` leads to."""

    def __init__(self, transport: Transport) -> None:
        self.transport = transport

    def ask(
        self,
        read: Callable[[Any], T],
        method: str,
        path: str,
        envelope: Callable[[bytes], Answer] = read_answer,
        **content: Any,
    ) -> T:
        """Fetch a JSON answer, log what it warns of, and read its data.

        An answer that is no whole JSON is asked for again.

        Raises
        ------
        Unreachable, Denied, InvalidInput
            As `Transport.fetch` and `reading` do.
        """
        answer: Answer = self.transport.fetch(
            method,
            path,
            media="application/json",
            read=lambda body: self.reading(envelope, body),
            **content,
        )
        for warning in answer.warnings:
            _LOG.warning("%s: %s", self.transport.url, one_line(warning))
        return self.reading(read, answer.data)

    def vector(self, expr: str, at: datetime | None) -> tuple[Sample, ...]:
        """Return the value of an instant vector or a scalar at one time, now when left out."""
        return self.ask(read_samples, "POST", "api/v1/query", data=_instant(expr, at))

    def window(self, expr: str, at: datetime | None) -> tuple[RawSeries, ...]:
        """Return what a range selector, as ``up[5m]``, selects at one time, now when left out."""
        return self.ask(read_matrix, "POST", "api/v1/query", read_range, data=_instant(expr, at))

    def range(self, expr: str, grid: Grid) -> tuple[RawSeries, ...]:
        """Return the values of an instant vector at the times of `grid`, at most `MAX_POINTS`."""
        data = {
            "query": expr,
            "start": seconds_text(grid.start_ms),
            "end": seconds_text(grid.end_ms),
            "step": seconds_text(grid.step_ms),
        }
        return self.ask(read_matrix, "POST", "api/v1/query_range", read_range, data=data)

    def reading(self, read: Callable[[Any], T], content: Any) -> T:
        """Read what came with a 200; where that fails, it is incomplete or not Prometheus'.

        Raises
        ------
        Passing
            If `content` is not what `read` expects.
        InvalidInput
            As `read` does, with the server's URL before it.
        """
        try:
            return read(content)
        except InvalidInput as error:
            raise InvalidInput(f"{self.transport.url}: {error}") from None
        except (ValueError, TypeError, LookupError, AttributeError, OverflowError) as error:
            raise Passing(
                f"{self.transport.url}: the answer is cut short or not Prometheus' "
                f"({one_line(str(error))})"
            ) from None


def _instant(expr: str, at: datetime | None) -> dict[str, str]:
    time = {} if at is None else {"time": seconds_text(milliseconds(at))}
    return {"query": expr, **time}
