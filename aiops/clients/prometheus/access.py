"""How a server lets us in: what is sent with each request, and which certificates count."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from aiops.clients.prometheus.auth import Auth
from aiops.types import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aiops.clients.prometheus.tls import Tls


@dataclass(frozen=True, slots=True)
class Access:
    """Headers, which may hold secrets, and who we are; `tls` of None takes what the web trusts.

    Raises
    ------
    InvalidInput
        If a header cannot be sent.
    """

    headers: Mapping[str, str] = field(repr=False)
    auth: Auth | None = None
    tls: Tls | None = None

    def __post_init__(self) -> None:
        for name, value in self.headers.items():
            _check_header(name, value)

    def identity(self, credentials: tuple[str, str] | None) -> Auth:
        """Return who we are: the `credentials` of the URL, or `auth`, or nobody.

        Raises
        ------
        InvalidInput
            If two of URL, headers and `auth` say it, or there is no token where it should be.
        """
        auth = self.auth or Auth()
        origins = {
            "the URL": credentials is not None,
            "the header Authorization": "authorization" in {name.lower() for name in self.headers},
            "the token or password": auth.header() is not None,
        }
        given = [origin for origin, is_there in origins.items() if is_there]
        if len(given) > 1:
            raise InvalidInput(f"{' and '.join(given)} both say who we are to Prometheus; give one")
        return auth if credentials is None else Auth(basic=credentials)


def _check_header(name: str, value: str) -> None:
    """Refuse what HTTP would refuse later, in words that would show the value."""
    legal = value.isascii() and value.isprintable()
    if not (name and name.isascii() and name.isprintable() and legal):
        raise InvalidInput(
            f"header {json.dumps(name)} cannot be sent: name and value must be printable "
            "ASCII on one line; is there a line break at the end?"
        )
