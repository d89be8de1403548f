"""TLS: which certificates count, the server's and our own, and what to say when one does not."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aiops.clients.prometheus.refusals import one_line
from aiops.types import AiopsError, Denied, InvalidInput

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Tls:
    """Which certificates count.

    Attributes
    ----------
    ca_file : Path or None
        PEM of the authorities, one of which must have signed the server's certificate; None takes
        those that the web trusts.
    cert_file, key_file : Path or None
        PEM of our own certificate and its key, not encrypted; the key may be in `cert_file` too.
    verify : bool
        False takes any certificate of the server, whoever shows it.
    """

    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None
    verify: bool = True

    def context(self, usual: Callable[[], ssl.SSLContext]) -> ssl.SSLContext:
        """Return what connections are made with; `usual` makes one that trusts what the web does.

        Raises
        ------
        InvalidInput
            If a file cannot be used.
        """
        context = usual() if self.ca_file is None else _trusting(self.ca_file)
        if not self.verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        if self.cert_file is not None:
            _show(context, self.cert_file, self.key_file)
        elif self.key_file is not None:
            raise InvalidInput(f"the key {self.key_file} needs its certificate; give cert_file too")
        return context


def tls_problem(url: str, error: BaseException) -> AiopsError | None:
    """Return what to raise if TLS is behind `error`, one of httpx; None if it is not.

    An untrusted certificate, or no TLS at all at the other end, is invalid input; a server that
    wants another certificate of ours denies us.
    """
    cause = _tls_error(error)
    if isinstance(cause, ssl.SSLCertVerificationError):
        why = one_line(cause.verify_message)
        return InvalidInput(
            f"{url}: its certificate is not trusted: {why}; give the authority that signed it "
            "as ca_file"
        )
    reason = (cause.reason or "") if cause is not None else ""
    if "ALERT" in reason and ("CERTIFICATE" in reason or "UNKNOWN_CA" in reason):
        return Denied(
            f"{url}: it refuses our certificate, or that we show none "
            f"({reason}); give cert_file and key_file"
        )
    if reason in {"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE"}:
        return InvalidInput(f"{url}: it does not speak TLS there; is it http://?")
    return None


def _tls_error(error: BaseException | None) -> ssl.SSLError | None:
    """Return the error of TLS that led to `error`, through libraries that wrap it."""
    while error is not None and not isinstance(error, ssl.SSLError):
        error = error.__cause__ or error.__context__
    return error


def _trusting(ca_file: Path) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=str(ca_file))
    except ssl.SSLError:
        raise InvalidInput(f"{ca_file} holds no certificate in PEM") from None
    except OSError as error:
        raise InvalidInput(f"cannot read the authorities in {ca_file}: {error.strerror}") from None


def _show(context: ssl.SSLContext, cert_file: Path, key_file: Path | None) -> None:
    """Make `context` show our certificate; an empty password keeps OpenSSL from asking for one."""
    pair = f"{cert_file} with the key in {key_file or 'it'}"
    try:
        context.load_cert_chain(cert_file, key_file, password="")
    except ssl.SSLError as error:
        why = (error.reason or "no PEM").lower().replace("_", " ")
        raise InvalidInput(
            f"cannot use {pair}: {why}; both must be PEM, belong together, and not be encrypted"
        ) from None
    except OSError as error:
        raise InvalidInput(f"cannot read {pair}: {error.strerror}") from None
