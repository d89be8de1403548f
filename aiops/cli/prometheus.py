"""Which Prometheus, and how to be let in, as options of the command line.

What an option leaves out comes from the table ``[prometheus]`` of the settings. A token is never
an option: it would stand in the list of processes and in the shell's history.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aiops.types import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aiops.clients.prometheus import PrometheusClient
    from aiops.settings import Prometheus

Url = Annotated[
    str | None,
    typer.Option(
        "--prometheus", metavar="URL", help="Prometheus, Thanos, Mimir or VictoriaMetrics."
    ),
]
TokenFile = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Holds the bearer token for Prometheus.")
]
TokenEnv = Annotated[
    str | None, typer.Option(metavar="NAME", help="Environment variable with the bearer token.")
]
CaFile = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Certificates (PEM) that vouch for it.")
]
Headers = Annotated[
    list[str] | None,
    typer.Option("--header", metavar="NAME:VALUE", help="Sent with every request; repeatable."),
]


def access(
    settings: Prometheus,
    *,
    url: str | None = None,
    token_file: Path | None = None,
    token_env: str | None = None,
    ca_file: Path | None = None,
    headers: Sequence[str] | None = None,
) -> Prometheus:
    """Lay what the options say over the settings; checks that a token named is there.

    Raises
    ------
    InvalidInput
        If there is no URL, two tokens are named, a token is not there, or a header is none.
    """
    if token_file is not None and token_env is not None:
        raise InvalidInput("--token-file and --token-env are two tokens; leave one out")
    changes: dict[str, object] = {"headers": {**settings.headers, **_parsed(headers or ())}}
    if url is not None:
        changes["url"] = url
    if ca_file is not None:
        changes["ca_file"] = ca_file
    if token_file is not None or token_env is not None:
        changes |= {"token_file": token_file, "token_env": token_env or ""}
    told = settings.model_copy(update=changes)
    if not told.url:
        raise InvalidInput("no Prometheus is named; give --prometheus URL, or set prometheus.url")
    _check_token(told)
    return told


def open_client(told: Prometheus) -> PrometheusClient:
    """Return a client for what `access` returned; close it, or use it in a ``with`` block."""
    from aiops.clients.prometheus import Auth, PrometheusClient, Tls

    return PrometheusClient(
        told.url,
        headers=told.headers,
        timeout_s=told.timeout_s,
        auth=Auth(token_env=told.token_env, token_file=told.token_file),
        tls=Tls(ca_file=told.ca_file, cert_file=told.cert_file, key_file=told.key_file),
    )


def _parsed(headers: Sequence[str]) -> dict[str, str]:
    pairs = [text.partition(":") for text in headers]
    for name, colon, _ in pairs:
        if not (colon and name.strip()):
            raise InvalidInput(f"--header {name!r} has no value; write it as 'Name: value'")
    return {name.strip(): value.strip() for name, _, value in pairs}


def _check_token(told: Prometheus) -> None:
    """Refuse a token that is not there, before a server refuses the request without one."""
    if told.token_env and not os.environ.get(told.token_env):
        raise InvalidInput(
            f"the environment variable {told.token_env} holds no token; set it, or name another"
        )
    if told.token_file is not None and not told.token_file.is_file():
        raise InvalidInput(f"{told.token_file}: the file with the token is missing")
