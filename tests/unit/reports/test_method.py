import math

import numpy as np

from aiops.reports.method import method
from aiops.types import MetricId


def facts(investigation, onset):
    return dict(method(investigation, onset))


def test_the_facts_of_a_verdict_are_told(make_investigation, at):
    told = facts(make_investigation(), at(20).timestamp())
    assert told["Ranker"] == "sample"
    assert told["Onset"] == "1 March 2026, 12:20:00 UTC"
    assert told["Trigger"] == "web/latency_seconds"
    assert told["Window"].endswith("(29\u202fmin)")
    assert told["Step"] == "1\u202fmin"
    assert told["Metrics"] == "2 series of 2 services, 30 samples each, 0 % missing"
    assert told["Strange spans"] == "2: robust_z 2; in 2 series"
    assert told["Causal edges"] == "1: granger 1"


def test_what_is_not_known_is_said_so(make_investigation):
    told = facts(
        make_investigation(
            case={"trigger": None}, ranking={"ranker": "", "edges": ()}, anomalies=()
        ),
        None,
    )
    assert (told["Ranker"], told["Onset"], told["Trigger"]) == (
        "not named",
        "not found",
        "none given",
    )
    assert (told["Strange spans"], told["Causal edges"]) == ("none", "none")


def test_missing_samples_are_counted(make_investigation, make_metrics):
    values = np.arange(30.0)
    values[:3] = math.nan
    metrics = make_metrics({MetricId("db", "cpu"): values})
    told = facts(make_investigation(case={"metrics": metrics}), None)
    assert told["Metrics"] == "1 series of 1 service, 30 samples each, 10 % missing"
