"""Call a service of the shop over HTTP: where it is, one try, and its outcome as a code.

Every call opens a connection of its own, so that each one takes the road that the cluster's
Service gives it at that moment; kept connections would hide a Service that leads nowhere.
"""

from __future__ import annotations

import http.client
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping

PORT = 8080
OK = "200"
TIMEOUT, UNREACHABLE = "timeout", "unreachable"
"""The outcomes of a call that got no answer."""


def address(service: str, environ: Mapping[str, str]) -> tuple[str, int]:
    """Return host and port of `service`.

    The explicit ``CART_URL`` goes first, then what Kubernetes tells every pod about the Services
    of its namespace (it needs no DNS), then the plain name.
    """
    name = service.upper()
    if url := environ.get(f"{name}_URL"):
        parts = urlsplit(url)
        return parts.hostname or service, parts.port or 80
    host = environ.get(f"{name}_SERVICE_HOST", service)
    return host, int(environ.get(f"{name}_SERVICE_PORT", PORT))


def call(to: tuple[str, int], item: int, timeout_s: float) -> str:
    """Ask for `item` once; return the status code, or why there is none."""
    connection = http.client.HTTPConnection(*to, timeout=timeout_s)
    try:
        connection.request("GET", f"/?item={item}")
        answer = connection.getresponse()
        answer.read()
    except TimeoutError:
        return TIMEOUT
    except (OSError, http.client.HTTPException):
        return UNREACHABLE
    finally:
        connection.close()
    return str(answer.status)
