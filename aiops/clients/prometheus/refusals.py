"""What an answer other than 200 means: which error it is, in one line."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, NoReturn

from aiops.types import Denied, InvalidInput, Unreachable

if TYPE_CHECKING:
    import httpx

_LONGEST_REASON = 400


class Passing(Unreachable):
    """A failure that may be gone in a moment; `after_s` is when the server wants to be asked."""

    def __init__(self, text: str, after_s: float | None = None) -> None:
        super().__init__(text)
        self.after_s = after_s


class Refused(InvalidInput):
    """The server will not answer this, however often it is asked; `status` is HTTP's."""

    def __init__(self, text: str, status: int) -> None:
        super().__init__(text)
        self.status = status


def raise_refusal(url: str, answer: httpx.Response) -> NoReturn:
    """Raise what `answer`, whose status is no success, stands for.

    Raises
    ------
    Passing
        At 429 and 5xx other than 501.
    Unreachable
        If the query took the server too long: asking again would take as long.
    Denied
        At 401 and 403.
    InvalidInput
        At everything else, with the reason that Prometheus gives: `Refused`, or another one at a
        redirection.
    """
    status = answer.status_code
    kind, reason = _reason(answer)
    said = f"{url}: {status} {reason}".rstrip()
    if status in {401, 403}:
        raise Denied(f"{said}; a token or password is missing or wrong, or lacks the right to read")
    if kind == "timeout":
        raise Unreachable(f"{said}; ask for less at once")
    if status == 429 or (status >= 500 and status != 501):
        raise Passing(said, retry_after(answer.headers.get("Retry-After")))
    if answer.is_redirect:
        raise InvalidInput(
            f"{said}; it points elsewhere, to a login page?; give Prometheus' own URL"
        )
    if status == 404:
        said += f"; the server has no {answer.request.url.path}"
    if status == 405:
        said += f"; it takes no {answer.request.method} of {answer.request.url.path}"
    raise Refused(said, status)


def retry_after(text: str | None) -> float | None:
    """Read a ``Retry-After`` header, seconds or a date, as seconds from now; None if unreadable.

    Examples
    --------
    >>> retry_after("7"), retry_after("Thu, 01 Jan 1970 00:00:00 GMT"), retry_after("soon")
    (7.0, 0.0, None)
    """
    if text is None:
        return None
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        when = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return max(0.0, (when.replace(tzinfo=when.tzinfo or UTC) - datetime.now(UTC)).total_seconds())


def _reason(answer: httpx.Response) -> tuple[str, str]:
    """Return Prometheus' type of the error and its words; plain text of a proxy is taken too."""
    media = answer.headers.get("Content-Type", "")
    if "text/plain" in media:
        return "", one_line(answer.content.decode(errors="replace"))
    try:
        document = json.loads(answer.content)
        return str(document.get("errorType", "")), one_line(str(document.get("error", "")))
    except (ValueError, AttributeError, RecursionError):
        return "", answer.reason_phrase


def one_line(text: str) -> str:
    r"""Return the start of `text` on one line, without characters that a terminal would obey.

    Examples
    --------
    >>> one_line("parse error:\n unexpected \x1b[31m end")
    'parse error: unexpected [31m end'
    """
    printable = "".join(each if each.isprintable() else " " for each in text[:_LONGEST_REASON])
    return " ".join(printable.split())
