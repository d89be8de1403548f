"""The `aiops` command: its groups, its exit codes, and one line for every error.

Exit codes: 0 it ran; 1 a check that the user asked for did not hold; 2 bad input; 4 a fault is not
proved gone. `aiops chaos run` has more of them.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from aiops.cli import (
    backtest,
    chaos,
    config,
    datasets,
    demo,
    evaluate,
    gameday,
    init,
    investigate,
    prove,
)
from aiops.cli.output import say
from aiops.types import AiopsError, RevertIncomplete

REVERT_INCOMPLETE = 4

app = typer.Typer(
    name="aiops",
    help="Find what broke, say why, run the guide, and prove that all of it works.",
    no_args_is_help=True,
    rich_markup_mode=None,  # help in colours costs as much time as all the rest of `aiops --help`
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
evaluation = typer.Typer(help="Grade the toolkit on labelled cases.", no_args_is_help=True)
app.command("investigate")(investigate.investigate)
app.command("init")(init.init)
app.command("backtest")(backtest.backtest)
app.command("datasets")(datasets.datasets)
app.command("prove")(prove.prove)
app.command("demo")(demo.demo)
app.command("gameday")(gameday.gameday)
evaluation.command("rca")(evaluate.rca)
app.add_typer(evaluation, name="eval")
app.add_typer(chaos.app, name="chaos")
app.add_typer(config.app, name="config")


def _show_version(value: bool) -> None:
    if value:
        from importlib.metadata import version

        typer.echo(version("aiops-toolkit"))
        raise typer.Exit


@app.callback()
def main(
    context: typer.Context,
    config: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Settings; ./aiops.toml, if there is one, when left out."
        ),
    ] = None,
    version: Annotated[  # noqa: ARG001  its callback does the work
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show it.")
    ] = False,
) -> None:
    """Find what broke, say why, run the guide, and prove that all of it works."""
    context.obj = config


def run() -> None:
    """Run the command line; an error made for people becomes one line and exit code 2."""
    try:
        app()
    except RevertIncomplete as error:
        _give_up(str(error), REVERT_INCOMPLETE)
    except AiopsError as error:
        _give_up(str(error))
    except OSError as error:
        _give_up(f"{error.filename}: {error.strerror}" if error.filename else str(error))


def _give_up(problem: str, code: int = 2) -> None:
    say(f"error: {' '.join(problem.split())}", err=True)
    sys.exit(code)
