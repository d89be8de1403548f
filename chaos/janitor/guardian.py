"""The janitor as a guardian: put into the cluster before the deed, taken out once it is undone.

It needs a client of the cluster and an image with Python. It promises nothing about a cluster
whose API server is away for good, or whose nodes cannot run its pod.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, Protocol

from aiops.clients.kubernetes.errors import NotFound, Rejected
from aiops.types import Denied, InvalidExperiment, Unreachable
from chaos.janitor.objects import (
    APP,
    IMAGE,
    INSIST_S,
    RUN_LABEL,
    janitor_name,
    labels,
    manifests,
    owned,
    undoable,
)
from chaos.janitor.troubles import event_trouble, pod_trouble
from chaos.patience import Patience
from chaos.workloads import is_ready

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from chaos.plan import Plan

LOOK_EVERY_S: Final = 0.5

ABANDONED: Final = timedelta(minutes=10)
"""A Job that was created so long ago and never started was left by someone who is no more."""


class Client(Protocol):
    """What is needed of `aiops.clients.kubernetes.KubernetesClient`."""

    def list(
        self, kind: str, namespace: str | None, labels: Mapping[str, str] | None = None
    ) -> list[dict[str, Any]]:
        """Return all objects that carry all of `labels`."""
        ...

    def create(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """Create an object."""
        ...

    def patch(
        self, kind: str, namespace: str | None, name: str, ops: Sequence[Mapping[str, Any]]
    ) -> dict[str, Any]:
        """Apply a JSON Patch."""
        ...

    def delete(self, kind: str, namespace: str | None, name: str) -> None:
        """Delete an object and, in the background, what belongs to it."""
        ...

    def logs(
        self, namespace: str, pod: str, container: str | None = None, *, tail: int | None = None
    ) -> str:
        """Return the end of what a container has printed."""
        ...


@dataclass
class Janitor:
    """Undoes a run from inside the cluster, once it is overdue.

    Attributes
    ----------
    client : Client
        With the rights that `chaos.janitor.objects.rights` lists; with "list events" and
        "get pods/log" besides, an error can say more.
    image : str
        An image with Python 3.8 or newer, that the cluster can pull.
    ready_within_s : float
        So long it may take until the janitor is ready, s.
    patience : Patience
        How long to insist on taking it out while the cluster does not answer.
    """

    client: Client
    image: str = IMAGE
    ready_within_s: float = 60.0
    patience: Patience = field(default_factory=Patience)
    _namespaces: dict[str, str] = field(default_factory=dict, init=False, repr=False)

    @property
    def arming_s(self) -> float:
        """How long it may take to get ready, s."""
        return self.ready_within_s

    def arm(self, run: str, plan: Plan, expires: datetime) -> None:
        """Put the janitor into the cluster; return once it has read all it has to undo.

        A plan with nothing to undo gets none.

        Raises
        ------
        InvalidExperiment
            If it cannot be started, or was ready too late; what was put there is taken out again.
        Denied, Unreachable, NotFound, Rejected
            As the client does; the same holds.
        """
        if not undoable(plan):
            return
        self._namespaces[run] = plan.target.namespace
        left_s = max(0.0, (expires - datetime.now(UTC)).total_seconds())
        documents = manifests(
            run, plan, expires, image=self.image, lifetime_s=int(left_s) + INSIST_S
        )
        try:
            job = self._create(documents)
            self._await_ready(run, job)
            _refuse_late(run, expires)
        except BaseException:
            with suppress(Unreachable, Denied):
                self.disarm(run)
            raise

    def disarm(self, run: str) -> None:
        """Take the janitor out of the cluster, with all that belongs to it; idempotent."""
        namespace = self._namespaces.get(run)
        if namespace is not None:
            self.patience.persist(lambda: _remove(self.client, namespace, janitor_name(run)))
            del self._namespaces[run]

    def _create(self, documents: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """Create the Job, then what belongs to it, then let it start."""
        job = self.client.create(documents[0])
        for document in documents[1:]:
            self.client.create(owned(document, job))
        meta = job["metadata"]
        start = [{"op": "replace", "path": "/spec/parallelism", "value": 1}]
        return self.client.patch("Job", meta["namespace"], meta["name"], start)

    def _await_ready(self, run: str, job: Mapping[str, Any]) -> None:
        """Return once the pod is ready; raise `InvalidExperiment` once it is sure not to be."""
        namespace = job["metadata"]["namespace"]
        until = self.patience.clock() + self.ready_within_s
        while True:
            pods = self.client.list("Pod", namespace, labels(run))
            if any(map(is_ready, pods)):
                return
            trouble = next(filter(None, map(pod_trouble, pods)), None)
            if trouble or self.patience.clock() > until:
                break
            self.patience.sleep(LOOK_EVERY_S)
        reason = trouble or self._silence(pods, job)
        said = self._last_words(pods)
        raise InvalidExperiment(
            f"the janitor of run {run} in namespace {namespace} did not get ready: {reason}{said}"
        )

    def _silence(self, pods: Sequence[Mapping[str, Any]], job: Mapping[str, Any]) -> str:
        """Return why there is still no ready pod, as far as the cluster says so."""
        if pods:
            return f"its pod did not read its objects within {self.ready_within_s:g} s"
        try:
            events = self.client.list("Event", job["metadata"]["namespace"])
        except (Denied, Unreachable):
            events = []
        return event_trouble(events, job) or f"it got no pod within {self.ready_within_s:g} s"

    def _last_words(self, pods: Sequence[Mapping[str, Any]]) -> str:
        """Return the last line that the janitor printed, where it can be had."""
        for pod in pods:
            meta = pod["metadata"]
            with suppress(Denied, Unreachable, NotFound, Rejected):
                if line := self.client.logs(meta["namespace"], meta["name"], tail=1).strip():
                    return f"; it said: {line}"
        return ""


def _refuse_late(run: str, expires: datetime) -> None:
    if datetime.now(UTC) >= expires:
        raise InvalidExperiment(
            f"the janitor of run {run} was ready only when the fault would have been overdue; "
            "hold it longer"
        )


def sweep(client: Client, namespace: str) -> tuple[str, ...]:
    """Remove the janitors that have ended, or were never started; return the ids of their runs.

    Kubernetes removes those that have ended by itself from 1.21 on, after an hour.
    """
    removed = []
    for job in client.list("Job", namespace, {"app.kubernetes.io/name": APP}):
        if _is_over(job):
            _remove(client, namespace, job["metadata"]["name"])
            removed.append(job["metadata"]["labels"][RUN_LABEL])
    return tuple(sorted(removed))


def _is_over(job: Mapping[str, Any]) -> bool:
    conditions = job.get("status", {}).get("conditions", ())
    if any(one["type"] in {"Complete", "Failed"} and one["status"] == "True" for one in conditions):
        return True
    created = datetime.fromisoformat(job["metadata"]["creationTimestamp"])
    return job["spec"].get("parallelism") == 0 and datetime.now(UTC) - created > ABANDONED


def _remove(client: Client, namespace: str, name: str) -> None:
    """Delete a Job; the cluster deletes what belongs to it."""
    with suppress(NotFound):
        client.delete("Job", namespace, name)
