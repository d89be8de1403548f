"""The actions of chaostoolkit-kubernetes that our own faults stand for."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from pydantic import JsonValue, ValidationError

from chaos.files.chaosk8s.arguments import labels, namespace, nothing_else, taken
from chaos.files.durations import seconds
from chaos.files.providers import Target

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from chaos.files.providers import Python


@dataclass(frozen=True, slots=True)
class Mapped:
    """The fault that stands for an action; `hold_s` is None where the action knows no end."""

    fault: str
    target: Target
    params: Mapping[str, JsonValue] = field(default_factory=dict)
    hold_s: float | None = None


def fault_for(provider: Python) -> Mapped | None:
    """Return what stands for an action; None if it is none that we know.

    Raises
    ------
    ValueError
        If the action is known but our fault cannot do what these arguments ask; the text says what.
    """
    make = _ACTIONS.get((provider.module, provider.func))
    return None if make is None else make(dict(provider.arguments))


def scaled(provider: Python) -> tuple[str, str, str] | None:
    """Return kind, namespace and name of what an action scales; None if it does not scale."""
    kind = _SCALED.get((provider.module, provider.func))
    if kind is None:
        return None
    arguments = provider.arguments
    return kind, str(arguments.get("ns", "default")), str(arguments.get("name"))


def _terminate_pods(arguments: dict[str, Any]) -> Mapped:
    selected = labels(arguments.pop("label_selector", None))
    target = _target(arguments, "Deployment", labels=selected)
    params: dict[str, JsonValue] = {"count": taken(arguments, "qty", int, 1)}
    grace = taken(arguments, "grace_period", int, -1)
    if grace >= 0:
        params["grace_s"] = grace
    if arguments.pop("mode", "fixed") != "fixed" or arguments.pop("all", False):
        raise ValueError("only a fixed number of pods can be terminated; give qty")
    arguments.pop("rand", None)  # ours are drawn from the seed
    nothing_else(arguments)
    return Mapped("pod.delete", target, params)


def _delete_pods(arguments: dict[str, Any]) -> Mapped:
    target = _target(arguments, "Pod", name=taken(arguments, "name", str))
    nothing_else(arguments)
    return Mapped("pod.delete", target)


def _scale(kind: str) -> Callable[[dict[str, Any]], Mapped]:
    def mapped(arguments: dict[str, Any]) -> Mapped:
        target = _target(arguments, kind, name=taken(arguments, "name", str))
        if taken(arguments, "replicas", int) != 0:
            raise ValueError("only a scale to 0 replicas stands for a fault, scale.zero")
        nothing_else(arguments)
        return Mapped("scale.zero", target)

    return mapped


def _stress_cpu(arguments: dict[str, Any]) -> Mapped:
    selector = arguments.pop("label_selectors", None)
    selected = selector if isinstance(selector, dict) else labels(selector)
    target = _target(arguments, "Deployment", labels=selected)
    load = taken(arguments, "load", int)
    if not 0 < load <= 100:
        raise ValueError(f"a load of {load} % stands for no stress; give 1 to 100")
    hold_s = seconds(arguments.pop("duration", "30s"))
    for ignored in ("name", "workers", "mode"):  # ours stresses every pod, by its limit
        arguments.pop(ignored, None)
    nothing_else(arguments)
    return Mapped("stress.cpu", target, {"strength": load / 100}, hold_s)


def _target(arguments: dict[str, Any], kind: str, **which: Any) -> Target:
    try:
        return Target.model_validate(
            {"namespace": namespace(arguments), "kind": kind, **which}, strict=True
        )
    except ValidationError as error:
        raise ValueError("name what is struck: give a name or a label selector") from error


_SCALED: Final[Mapping[tuple[str, str], str]] = {
    ("chaosk8s.deployment.actions", "scale_deployment"): "Deployment",
    ("chaosk8s.actions", "scale_microservice"): "Deployment",
    ("chaosk8s.statefulset.actions", "scale_statefulset"): "StatefulSet",
}
_ACTIONS: Final[Mapping[tuple[str, str], Callable[[dict[str, Any]], Mapped]]] = {
    ("chaosk8s.pod.actions", "terminate_pods"): _terminate_pods,
    ("chaosk8s.pod.actions", "delete_pods"): _delete_pods,
    **{known: _scale(kind) for known, kind in _SCALED.items()},
    ("chaosk8s.chaosmesh.stress.actions", "stress_cpu"): _stress_cpu,
}
