"""The real command, run in this process; and an incident as a folder: `db` breaks, `web` follows."""

import json
import os
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest

from aiops import datasets
from aiops.cli import main, output
from aiops.types import Case, MetricId, RootCause
from tests import memory_cluster
from tests.fake_api_server import FakeApiServer

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
ROWS, BROKEN = 60, 45


@dataclass(frozen=True)
class Answer:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Stdout as JSON, which must hold nothing else, and no NaN."""
        return json.loads(self.out, parse_constant=pytest.fail)


@pytest.fixture
def aiops(capsys, monkeypatch, tmp_path):
    """Run the command as its entry point does, in an empty folder and without AIOPS_ variables.

    No time passes, so that no line of progress depends on how busy the machine is.
    """
    monkeypatch.setattr(output, "monotonic", lambda: 0.0)
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    for name in [name for name in os.environ if name.startswith("AIOPS_")]:
        monkeypatch.delenv(name)

    def run(*words):
        monkeypatch.setattr(sys, "argv", ["aiops", *map(str, words)])
        code = 0
        try:
            main.run()
        except SystemExit as done:
            code = done.code
        captured = capsys.readouterr()
        return Answer(code, captured.out, captured.err)

    return run


def minute(count):
    return START + timedelta(minutes=count)


def build_metrics(rows=ROWS, broken=BROKEN, extra=None):
    """Three services with noise; from row `broken` on `db` is slow, and `web`, which calls it."""
    noise = np.random.default_rng(5)
    columns = {
        (service, metric): 10 + noise.normal(size=rows)
        for service in ("cache", "db", "web")
        for metric in ("cpu", "latency")
    }
    columns["db", "latency"][broken:] += 40
    columns["db", "cpu"][broken:] += 25
    columns["web", "latency"][broken + 1 :] += 12
    index = pd.date_range(START, periods=rows, freq="60s", unit="us", name="time")
    frame = pd.DataFrame({**columns, **(extra or {})}, index=index)
    return frame.astype("float64").rename_axis(columns=["service", "metric"])


def build_case(**changes):
    facts = {
        "id": "slow-db",
        "metrics": build_metrics(),
        "topology": (("web", "db"), ("web", "cache")),
        "trigger": MetricId("web", "latency"),
        "inject_time": minute(BROKEN),
        "root_cause": RootCause("db", (MetricId("db", "latency"),)),
        "fault": "slow",
        "system": "shop",
    }
    return Case(**(facts | changes))


@pytest.fixture
def save(tmp_path):
    """Write the incident, with some of its facts changed, and return its folder."""

    def write(name="slow-db", **changes):
        return datasets.save(build_case(**changes), tmp_path / "cases" / name)

    return write


@pytest.fixture
def case(save):
    """The folder of the incident as it is."""
    return save()


@pytest.fixture
def refused():
    """Assert that input was refused: code 2, nothing on stdout, one line with `words` on stderr."""

    def check(answer, *words):
        assert answer.code == 2
        assert answer.out == ""
        assert answer.err.startswith("error: ")
        assert answer.err.count("\n") == 1, answer.err
        assert answer.err.endswith("\n")
        for word in words:
            assert str(word) in answer.err

    return check


@pytest.fixture
def server():
    """Return an API server with two services in a namespace that has opted in."""
    with FakeApiServer() as fake:
        fake.add(memory_cluster.opted_in("shop"))
        for name in ("cart", "web"):
            for document in memory_cluster.application("shop", name):
                for owner in document["metadata"].get("ownerReferences", ()):
                    owner["name"] = f"{name}-replicas"
                fake.add(document)
        yield fake


@pytest.fixture
def reach(server, tmp_path):
    """Return the options that lead to that server."""
    kubeconfig = server.kubeconfig(tmp_path / "kubeconfig")
    return ("--context", server.context, "--kubeconfig", kubeconfig)


@pytest.fixture
def experiment(tmp_path):
    """Write an experiment file, scaling the cart to zero unless told otherwise; return its path."""

    def write(*steps, probes=(), **settings):
        phases = {"baseline": 300, "hold": 120, "recover": 60}
        extension = {"name": "aiops", "schema": "aiops.chaos/v1", "seed": 7, "phases": phases}
        document = {
            "title": "The shop survives",
            "description": "One fault.",
            "steady-state-hypothesis": {"title": "It is well", "probes": list(probes)},
            "method": list(steps or (inject(),)),
            "extensions": [extension | settings],
        }
        path = tmp_path / "experiment.json"
        path.write_text(json.dumps(document))
        return path

    return write


def inject(fault="scale.zero", name="cart", **arguments):
    target = {"namespace": "shop", "kind": "Deployment", "name": name}
    arguments = {"fault": fault, "target": target, **arguments}
    provider = {"type": "python", "module": "chaos.ctk", "func": "inject", "arguments": arguments}
    return {"type": "action", "name": f"{fault} on {name}", "provider": provider}


@pytest.fixture
def fault():
    """Return a maker of steps: a fault, its target, and what else `chaos.ctk` takes."""
    return inject
