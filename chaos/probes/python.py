"""A Python function that a file names and whose module the caller allows."""

from __future__ import annotations

import importlib
import inspect
from typing import TYPE_CHECKING, Any

from chaos.probes.results import ProbeFailed

if TYPE_CHECKING:
    from chaos.files.environment import Secrets
    from chaos.files.providers import Python


def call(provider: Python, secrets: Secrets) -> Any:
    """Return what the function returns.

    A parameter called ``secrets`` gets the secrets of the groups that the provider names.

    Raises
    ------
    ProbeFailed
        If there is no such function, or it raises; the text names the kind of error only, because
        its message may hold a secret.
    """
    called = f"{provider.module}.{provider.func}"
    try:
        function = getattr(importlib.import_module(provider.module), provider.func)
        arguments = dict(secrets.revealed(provider.arguments))
        if provider.secrets and "secrets" in inspect.signature(function).parameters:
            arguments["secrets"] = secrets.of(provider.secrets)
        return function(**arguments)
    except Exception as error:  # noqa: BLE001  foreign code may raise anything
        raise ProbeFailed(f"{called} raised {type(error).__name__}") from None
