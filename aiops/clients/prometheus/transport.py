"""HTTP to one Prometheus: what passes is tried again, what does not is said in one line.

A refusal (4xx) is final; 429, 5xx and a connection that breaks off are tried again, a bounded
number of times; a server that is not there or does not answer in time is not asked twice, for
that would only make the wait longer. Secrets are in no message: not the headers, not the password.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, TypeVar

from aiops.clients.prometheus.address import Address
from aiops.clients.prometheus.extra import load
from aiops.clients.prometheus.refusals import Passing, raise_refusal
from aiops.clients.prometheus.tls import tls_problem
from aiops.types import InvalidInput, Unreachable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import httpx

    from aiops.clients.prometheus.access import Access

T = TypeVar("T")

WAITS_S = (0.5, 1.0, 2.0)
"""How long to wait before each further try, where the server does not say."""

LONGEST_WAIT_S = 30.0
"""A server that asks for more patience than this is given up at once."""


class Transport:
    """A pool of connections to one server; safe to share between threads.

    Parameters
    ----------
    url : str
        Where Prometheus' pages begin; may hold user and password.
    access : Access
        What is sent with every request, and which certificates count.
    timeout_s : float
        Longest wait for a connection, and for the server's next byte.
    sleep : callable
        Waits for a number of seconds.

    Raises
    ------
    InvalidInput
        If the URL or a part of `access` cannot be used, or httpx is not installed.
    """

    def __init__(
        self,
        url: str,
        access: Access,
        timeout_s: float,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        address = Address.parse(url)
        self.url = address.url
        self._auth = access.identity(address.credentials)
        self._httpx = load("httpx")
        self._timeout_s = timeout_s
        self._sleep = sleep
        self._http = self._connections(access)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def fetch(
        self, method: str, path: str, *, media: str, read: Callable[[bytes], T], **content: Any
    ) -> T:
        """Send a request and return what `read` makes of its answer, trying again where it may help.

        Parameters
        ----------
        method, path
            Of the request; `path` is below the server's URL.
        media : str
            The media type that the answer must be of.
        read : callable
            Reads the body; raises `Passing` where it is not whole.
        **content
            What httpx sends: ``data``, ``params``, ``content``, ``headers``.

        Raises
        ------
        Unreachable
            If there is no whole answer, or none but 429 and 5xx.
        Denied
            At 401 and 403.
        InvalidInput
            If the request is refused, or the answer is of another type.
        """
        for wait_s in WAITS_S:
            try:
                return read(self._once(method, path, media, content))
            except Passing as passing:
                self._sleep(self._patience(passing, wait_s))
        return read(self._once(method, path, media, content))

    def answers(self, path: str) -> bool:
        """Say whether a GET of `path` is answered 200, asking once; False where nobody answers."""
        try:
            self._once("GET", path, "", {})
        except Unreachable:
            return False
        return True

    def _once(self, method: str, path: str, media: str, content: Mapping[str, Any]) -> bytes:
        answer = self._send(method, path, content)
        if not answer.is_success:
            raise_refusal(self.url, answer)
        found = answer.headers.get("Content-Type", "")
        if media not in found.casefold():
            raise InvalidInput(
                f"{self.url}/{path} answers with {found or 'nothing'}, not {media}; "
                "is this the URL of a Prometheus?"
            )
        return answer.content

    def _connections(self, access: Access) -> httpx.Client:
        try:
            tls = access.tls.context(self._httpx.create_ssl_context) if access.tls else True
            client: httpx.Client = self._httpx.Client(
                base_url=self.url,
                auth=self._sign,
                verify=tls,
                # compressing costs the server far more time than a fast link saves
                headers={"Accept-Encoding": "identity", **access.headers},
                timeout=self._timeout_s,
            )
        except (ImportError, ValueError, OSError, self._httpx.InvalidURL):  # may tell a password
            raise InvalidInput(
                f"{self.url}: cannot be asked; check the name of the host, and HTTP_PROXY, "
                "HTTPS_PROXY, ALL_PROXY, NO_PROXY, SSL_CERT_FILE and SSL_CERT_DIR in the "
                "environment (a SOCKS proxy needs pip install 'httpx[socks]')"
            ) from None
        return client

    def _sign(self, request: httpx.Request) -> httpx.Request:
        header = self._auth.header()
        if header is not None:
            request.headers["Authorization"] = header
        return request

    def _send(self, method: str, path: str, content: Mapping[str, Any]) -> httpx.Response:
        try:
            return self._http.request(method, path, **content)
        except self._httpx.TimeoutException:
            raise Unreachable(
                f"{self.url}: no answer within {self._timeout_s:g} s; ask for less at once, "
                "or allow more time"
            ) from None
        except self._httpx.RequestError as error:
            if (problem := tls_problem(self.url, error)) is not None:
                raise problem from None
            if isinstance(error, self._httpx.ConnectError):
                raise Unreachable(f"{self.url}: cannot connect: {error}") from None
            raise Passing(f"{self.url}: the connection broke off before the answer ended") from None

    def _patience(self, passing: Passing, wait_s: float) -> float:
        if passing.after_s is None:
            return wait_s
        if passing.after_s > LONGEST_WAIT_S:
            raise Unreachable(f"{passing}; it wants to be left alone for {passing.after_s:.0f} s")
        return passing.after_s
