"""Who we are to a server: a token or a password, which no repr and no message shows.

Certificates are in `aiops.clients.prometheus.tls`.
"""

from __future__ import annotations

import os
from base64 import b64encode
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from aiops.types import InvalidInput

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Auth:
    """What is sent as ``Authorization``: at most one of these, and nothing where none is given.

    Attributes
    ----------
    token : str or None
        A bearer token.
    token_env : str
        The environment variable that holds a bearer token.
    token_file : Path or None
        The file that holds a bearer token, read again for each request: a token that is rotated,
        as Kubernetes rotates those of pods, is the new one at once.
    basic : (user, password) or None
        HTTP's basic authentication.

    Raises
    ------
    InvalidInput
        If more than one is given.
    """

    token: str | None = field(default=None, repr=False)
    token_env: str = ""
    token_file: Path | None = None
    basic: tuple[str, str] | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        given = [self.token, self.token_env or None, self.token_file, self.basic]
        if len(given) - given.count(None) > 1:
            raise InvalidInput(
                "a token, the variable or file of one, and a user with a password exclude each "
                "other; give one"
            )

    def header(self) -> str | None:
        """Return the value of ``Authorization`` as it is now, None where nothing is sent.

        Raises
        ------
        InvalidInput
            If the variable or the file is missing or empty, or what is in it cannot be sent.
        """
        if self.basic is not None:
            return f"Basic {b64encode(':'.join(self.basic).encode()).decode()}"
        token, origin = self._token()
        if token is None:
            return None
        if not (token and token.isascii() and token.isprintable() and " " not in token):
            raise InvalidInput(
                f"{origin} cannot be sent as a token: it must be one word of printable ASCII"
            )
        return f"Bearer {token}"

    def _token(self) -> tuple[str | None, str]:
        """Return the token and what to call the place that it is from."""
        if self.token_env:
            text = os.environ.get(self.token_env)
            if text is None:
                raise InvalidInput(
                    f"the environment variable {self.token_env} is to hold the token and is not "
                    "set; export it"
                )
            return text.strip(), f"what {self.token_env} holds"
        if self.token_file is not None:
            return _read(self.token_file).strip(), f"what {self.token_file} holds"
        return self.token, "the token"


def _read(path: Path) -> str:
    try:
        return path.read_text("ascii")
    except OSError as error:
        raise InvalidInput(f"cannot read the token in {path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise InvalidInput(f"what {path} holds is no token: it is no ASCII text") from None
