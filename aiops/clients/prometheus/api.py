"""Prometheus' HTTP API: a request goes out, what is in the JSON envelope comes back read.

Which questions there are is not here, nor is what HTTP does when it fails.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, TypeVar

from aiops.clients.prometheus.answers import read_answer, read_matrix, read_samples
from aiops.clients.prometheus.matrix import read_range
from aiops.clients.prometheus.refusals import Passing, Refused, one_line
from aiops.clients.prometheus.series import milliseconds, seconds_text
from aiops.types import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from aiops.clients.prometheus.answers import Answer, Sample
    from aiops.clients.prometheus.series import Grid, RawSeries
    from aiops.clients.prometheus.transport import Transport

T = TypeVar("T")

_LOG = logging.getLogger(__name__)

_NO_POST = {405, 501}


class Api:
    """The API of the server that `transport` leads to."""

    def __init__(self, transport: Transport) -> None:
        self.transport = transport
        self._may_post = True

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
        for info in answer.infos:
            _LOG.info("%s: %s", self.transport.url, one_line(info))
        return self.reading(read, answer.data)

    def ask_long(
        self,
        read: Callable[[Any], T],
        path: str,
        fields: Mapping[str, Any],
        envelope: Callable[[bytes], Answer] = read_answer,
    ) -> T:
        """Ask by POST, for no URL may be as long as a question; by GET where none is let through.

        Raises
        ------
        Unreachable, Denied, InvalidInput
            As `ask` does.
        """
        if self._may_post:
            try:
                return self.ask(read, "POST", path, envelope, data=fields)
            except Refused as error:
                if error.status not in _NO_POST:
                    raise
                self._may_post = False
        return self.ask(read, "GET", path, envelope, params=fields)

    def vector(self, expr: str, at: datetime | None) -> tuple[Sample, ...]:
        """Return the value of an instant vector or a scalar at one time, now when left out."""
        return self.ask_long(read_samples, "api/v1/query", _instant(expr, at))

    def window(self, expr: str, at: datetime | None) -> tuple[RawSeries, ...]:
        """Return what a range selector, as ``up[5m]``, selects at one time, now when left out."""
        return self.ask_long(read_matrix, "api/v1/query", _instant(expr, at), read_range)

    def range(self, expr: str, grid: Grid) -> tuple[RawSeries, ...]:
        """Return the values of an instant vector at the times of `grid`, at most `MAX_POINTS`."""
        fields = {
            "query": expr,
            "start": seconds_text(grid.start_ms),
            "end": seconds_text(grid.end_ms),
            "step": seconds_text(grid.step_ms),
        }
        return self.ask_long(read_matrix, "api/v1/query_range", fields, read_range)

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
