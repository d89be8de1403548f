"""Each kind of probe, and what is known when it cannot be looked at."""

import math
from dataclasses import replace

import numpy as np
import pytest
from pydantic import SecretStr

from aiops.errors import Denied, Unreachable
from chaos.files.activities import Probe, SteadyState
from chaos.files.environment import Secrets
from chaos.files.method import Allowed
from chaos.probes import Context, Hypothesis, ProbeResult, check, met


def _probe(func, arguments, tolerance=None, module="chaos.ctk"):
    provider = {"type": "python", "module": module, "func": func, "arguments": arguments}
    return Probe.model_validate(
        {"type": "probe", "name": "p", "provider": provider, "tolerance": tolerance}
    )


def _slo(tolerance="< 0.5", **arguments):
    return _probe("slo", {"service": "web", "metric": "error_ratio", **arguments}, tolerance)


WEB = {"kind": "Deployment", "namespace": "shop", "name": "web"}


@pytest.mark.parametrize(
    ("aggregate", "window", "value"),
    [("mean", 20, 0.2), ("max", 40, 0.3), ("min", 20, 0.1), ("last", 40, 0.3), ("mean", 40, 0.1)],
)
def test_an_slo_sums_up_the_last_window(context, aggregate, window, value):
    found = check(_slo(aggregate=aggregate, window=window), context)
    assert found.ok is True
    assert math.isclose(found.value, value)


def test_an_slo_passes_over_gaps(context):
    recorded = context.metrics().astype(float)
    recorded.iloc[-1] = np.nan
    gap = replace(context, metrics=lambda: recorded)
    assert check(_slo(aggregate="last", window=20), gap).value == pytest.approx(0.1)
    assert check(_slo(window=10), gap) == ProbeResult(
        "p", ok=None, detail="not evaluated: web/error_ratio has no value in the last 10s"
    )


def test_an_unknown_series_is_not_evaluated_and_the_nearest_is_named(context):
    found = check(_probe("slo", {"service": "wbe", "metric": "error_ratio"}, "< 1"), context)
    assert found.ok is None
    assert "the nearest is web/error_ratio" in found.detail


def test_promql_is_asked_as_it_is_or_over_a_window(context):
    assert check(_probe("promql", {"expr": "up"}, "== 1"), context).ok is True
    assert check(_probe("promql", {"expr": "a + b", "window": "90s"}, "> 1"), context).ok is False
    assert context.queries.asked == ["up", "avg_over_time((a + b)[90s:])"]


@pytest.mark.parametrize("answer", [None, math.nan, Unreachable("away"), Denied("no")])
def test_promql_without_a_value_is_not_evaluated(context, answer):
    context.queries.answer = answer
    assert check(_probe("promql", {"expr": "up"}, "< 9"), context).ok is None


@pytest.mark.parametrize(
    "probe",
    [_slo(), _probe("promql", {"expr": "up"}, "< 9"), _probe("available", WEB, True)],
)
def test_what_is_not_there_to_ask_is_never_passed(probe):
    found = check(probe, Context())
    assert found.ok is None
    assert found.detail.startswith("not evaluated: ")


def test_a_field_of_an_object(context):
    replicas = {**WEB, "field": "/status/readyReplicas"}
    assert check(_probe("kubernetes", replicas, ">= 2"), context).ok is True
    assert check(_probe("kubernetes", {**WEB, "field": "/spec/no"}, 1), context) == ProbeResult(
        "p", ok=False, detail="Deployment shop/web has no /spec/no"
    )


@pytest.mark.parametrize(("name", "ok"), [("web", True), ("cart", False), ("crat", False)])
def test_a_workload_is_available_when_it_is_complete(context, name, ok):
    found = check(_probe("available", {**WEB, "name": name}, True), context)
    assert found.ok is ok


def test_a_workload_of_no_replicas_is_not_available(context):
    for workload in context.cluster.objects.values():
        workload["spec"]["replicas"] = workload["status"]["readyReplicas"] = 0
    assert check(_probe("available", WEB, True), context).ok is False


