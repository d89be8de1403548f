"""A server's URL, with the secrets in it kept apart so that no message or log can show them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Self
from urllib.parse import unquote, urlsplit

from aiops.types import InvalidInput


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server is, and the user and password that the URL held, if any.

    Examples
    --------
    >>> Address.parse("https://me:secret@prom.example:9090/metrics/")
    Address(url='https://prom.example:9090/metrics')
    """

    url: str
    credentials: tuple[str, str] | None = field(default=None, repr=False)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the URL of a server.

        Raises
        ------
        InvalidInput
            If it is none; the text does not repeat it, for it may hold a password.
        """
        try:
            parts = urlsplit(text)
            host = (parts.hostname or "").encode("idna")  # what no name server can be asked for
            usable = parts.scheme in {"http", "https"} and host and parts.port != 0
        except ValueError:
            usable = False
        if not usable or parts.query or parts.fragment:
            raise InvalidInput(
                "the URL of Prometheus cannot be used; write it as http://HOST:9090 or "
                "https://USER:PASSWORD@HOST/PATH, without ? and #"
            )
        place = parts.netloc.rpartition("@")[2]
        user = parts.username
        credentials = None if user is None else (unquote(user), unquote(parts.password or ""))
        return cls(f"{parts.scheme}://{place}{parts.path.rstrip('/')}", credentials)
