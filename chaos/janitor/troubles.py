"""Why a janitor does not start, read from its pod and from the events of its Job."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

PATIENT: Final = frozenset({"ContainerCreating", "PodInitializing"})
"""What a container waits for that comes by itself."""

IMAGE_REASONS: Final = frozenset(
    {"ErrImagePull", "ImagePullBackOff", "ErrImageNeverPull", "InvalidImageName"}
)


def pod_trouble(pod: Mapping[str, Any]) -> str | None:
    """Return what keeps a pod from ever getting ready; None while it may still.

    Examples
    --------
    >>> waiting = {"reason": "ErrImagePull", "message": "not found"}
    >>> container = {"image": "pyhton:3", "state": {"waiting": waiting}}
    >>> pod_trouble({"status": {"containerStatuses": [container]}})
    'the image pyhton:3 cannot be pulled (ErrImagePull: not found); give another'
    """
    status = pod.get("status", {})
    for container in status.get("containerStatuses", ()):
        state = container.get("state", {})
        if (ended := state.get("terminated")) is not None:
            return f"its program ended with code {ended.get('exitCode')}"
        waiting = state.get("waiting", {})
        if waiting.get("reason", "ContainerCreating") not in PATIENT:
            return _waiting_trouble(container["image"], waiting)
    return None


def event_trouble(events: Iterable[Mapping[str, Any]], job: Mapping[str, Any]) -> str | None:
    """Return the last warning about a Job: a quota, or an admission rule that refuses its pod."""
    about = [
        event
        for event in events
        if event.get("type") == "Warning"
        and event.get("involvedObject", {}).get("uid") == job["metadata"]["uid"]
    ]
    about.sort(key=lambda event: str(event.get("lastTimestamp")))
    return str(about[-1].get("message")) if about else None


def _waiting_trouble(image: str, waiting: Mapping[str, Any]) -> str:
    reason = ": ".join(waiting[key] for key in ("reason", "message") if waiting.get(key))
    if waiting["reason"] in IMAGE_REASONS:
        return f"the image {image} cannot be pulled ({reason}); give another"
    return f"its container cannot start ({reason})"
