"""What experiment files name as Python functions, so that the Chaos Toolkit finds them.

``chaos validate`` imports this module and checks the names of functions and arguments. `aiops
chaos` itself never calls them: to it they are data (`chaos.files.providers`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from aiops.errors import InvalidExperiment

if TYPE_CHECKING:
    from collections.abc import Mapping


def inject(  # noqa: PLR0913, PLR0917  the Chaos Toolkit binds them by these names
    fault: str,
    target: Mapping[str, Any],
    params: Mapping[str, Any] | None = None,
    hold: str | float | None = None,
    configuration: Mapping[str, Any] | None = None,
    secrets: Mapping[str, Any] | None = None,
) -> NoReturn:
    """Inject a fault; only `aiops chaos run` can, because it also takes it back.

    Raises
    ------
    InvalidExperiment
        Always.
    """
    del target, params, hold, configuration, secrets
    raise _only_aiops(f"the fault {fault}")


def promql(expr: str, window: str | float | None = None) -> NoReturn:
    """Ask Prometheus; raise as `inject` does."""
    del expr, window
    raise _only_aiops("a PromQL probe")


def slo(
    service: str, metric: str, window: str | float = "30s", aggregate: str = "mean"
) -> NoReturn:
    """Ask the metrics that are recorded around a run; raise as `inject` does."""
    del service, metric, window, aggregate
    raise _only_aiops("a probe of recorded metrics")


def kubernetes(kind: str, namespace: str, name: str, field: str) -> NoReturn:
    """Ask the cluster for a field of an object; raise as `inject` does."""
    del kind, namespace, name, field
    raise _only_aiops("a probe of a Kubernetes object")


def available(kind: str, namespace: str, name: str) -> NoReturn:
    """Ask the cluster whether a workload is complete; raise as `inject` does."""
    del kind, namespace, name
    raise _only_aiops("a probe of a workload")


def count_pods(
    namespace: str, labels: Mapping[str, str] | None = None, phase: str | None = None
) -> NoReturn:
    """Ask the cluster how many pods there are; raise as `inject` does."""
    del namespace, labels, phase
    raise _only_aiops("a probe of pods")


def all_pods(
    namespace: str,
    labels: Mapping[str, str] | None = None,
    phase: str | None = None,
    ready: bool = False,
) -> NoReturn:
    """Ask the cluster whether all pods are as they should be; raise as `inject` does."""
    del namespace, labels, phase, ready
    raise _only_aiops("a probe of pods")


def _only_aiops(what: str) -> InvalidExperiment:
    return InvalidExperiment(
        f"{what} is not run by the Chaos Toolkit; run the file with: aiops chaos run FILE"
    )
