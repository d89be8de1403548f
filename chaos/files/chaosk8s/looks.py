"""The probes of chaostoolkit-kubernetes that our own stand for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pydantic import TypeAdapter

from chaos.files.chaosk8s.arguments import labels, namespace, nothing_else, taken
from chaos.files.providers import OURS, Ours

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from chaos.files.providers import Python

_OURS: Final[TypeAdapter[Ours]] = TypeAdapter(Ours)
_READY = {"type": "Ready", "status": "True"}


def look_for(provider: Python) -> Ours | None:
    """Return the probe of ours that stands for a probe; None if it is none that we know.

    Raises
    ------
    ValueError
        If the probe is known but ours cannot do what these arguments ask; the text says what.
    """
    known = _LOOKS.get((provider.module, provider.func))
    if known is None:
        return None
    func, read = known
    arguments = dict(provider.arguments)
    for raising in [name for name in arguments if name.startswith("raise_on_")]:
        del arguments[raising]  # ours answers, and never raises, when the answer is no
    place = {"namespace": namespace(arguments), **read(arguments)}
    nothing_else(arguments)
    return _OURS.validate_python(
        {"type": "python", "module": OURS, "func": func, "arguments": place}
    )


def _workload(kind: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    def read(arguments: dict[str, Any]) -> dict[str, Any]:
        arguments.pop("timeout", None)  # looked at once
        return {"kind": kind, "name": taken(arguments, "name", str)}

    return read


def _phase(arguments: dict[str, Any]) -> dict[str, Any]:
    phase = taken(arguments, "phase", str, "Running")
    return {"labels": labels(arguments.pop("label_selector", None)), "phase": phase}


def _count(arguments: dict[str, Any]) -> dict[str, Any]:
    phase = {"phase": taken(arguments, "phase", str)} if arguments.get("phase") else {}
    arguments.pop("phase", None)
    return {"labels": labels(arguments.pop("label_selector", None)), **phase}


def _conditions(arguments: dict[str, Any]) -> dict[str, Any]:
    if arguments.pop("conditions", None) != [_READY]:
        raise ValueError(f"the only condition that is looked at is {_READY}")
    selected = labels(arguments.pop("label_selector", None))
    return {"labels": selected, "phase": "Running", "ready": True}


def _everything(arguments: dict[str, Any]) -> dict[str, Any]:
    del arguments
    return {}


_LOOKS: Final[Mapping[tuple[str, str], tuple[str, Callable[[dict[str, Any]], dict[str, Any]]]]] = {
    ("chaosk8s.deployment.probes", "deployment_available_and_healthy"): (
        "available", _workload("Deployment"),
    ),
    ("chaosk8s.deployment.probes", "deployment_fully_available"): (
        "available", _workload("Deployment"),
    ),
    ("chaosk8s.probes", "microservice_available_and_healthy"): (
        "available", _workload("Deployment"),
    ),
    ("chaosk8s.probes", "deployment_is_fully_available"): ("available", _workload("Deployment")),
    ("chaosk8s.statefulset.probes", "statefulset_fully_available"): (
        "available", _workload("StatefulSet"),
    ),
    ("chaosk8s.pod.probes", "count_pods"): ("count_pods", _count),
    ("chaosk8s.pod.probes", "pods_in_phase"): ("all_pods", _phase),
    ("chaosk8s.pod.probes", "pods_in_conditions"): ("all_pods", _conditions),
    ("chaosk8s.pod.probes", "all_pods_healthy"): ("all_pods", _everything),
    ("chaosk8s.probes", "all_microservices_healthy"): ("all_pods", _everything),
}  # fmt: skip
