"""Whether settings can be used: what they name is looked for, nothing is mended.

The shape of the file is `aiops.settings`' business, which refuses it at its first fault.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from aiops.types import AiopsError, InvalidInput

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from aiops.settings import Calls, Labels, Prometheus, Settings

WINDOW = timedelta(hours=1)
_SECRET_HEADERS = ("authorization", "cookie", "token", "secret", "password", "api-key", "apikey")


def problems(settings: Settings) -> Iterator[str]:
    """Yield what cannot be used, one line for each."""
    yield from _of_prometheus(settings.prometheus)
    yield from _of_labels(settings.labels)
    yield from _of_calls(settings.calls)


def ask(settings: Settings) -> dict[str, str]:
    """Ask the Prometheus that is set who it is, how much of it the labels map, and for the calls.

    Raises
    ------
    AiopsError
        If it cannot be asked, does not let us in, or nothing in it is mapped.
    """
    from aiops.cli.prometheus import access, open_client
    from aiops.collectors.callgraph import collect_calls
    from aiops.collectors.inventory.taking import take_inventory

    now = datetime.now(UTC)
    with open_client(access(settings.prometheus)) as client:
        client.query("vector(1)")
        facts = {"prometheus": client.url, "version": client.version() or "it does not say"}
        facts["ready"] = "yes" if client.ready() else "it does not say so"
        found = take_inventory(client, settings.labels, now - WINDOW, now)
        window_s = WINDOW.total_seconds()
        calls = collect_calls(client, settings, now, window_s, services=found.services)
    if not found.mapped:
        raise InvalidInput(
            f"{client.url}: none of {found.series} series of the last hour is mapped to a "
            "service; see labels.service, or run `aiops init`"
        )
    share = found.mapped / found.series
    facts["mapped"] = f"{found.mapped} of {found.series} series ({share:.1%})"
    facts["services"] = str(len(found.services))
    facts["calls"] = str(len(calls.topology))
    return facts


def is_secret(header: str) -> bool:
    """Say whether what a header of this name holds opens a door.

    >>> is_secret("Authorization"), is_secret("X-Scope-OrgID")
    (True, False)
    """
    return any(word in header.lower() for word in _SECRET_HEADERS)


def without_password(url: str) -> str:
    """Return a URL without the user and the password that it may hold.

    >>> without_password("https://me:secret@prom.example/x"), without_password("http://[")
    ('https://prom.example/x', '…')
    """
    try:
        parts = urlsplit(url)
        return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
    except ValueError:
        return "…"


def _of_prometheus(told: Prometheus) -> Iterator[str]:
    from aiops.clients.prometheus.address import Address

    if told.url:
        try:
            if Address.parse(told.url).credentials and "AIOPS_PROMETHEUS__URL" not in os.environ:
                yield (
                    "prometheus.url holds a password; take it out of the file and put the URL "
                    "with it into AIOPS_PROMETHEUS__URL, or name a token by token_env"
                )
        except InvalidInput as error:
            yield f"prometheus.url: {error}"
    for name in told.headers:
        if is_secret(name):
            yield (
                f"prometheus.headers: {name} is a secret, and a file no place for it; name a token "
                "by token_env or token_file"
            )
    if told.token_env and told.token_file is not None:
        yield "prometheus: token_env and token_file are two tokens; leave one out"
    if told.token_env and not os.environ.get(told.token_env):
        yield f"prometheus.token_env: the variable {told.token_env} holds no token; set it"
    if told.key_file is not None and told.cert_file is None:
        yield "prometheus.key_file: a key needs its certificate; set cert_file too"
    for key in ("token_file", "ca_file", "cert_file", "key_file"):
        yield from _missing(f"prometheus.{key}", getattr(told, key))


def _of_labels(labels: Labels) -> Iterator[str]:
    from aiops.collectors.labels.promql import parse_matchers
    from aiops.collectors.labels.re2 import compile_re2, compile_with_group

    for number, rule in enumerate(labels.rules, start=1):
        where = f"labels.rules, rule {number}"
        yield from _refused(where, compile_re2, rule.match)
        yield from _refused(where, compile_with_group, rule.pattern)
        yield from _refused(where, parse_matchers, rule.where)
    for pattern in labels.ignore:
        yield from _refused("labels.ignore", compile_re2, pattern)
    if not labels.service:
        yield "labels.service: names no label, so that nothing is mapped; name one, such as job"


def _of_calls(calls: Calls) -> Iterator[str]:
    from aiops.collectors.callgraph import from_file

    if calls.file is not None:
        yield from _refused("calls.file", from_file, calls.file)
    if calls.query and calls.caller == calls.callee:
        yield f"calls: caller and callee are both the label {calls.caller!r}; they must differ"


def _refused(where: str, use: Callable[[Any], object], value: Any) -> Iterator[str]:
    """Yield what `use` has against `value`."""
    try:
        use(value)
    except AiopsError as error:
        yield f"{where}: {error}"


def _missing(key: str, path: Path | None) -> Iterator[str]:
    if path is not None and not path.is_file():
        yield f"{key}: {path} is not there"
