"""`aiops config`: what is set and where it comes from, and whether it can be used."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from aiops.cli.output import Json, print_json, print_table, say
from aiops.types import AiopsError

if TYPE_CHECKING:
    from aiops.settings import Settings

app = typer.Typer(
    help="Show the settings, and check that they can be used.",
    no_args_is_help=True,
)

File = Annotated[
    Path | None,
    typer.Argument(metavar="[FILE]", help="As --config; ./aiops.toml, if there is one."),
]
BAD_INPUT = 2

Setting = tuple[str, str, str]
"""A key such as ``prometheus.url``, its value as text, and where it comes from."""


@app.command()
def show(context: typer.Context, file: File = None, as_json: Json = False) -> None:
    """Say what is set and where it comes from; secrets are not shown."""
    path, settings = _load(context, file)
    rows = what_is_set(settings, path)
    if as_json:
        print_json(_document(rows))
    else:
        _show(rows, path)


@app.command()
def check(
    context: typer.Context,
    file: File = None,
    online: Annotated[
        bool, typer.Option("--online", help="Ask the Prometheus that is set, too.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Read the settings and try what they name: files, patterns, the token, the call graph.

    Exit code 0 if all of it can be used, 2 with a line for each problem if not.
    """
    from aiops.cli.settings_checks import ask, problems

    path, settings = _load(context, file)
    rows, facts = what_is_set(settings, path), dict[str, str]()
    found = list(problems(settings))
    if online and not found:
        try:
            facts = ask(settings)
        except AiopsError as error:
            found = [str(error)]
    if as_json:
        print_json({"settings": _document(rows), "problems": found, "prometheus": facts})
    else:
        _show(rows, path)
        for name, words in facts.items():
            say(f"{name}: {words}")
    for problem in found:
        say(f"error: {' '.join(problem.split())}", err=True)
    if found:
        raise typer.Exit(BAD_INPUT)


def what_is_set(settings: Settings, path: Path | None) -> list[Setting]:
    """Return every setting that the file at `path` or a variable gives."""
    from aiops.settings import PREFIX

    document = tomllib.loads(path.read_text(encoding="utf-8")) if path is not None else {}
    found = []
    for table in type(settings).model_fields:
        group = getattr(settings, table)
        for key in type(group).model_fields:
            variable = f"{PREFIX}{table}__{key}".upper()
            by_variable = any(name.upper() == variable for name in os.environ)
            if by_variable or key in document.get(table, {}):
                value = _shown(key, getattr(group, key))
                found.append((f"{table}.{key}", value, variable if by_variable else str(path)))
    return found


def _load(context: typer.Context, file: Path | None) -> tuple[Path | None, Settings]:
    """Return the settings and the file that they come from, None where there is none."""
    from aiops.settings import DEFAULT_FILE, load

    path = file or context.obj
    if path is None and DEFAULT_FILE.exists():
        path = DEFAULT_FILE
    return path, load(path)


def _show(rows: list[Setting], path: Path | None) -> None:
    if path is None:
        say("there is no aiops.toml here; `aiops init` writes one")
    if rows:
        print_table(("setting", "value", "from"), rows)
    else:
        say("nothing is set: every setting has its default")


def _document(rows: list[Setting]) -> dict[str, dict[str, str]]:
    return {key: {"value": value, "from": origin} for key, value, origin in rows}


def _shown(key: str, value: Any) -> str:
    """Write a value without the secrets that people put there all the same."""
    if key == "headers":
        return ", ".join(f"{name}: …" for name in value)
    if key == "url":
        from aiops.cli.settings_checks import without_password

        return without_password(value)
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    return str(value)
