"""One authenticated road to one API server: a call goes out, an answer or one error comes back.

Every call has a time-out and is made once. It knows HTTP and nothing of kinds and objects.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from aiops.clients.kubernetes.errors import one_line, refusal
from aiops.clients.kubernetes.kubeconfig import library
from aiops.errors import Unreachable

if TYPE_CHECKING:
    from aiops.clients.kubernetes.call import Call

USER_AGENT = "aiops-toolkit"
_METHODS = {
    "get": "GET",
    "list": "GET",
    "create": "POST",
    "update": "PUT",
    "patch": "PATCH",
    "delete": "DELETE",
}


class Connection:
    """An API server, the credentials for it and a time-out.

    Parameters
    ----------
    configuration : kubernetes.client.Configuration
        Its host and its credentials; no retries are made, whatever it says.
    timeout_s : float
        How long one call may wait for the server, in seconds.
    """

    def __init__(self, configuration: Any, timeout_s: float) -> None:
        configuration.retries = False
        self.configuration = configuration
        self.timeout_s = timeout_s
        self._api = library("client").ApiClient(configuration)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.host!r})"

    @property
    def host(self) -> str:
        """The server's URL."""
        return str(self.configuration.host)

    def authorization(self) -> dict[str, str]:
        """Return the header that says who we are; empty where a certificate does."""
        token = self.configuration.get_api_key_with_prefix("BearerToken", alias="authorization")
        return {"authorization": token} if token else {}

    def send(self, call: Call) -> str:
        """Carry out `call` once and return the answer's text.

        Raises
        ------
        NotFound, Conflict, PatchRejected, Rejected, Denied
            If the server refuses; nothing is changed then.
        Unreachable
            If there is no usable answer. A write may have been carried out all the same.
        """
        from urllib3.exceptions import HTTPError

        broken = (HTTPError, OSError, library("client").ApiException)
        try:
            status, body = self._exchange(call)
        except broken as error:
            raise self.unreachable(call, error) from None
        if not 200 <= status < 300:
            raise refusal(call, status, body)
        return body

    def ask(self, call: Call, expected: str = "kind") -> dict[str, Any]:
        """Carry out `call` as `send` does and return its document, which holds `expected`."""
        answer = self.send(call)
        try:
            document = json.loads(answer)
        except ValueError:
            document = None
        if not isinstance(document, dict) or expected not in document:
            raise Unreachable(f"{call}: what answers at {self.host} is no Kubernetes API server")
        return document

    def unreachable(self, call: Call, error: Exception) -> Unreachable:
        """Return the error for a call that `error` left without an answer."""
        if "imeout" in type(error).__name__:
            return Unreachable(f"{call}: {self.host} did not answer within {self.timeout_s:g} s")
        said = error.reason if isinstance(error, library("client").ApiException) else str(error)
        reason = one_line(said or type(error).__name__)
        return Unreachable(f"{call}: {self.host} cannot be reached: {reason}")

    def _exchange(self, call: Call) -> tuple[int, str]:
        headers = {
            "accept": "application/json, */*",
            "user-agent": USER_AGENT,
            **self.authorization(),
        }
        if call.body is not None:
            patch = call.verb == "patch"
            headers["Content-Type"] = f"application/{'json-patch+json' if patch else 'json'}"
        response = self._api.rest_client.request(
            _METHODS[call.verb],
            call.url(self.host),
            headers=headers,
            body=call.body,
            _request_timeout=self.timeout_s,
        )
        return response.status, response.read().decode("utf-8", "replace")
