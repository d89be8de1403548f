"""Which cluster, and as whom: a kubeconfig and one of its contexts, or the pod we run in.

There is no default context. The `kubernetes` package reads the credentials; it is imported here
alone, and late: it takes 0.65 s.
"""

from __future__ import annotations

import importlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from aiops.clients.kubernetes.errors import one_line
from aiops.errors import InvalidInput
from aiops.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable


def from_kubeconfig(kubeconfig: Path | None, context: str) -> Any:
    """Return the `kubernetes.client.Configuration` that `context` of a kubeconfig describes.

    Raises
    ------
    InvalidInput
        If there is no such file or no such context, or if they cannot be used.
    """
    files = _kubeconfig_files(kubeconfig)
    known = _contexts(files)
    if context not in known:
        has = f"{_named(files)} has {', '.join(map(repr, sorted(known))) or 'none'}"
        if not context:
            raise InvalidInput(f"there is no default context; name one: {has}")
        raise InvalidInput(
            f"there is no context {context!r}; {did_you_mean(context, known)}; {has}"
        )
    path = os.pathsep.join(map(str, files))
    return _load("load_kube_config", config_file=path, context=context)


def from_pod() -> Any:
    """Return the `kubernetes.client.Configuration` of the service account of the pod that this process runs in.

    Raises
    ------
    InvalidInput
        If this process runs in no pod.
    """
    return _load("load_incluster_config")


def library(module: str) -> Any:
    """Return a module of the `kubernetes` package.

    Raises
    ------
    InvalidInput
        If the package is not installed.
    """
    try:
        return importlib.import_module(f"kubernetes.{module}")
    except ImportError as error:
        raise InvalidInput(
            "the Kubernetes client is not installed; pip install 'aiops-toolkit[kubernetes]'"
        ) from error


def _load(loader: str, **arguments: str) -> Any:
    config, configuration = library("config"), library("client").Configuration()
    where = f"context {arguments['context']!r}" if arguments else "this pod's service account"
    try:
        getattr(config, loader)(client_configuration=configuration, **arguments)
    except (config.ConfigException, OSError, ValueError) as error:
        raise InvalidInput(f"{where} cannot be used: {one_line(str(error))}") from None
    return configuration


def _kubeconfig_files(kubeconfig: Path | None) -> list[Path]:
    """Return the files that exist of those given, of $KUBECONFIG, or the usual one."""
    named = str(kubeconfig or os.environ.get("KUBECONFIG") or "~/.kube/config")
    paths = [Path(path).expanduser() for path in named.split(os.pathsep) if path]
    files = [path for path in paths if path.is_file()]
    if not files:
        raise InvalidInput(
            f"there is no kubeconfig at {_named(paths)}; give its path or set KUBECONFIG"
        )
    return files


def _contexts(files: Iterable[Path]) -> list[str]:
    return [name for path in files for name in _contexts_of(path)]


def _contexts_of(path: Path) -> list[str]:
    # Neither error text is passed on: both may quote a line that holds a token.
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
        return [str(entry["name"]) for entry in document["contexts"] or ()]
    except OSError as error:
        raise InvalidInput(f"{path} cannot be read: {error.strerror}") from None
    except (yaml.YAMLError, UnicodeDecodeError):
        raise InvalidInput(f"{path} is no kubeconfig: it is not YAML") from None
    except (TypeError, KeyError):
        raise InvalidInput(f"{path} is no kubeconfig: it lacks a list of contexts") from None


def _named(paths: Iterable[Path]) -> str:
    return ", ".join(map(str, paths))
