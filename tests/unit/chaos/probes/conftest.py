"""A small cluster, recorded metrics and a Prometheus that says what it is told."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest

from chaos.cluster import ObjectRef, no_such_object
from chaos.probes import Context


@dataclass(frozen=True)
class Sample:
    labels: dict
    value: float


class FakeCluster:
    def __init__(self, **ready):
        self.objects = {
            ObjectRef("Deployment", "shop", name): {
                "spec": {"replicas": 2},
                "status": {"readyReplicas": count},
            }
            for name, count in ready.items()
        }

        self.pods = []

    def list(self, kind, namespace, labels):
        assert (kind, namespace) == ("Pod", "shop")
        return [pod for pod in self.pods if labels.items() <= pod["metadata"]["labels"].items()]

    def get(self, ref):
        if ref not in self.objects:
            raise no_such_object(ref, self.objects)
        return self.objects[ref]


class FakeQueries:
    def __init__(self, answer=1.0):
        self.answer = answer
        self.labels = {"alertname": "ShopDown"}
        self.asked = []

    def query(self, expr):
        self.asked.append(expr)
        if isinstance(self.answer, Exception):
            raise self.answer
        return () if self.answer is None else (Sample(self.labels, self.answer),)


def frame(values, metric="error_ratio", service="web", step_s=10):
    index = pd.date_range("2026-11-23", periods=len(values), freq=f"{step_s}s", tz="UTC")
    columns = pd.MultiIndex.from_tuples([(service, metric)], names=["service", "metric"])
    return pd.DataFrame(np.array(values, dtype=float).reshape(-1, 1), index=index, columns=columns)


@pytest.fixture
def context():
    return Context(
        cluster=FakeCluster(web=2, cart=1),
        metrics=lambda: frame([0, 0, 0.1, 0.3]),
        queries=FakeQueries(),
    )
