"""A program that a file names and the caller allows, run without a shell and stopped in time."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
from typing import IO, TYPE_CHECKING, Any, Final

from chaos.probes.results import ProbeFailed

if TYPE_CHECKING:
    from chaos.files.environment import Secrets
    from chaos.files.providers import Process

MAX_OUTPUT: Final = 64 * 1024
"""Bytes of each output that are read."""


def run(provider: Process, secrets: Secrets) -> dict[str, Any]:
    """Return status, stdout and stderr of the program.

    Raises
    ------
    ProbeFailed
        If it cannot be started, or does not end in time; it is then killed with its whole group.
    """
    argv = secrets.revealed(provider.argv)
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        try:
            process = subprocess.Popen(  # noqa: S603  a list, and allowed by name
                argv, stdin=subprocess.DEVNULL, stdout=out, stderr=err, start_new_session=True
            )
        except OSError as error:
            raise ProbeFailed(f"{provider.path} cannot be run: {error.strerror}") from None
        status = _waited(process, provider)
        return {"status": status, "stdout": _text(out), "stderr": _text(err)}


def _waited(process: subprocess.Popen[bytes], provider: Process) -> int:
    try:
        return process.wait(provider.timeout)
    except subprocess.TimeoutExpired:
        raise ProbeFailed(
            f"{provider.path} did not end within {provider.timeout:g} s and was killed"
        ) from None
    finally:
        if process.returncode is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _text(output: IO[bytes]) -> str:
    output.seek(0)
    return output.read(MAX_OUTPUT).decode(errors="replace")
