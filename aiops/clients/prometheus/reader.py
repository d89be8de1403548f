"""Remote read over HTTP: the stored samples of plain selectors, where the server gives them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from aiops.clients.prometheus import remote
from aiops.clients.prometheus.extra import load
from aiops.clients.prometheus.refusals import Passing, Refused
from aiops.types import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aiops.clients.prometheus.api import Api
    from aiops.clients.prometheus.remote import Matcher
    from aiops.clients.prometheus.series import RawSeries

_MISSING = {404, 405, 501}
_SAYS_MISSING = re.compile(r"\b(un|not )(supported|enabled|implemented|available)\b", re.IGNORECASE)


class NoRemoteRead(InvalidInput):
    """The server has no remote read; what it was asked for can be had by `query_range`."""


class RemoteReader:
    """Remote read of the server behind `api`."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def read(
        self, matchers: Sequence[Matcher], start_ms: int, end_ms: int
    ) -> tuple[RawSeries, ...]:
        """Return the stored samples of the series that meet all `matchers`, both times included.

        Raises
        ------
        NoRemoteRead
            If the server does not offer it.
        """
        snappy = load("cramjam").snappy
        request = remote.encode_request(matchers, start_ms, end_ms)
        try:
            message = self._api.transport.fetch(
                "POST",
                "api/v1/read",
                media="application/x-protobuf",
                read=self._unpack,
                content=bytes(snappy.compress_raw(request)),
                headers=remote.HEADERS,
            )
        except Refused as error:
            if error.status in _MISSING or _SAYS_MISSING.search(str(error)):
                raise NoRemoteRead(f"{error}; without remote read, ask query_range") from None
            raise
        return self._api.reading(remote.decode_response, message)

    def _unpack(self, body: bytes) -> bytes:
        """Undo snappy; what it cannot undo was cut."""
        try:
            return bytes(load("cramjam").snappy.decompress_raw(body))
        except load("cramjam").DecompressionError:
            url = self._api.transport.url
            raise Passing(f"{url}: a remote read came back incomplete") from None
