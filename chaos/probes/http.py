"""One HTTP request of a probe: to http and https only, bounded in time, size and redirects."""

from __future__ import annotations

import json
import ssl
import time
from http.client import HTTPException
from typing import TYPE_CHECKING, Any, Final
from urllib.error import HTTPError
from urllib.parse import urljoin, urlsplit
from urllib.request import (
    HTTPDefaultErrorHandler,
    HTTPErrorProcessor,
    HTTPHandler,
    HTTPSHandler,
    OpenerDirector,
    Request,
)

from chaos.probes.results import ProbeFailed

if TYPE_CHECKING:
    from http.client import HTTPResponse

    from chaos.files.environment import Secrets
    from chaos.files.providers import Http

    _Response = HTTPResponse | HTTPError

MAX_BODY: Final = 1024 * 1024
"""Bytes of a body that are read; a larger one is a failure."""

MAX_REDIRECTS: Final = 5

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_CHUNK = 16 * 1024


def fetch(provider: Http, secrets: Secrets) -> dict[str, Any]:
    """Return status, headers and body; a status of 400 and above is an answer like any other.

    Raises
    ------
    ProbeFailed
        If there is no answer in time, it is too large, or it leads to something that is not HTTP.
    """
    deadline = time.monotonic() + provider.timeout_s
    url = secrets.revealed(provider.url)
    headers = secrets.revealed(provider.headers)
    try:
        with _followed(Request(url, headers=headers, method=provider.method), provider) as response:  # noqa: S310  http(s) only, by the model
            return _answer(response, deadline)
    except (_Refused, OSError) as error:
        reason = str(getattr(error, "reason", error)) or type(error).__name__
    except (HTTPException, ValueError) as error:
        reason = type(error).__name__  # its text may quote a secret from the URL or a header
    raise ProbeFailed(f"{provider.method} {provider.url}: {reason}")


class _Refused(Exception):
    """The answer is more, or leads further, than a probe goes."""


def _followed(request: Request, provider: Http) -> _Response:
    """Follow redirects, to http and https only; headers go to the server they were meant for."""
    opener = _opener(verify=provider.verify_tls)
    for _ in range(MAX_REDIRECTS + 1):
        response = _opened(opener, request, provider.timeout_s)
        location = response.headers["Location"]
        if response.status not in _REDIRECTS or location is None:
            return response
        response.close()
        request = _next(request, location)
    raise _Refused(f"it redirects more than {MAX_REDIRECTS} times")


def _next(request: Request, location: str) -> Request:
    url = urljoin(request.full_url, location)
    here, there = urlsplit(request.full_url), urlsplit(url)
    if there.scheme not in {"http", "https"}:
        raise _Refused("it leads to something that is not HTTP")
    headers = request.headers if here[:2] == there[:2] else {}
    return Request(url, headers=dict(headers), method=request.get_method())  # noqa: S310  checked above


def _opener(*, verify: bool) -> OpenerDirector:
    """Return an opener that knows HTTP and HTTPS, and neither files, nor FTP, nor a proxy."""
    context = ssl.create_default_context()
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    opener = OpenerDirector()
    for handler in (
        HTTPHandler(),
        HTTPSHandler(context=context),
        HTTPErrorProcessor(),
        HTTPDefaultErrorHandler(),
    ):
        opener.add_handler(handler)
    return opener


def _opened(opener: OpenerDirector, request: Request, timeout: float) -> _Response:
    try:
        response: _Response = opener.open(request, timeout=timeout)
    except HTTPError as error:
        return error
    return response


def _answer(response: _Response, deadline: float) -> dict[str, Any]:
    content = b""
    while chunk := response.read1(_CHUNK):
        content += chunk
        if len(content) > MAX_BODY:
            raise _Refused(f"the body is larger than {MAX_BODY} bytes")
        if time.monotonic() > deadline:
            raise TimeoutError("timed out")
    body: Any = content.decode(errors="replace")
    if response.headers.get_content_type() == "application/json":
        body = _json(body)
    return {"status": response.status, "headers": dict(response.headers.items()), "body": body}


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
