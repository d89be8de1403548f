"""What a probe may ask: the cluster, the recorded metrics, Prometheus; and what it may run."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from chaos.files.environment import Secrets
from chaos.files.method import Allowed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import pandas as pd

    from chaos.cluster import Cluster


class Sampled(Protocol):
    """One value, and the labels of the series that it is of."""

    @property
    def labels(self) -> Mapping[str, str]:
        """Name and value of each label."""
        ...

    @property
    def value(self) -> float:
        """The value; NaN is none."""
        ...


class Queries(Protocol):
    """Whoever answers PromQL; `aiops.clients.prometheus.PrometheusClient` does."""

    def query(self, expr: str) -> Sequence[Sampled]:
        """Return the samples that `expr` has now.

        Raises
        ------
        Unreachable, Denied
            If there is no answer, or it is refused.
        InvalidInput
            If `expr` is no PromQL.
        """
        ...


@dataclass(frozen=True, slots=True)
class Context:
    """Where probes look; what is None is not to be had here.

    Attributes
    ----------
    cluster : Cluster or None
        For probes of Kubernetes objects.
    metrics : callable or None
        Returns the metrics recorded so far, as `aiops.types.check_metrics` demands.
    queries : Queries or None
        For PromQL.
    secrets : Secrets
        Of the experiment file.
    allowed : Allowed
        The code that may run.
    """

    cluster: Cluster | None = None
    metrics: Callable[[], pd.DataFrame] | None = None
    queries: Queries | None = None
    secrets: Secrets = field(default_factory=Secrets)
    allowed: Allowed = field(default_factory=Allowed)
