"""`aiops init`: look at a Prometheus, say how much of it can be used, and write aiops.toml."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aiops.cli import access, prometheus
from aiops.cli.moments import span
from aiops.cli.output import Json, print_json, say, settings_of, telling
from aiops.types import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from aiops.cli.survey import Cluster
    from aiops.settings import Prometheus


def init(
    context: typer.Context,
    url: prometheus.Url = None,
    out: Annotated[
        Path, typer.Option(metavar="FILE", help="Where the settings are written.")
    ] = Path("aiops.toml"),
    force: Annotated[
        bool, typer.Option("--force", help="Write over a file that is there.")
    ] = False,
    length: Annotated[
        str, typer.Option("--for", metavar="SPAN", help="How far back to look.")
    ] = "1h",
    token_file: prometheus.TokenFile = None,
    token_env: prometheus.TokenEnv = None,
    ca_file: prometheus.CaFile = None,
    header: prometheus.Headers = None,
    cluster: access.Context = None,
    kubeconfig: access.Kubeconfig = None,
    namespaces: Annotated[
        list[str] | None,
        typer.Option(
            "--namespace", "-n", metavar="NS", help="Look for calls here; repeatable. All, if none."
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Look at a Prometheus, and write the settings that fit it.

    Services are read from labels, calls from metrics, and from a cluster's objects where --context
    names one. What the settings already say is kept. Exit code 0 if a file was written, else 2.
    """
    _check_place(out, force=force)
    settings = settings_of(context)
    told = prometheus.access(
        settings.prometheus,
        url=url,
        token_file=token_file,
        token_env=token_env,
        ca_file=ca_file,
        headers=header,
    )
    with telling() as tell, prometheus.open_client(told) as client:
        tell(f"listing the series of {client.url}")
        from aiops.cli import coverage, settings_file
        from aiops.cli.survey import survey

        public = settings.model_copy(update={"prometheus": _public(told, client.url)})
        where = _cluster(cluster, kubeconfig, namespaces or ())
        found = survey(client, public, datetime.now(UTC), span(length), cluster=where)
    text = settings_file.render(
        found.settings, head=coverage.head(found), notes=coverage.notes(found)
    )
    with out.open("w" if force else "x", encoding="utf-8") as file:
        file.write(text)
    if as_json:
        print_json(coverage.document(found) | {"file": str(out)})
    else:
        coverage.show(found)
        _show_written(out, _left_out(told, found.settings.prometheus))


def _show_written(out: Path, secrets: Iterable[str]) -> None:
    say()
    for secret in secrets:
        say(f"not written, for it is a secret: {secret}; name a token by --token-env instead")
    say(f"wrote {out}; try it with: aiops --config {out} config check --online")


def _left_out(told: Prometheus, written: Prometheus) -> Iterator[str]:
    """Yield what was used to get in and may not stand in a file."""
    if told.url.rstrip("/") != written.url:
        yield "the password in the URL"
    for name in told.headers.keys() - written.headers.keys():
        yield f"the header {name}"


def _check_place(out: Path, *, force: bool) -> None:
    """Refuse what cannot be written before anything is asked, which may take minutes."""
    if out.is_dir():
        raise InvalidInput(f"{out} is a folder; name a file in it, such as {out / 'aiops.toml'}")
    if not out.parent.is_dir():
        raise InvalidInput(f"{out}: there is no folder {out.parent}; make it first")
    if out.exists() and not force:
        raise InvalidInput(f"{out} is there already; give --force to write over it, or --out FILE")


def _public(told: Prometheus, url: str) -> Prometheus:
    """Return what may stand in a file: without a password, and without headers that are secret."""
    from aiops.cli.settings_checks import is_secret

    headers = {name: value for name, value in told.headers.items() if not is_secret(name)}
    return told.model_copy(update={"url": url, "headers": headers})


def _cluster(
    name: str | None, kubeconfig: Path | None, namespaces: Sequence[str]
) -> Cluster | None:
    if name is None:
        if namespaces or kubeconfig:
            raise InvalidInput("--namespace and --kubeconfig need a cluster; give --context NAME")
        return None
    from aiops.clients.kubernetes import KubernetesClient

    return KubernetesClient.connect(kubeconfig, name), namespaces