def test_python_runs_when_it_is_allowed_and_only_then(context):
    probe = _probe("join", {"a": "x", "p": "y"}, module="posixpath")
    assert check(probe, context).ok is False
    allowed = replace(context, allowed=Allowed(python=frozenset({"posixpath"})))
    refused = check(probe, allowed)
    assert refused.detail == "posixpath.join raised TypeError"  # p is a list of parts
    size = _probe("normpath", {"path": "a/${name}/../b"}, "a/b", module="posixpath")
    secret = replace(allowed, secrets=Secrets({"g": {"name": SecretStr("c")}}))
    assert check(size, secret).ok is True


def test_a_probe_without_tolerance_records(context):
    assert check(_slo(tolerance=None, window=10), context) == ProbeResult(
        "p", ok=True, value=0.3, detail="found 0.3"
    )


def test_a_result_says_what_was_wanted(context):
    assert "not tolerated: wanted '< 0.1'" in check(_slo("< 0.1"), context).detail


def _steady(*probes):
    listed = [{**probe.model_dump(exclude_unset=True), "tolerance": "< 0.5"} for probe in probes]
    return SteadyState.model_validate({"title": "s", "probes": listed})


def test_a_hypothesis_looks_at_every_probe(context):
    hypothesis = Hypothesis.of(_steady(_slo(), _probe("promql", {"expr": "up"})))
    results = hypothesis.check(context)
    assert [result.ok for result in results] == [True, False]
    assert met(results) is False
    assert met(hypothesis.check(replace(context, queries=None))) is None
    assert met(Hypothesis.of(_steady(_slo())).check(context)) is True


def test_no_hypothesis_is_neither_met_nor_broken(context):
    assert met(Hypothesis.of(None).check(context)) is None


def _pod(app, phase, ready="True"):
    conditions = [{"type": "Ready", "status": ready}]
    return {
        "metadata": {"labels": {"app": app, "x": "y"}},
        "status": {"phase": phase, "conditions": conditions},
    }


@pytest.mark.parametrize(
    ("func", "arguments", "tolerance", "ok"),
    [
        ("count_pods", {"labels": {"app": "web"}}, 2, True),
        ("count_pods", {"labels": {"app": "web"}, "phase": "Running"}, 1, True),
        ("count_pods", {"labels": {"app": "none"}}, 0, True),
        ("all_pods", {"labels": {"app": "web"}}, True, False),
        ("all_pods", {"labels": {"app": "cart"}}, True, True),
        ("all_pods", {"labels": {"app": "cart"}, "ready": True}, True, False),
        ("all_pods", {"labels": {"app": "job"}}, True, True),
        ("all_pods", {"labels": {"app": "job"}, "phase": "Running"}, True, False),
        ("all_pods", {"labels": {"app": "none"}}, True, False),
        ("all_pods", {}, True, False),
    ],
)
def test_pods_are_counted_and_looked_at(context, func, arguments, tolerance, ok):
    context.cluster.pods = [
        _pod("web", "Running"), _pod("web", "Pending"), _pod("cart", "Running", "False"),
        _pod("job", "Succeeded"),
    ]  # fmt: skip
    probe = _probe(func, {"namespace": "shop", **arguments}, tolerance)
    assert check(probe, context).ok is ok


def test_promql_with_several_values_is_not_evaluated(context):
    context.queries.query = lambda expr: (1, 2)
    assert (
        "has 2 values; sum them up to one"
        in check(_probe("promql", {"expr": "up"}, 1), context).detail
    )


def test_a_process_is_looked_at_by_its_status_and_its_output_is_not_kept(context):
    provider = {"type": "process", "path": "/bin/echo", "arguments": ["s3cret"]}
    probe = Probe.model_validate(
        {"type": "probe", "name": "p", "provider": provider, "tolerance": 0}
    )
    assert check(probe, context).detail.endswith("--allow-process /bin/echo")
    allowed = replace(context, allowed=Allowed(process=frozenset({"/bin/echo"})))
    assert check(probe, allowed) == ProbeResult(
        "p", ok=True, value=0, detail="found 0, as tolerated"
    )
