"""What an API server refuses, as the toolkit's errors.

The four below say that the server answered and that nothing was changed. `Denied` and
`Unreachable` come from the error tree; only after `Unreachable` is it unknown whether a write
was carried out.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from aiops.errors import AiopsError, Denied, Unreachable

if TYPE_CHECKING:
    from aiops.clients.kubernetes.call import Call

_LONGEST = 400
_LONGEST_QUOTED = 80
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
_PARSER_CONTEXT = re.compile(r",? error found in #\d+ byte of .*", re.DOTALL)
_LACKS_RIGHT = re.compile(r'\bcannot [a-z]+ (resource|path) "|attempting to grant RBAC')


class NotFound(AiopsError):
    """There is no such object, or no such resource on this server (404)."""


class Conflict(AiopsError):
    """The object is not the one meant: it exists already, has changed or has another uid (409)."""


class PatchRejected(AiopsError):
    """A JSON Patch does not fit the object: a ``test`` failed or a pointer leads nowhere."""


class Rejected(AiopsError):
    """The server will not have this document: against the schema, or an admission rule (4xx)."""


def refusal(call: Call, status: int, body: str) -> AiopsError:
    """Return the error that an answer other than 2xx means.

    Parameters
    ----------
    call : Call
        What was asked.
    status : int
        The HTTP status.
    body : str
        The answer's text, usually a Kubernetes ``Status`` document.
    """
    answer = _status_document(body)
    said = one_line(str(answer.get("message") or body or f"HTTP {status}"))
    text = f"{call}: {said}"
    if status == 401 or (status == 403 and _lacks_right(call, answer)):
        return Denied(text)
    if status == 404:
        return NotFound(text)
    if status == 409:
        return Conflict(text)
    if status == 422 and call.verb == "patch" and _patch_does_not_fit(answer):
        return PatchRejected(f"{call}: a test of the JSON Patch failed, or a pointer leads nowhere")
    if status in {408, 410, 429} or not 400 <= status < 500:
        return Unreachable(f"{call}: the API server answered HTTP {status}: {said}")
    return Rejected(text)


def one_line(text: str) -> str:
    r"""Return `text` on one line, without the documents that servers quote in full.

    A value of the wrong type makes the API server quote the whole object, secrets included.

    Examples
    --------
    >>> one_line("a is\n  invalid")
    'a is invalid'
    >>> one_line('patch: Invalid value: "' + 90 * "x" + '": not a number')
    'patch: Invalid value: "…": not a number'
    """
    text = _QUOTED.sub(_shortened, _PARSER_CONTEXT.sub("", text))
    text = " ".join(text.split())
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _shortened(quoted: re.Match[str]) -> str:
    return quoted[0] if len(quoted[0]) <= _LONGEST_QUOTED else '"…"'


def _status_document(body: str) -> dict[str, Any]:
    """Return the ``Status`` in `body`; empty when something else than Kubernetes answered."""
    try:
        document = json.loads(body)
    except ValueError:
        return {}
    return document if isinstance(document, dict) and document.get("kind") == "Status" else {}


def _lacks_right(call: Call, answer: dict[str, Any]) -> bool:
    """Tell a right that is missing from an admission rule: both are 403, reason Forbidden."""
    reads = call.verb in {"get", "list"}
    return reads or not answer or bool(_LACKS_RIGHT.search(str(answer.get("message"))))


def _patch_does_not_fit(answer: dict[str, Any]) -> bool:
    """Tell a patch that does not fit from a result that is invalid.

    Both are 422, reason Invalid. Only the second names an object and the fields that are wrong,
    or the admission webhook that refuses them.
    """
    details = answer.get("details") or {}
    named = details.get("causes") or details.get("kind")
    return not named and "denied the request" not in str(answer.get("message"))
