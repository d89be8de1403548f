"""A real cluster behind the port `chaos.cluster.Cluster`: what its API server says, in our words.

It adds nothing to what `aiops.clients.kubernetes` does but the errors that faults expect, and the
processes that run beside an application, which are started and found by exec.
"""

from __future__ import annotations

from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from aiops.clients.kubernetes import Conflict, NotFound, PatchRejected, Rejected
from aiops.types import AiopsError, Denied, InvalidExperiment, Unreachable
from chaos import commands
from chaos.cluster import NO_LABELS, NoSuchObject, ObjectRef, no_such_object
from chaos.patch import MISSING, PatchConflict, lookup

if TYPE_CHECKING:
    import builtins
    from collections.abc import Iterator, Mapping, Sequence

    from aiops.clients.kubernetes import KubernetesClient
    from chaos.cluster import Process
    from chaos.patch import Patch

IDENTITY_NAMESPACE: Final = "kube-system"
"""Every cluster has it, made with the cluster and never again: its uid tells clusters apart."""

EXEC_S: Final = 15.0
"""So long a command in a container may take, s."""


class LiveCluster:
    """The cluster that a client speaks to; implements `chaos.cluster.Cluster`.

    Parameters
    ----------
    client : KubernetesClient
    """

    def __init__(self, client: KubernetesClient) -> None:
        self.client = client

    @property
    def now(self) -> datetime:
        """The time of this machine, in UTC."""
        return datetime.now(UTC)

    @cached_property
    def identity(self) -> str:
        """The uid of the namespace kube-system; the server's URL where that may not be read."""
        try:
            found = self.client.get("Namespace", None, IDENTITY_NAMESPACE)
        except (Denied, NotFound):
            return self.client.server
        return str(found["metadata"]["uid"])

    def get(self, ref: ObjectRef) -> dict[str, Any]:
        """Return the object; see `Cluster.get`."""
        with self._in_our_words(ref):
            return self.client.get(ref.kind, ref.namespace, ref.name)

    def list(
        self, kind: str, namespace: str, labels: Mapping[str, str] = NO_LABELS
    ) -> list[dict[str, Any]]:
        """Return the objects of a kind that bear all `labels`, by name."""
        found = self.client.list(kind, namespace, labels)
        return sorted(found, key=lambda document: str(document["metadata"]["name"]))

    def patch(self, ref: ObjectRef, ops: Patch, *, dry_run: bool = False) -> dict[str, Any]:
        """Apply a JSON Patch; see `Cluster.patch`."""
        with self._in_our_words(ref):
            try:
                return self.client.patch(ref.kind, ref.namespace, ref.name, ops, dry_run=dry_run)
            except (PatchRejected, Conflict) as error:
                raise PatchConflict(str(ref), "is no longer what the patch expects") from error

    def delete(
        self, ref: ObjectRef, *, uid: str, grace_s: int | None = None, dry_run: bool = False
    ) -> None:
        """Delete the object if it is still the one with this uid; see `Cluster.delete`."""
        with self._in_our_words(ref):
            try:
                self.client.delete(
                    ref.kind, ref.namespace, ref.name, uid=uid, grace_s=grace_s, dry_run=dry_run
                )
            except Conflict as error:
                raise NoSuchObject(f"{ref} is no longer the one with the uid {uid}") from error

    def launch(self, pod: ObjectRef, process: Process, token: str) -> None:
        """Start a process in the first container of a pod; see `Cluster.launch`."""
        argv = commands.start(process, token)
        container = self._running_container(self.get(pod))
        if container is None:
            raise InvalidExperiment(f"the first container of {pod} does not run")
        with self._in_our_words(pod):
            said = self.client.start(
                pod.namespace, pod.name, container, argv, timeout_s=EXEC_S
            ).strip()
        if said != commands.STARTED:
            with suppress(Unreachable, Denied):  # whatever it is, it ends by itself
                self.stop(pod, token)
            raise InvalidExperiment(f"{pod} started no {process.kind} process; it said {said!r}")

    def running(self, pod: ObjectRef, token: str) -> bool:
        """Say whether a process with this token still runs in the pod."""
        return self._ask(pod, commands.find(token)) == commands.RUNS

    def stop(self, pod: ObjectRef, token: str) -> None:
        """End every process with this token."""
        self._ask(pod, commands.stop(token))

    def _ask(self, pod: ObjectRef, argv: Sequence[str]) -> str:
        """Return what a command prints in the first container; nothing where that does not run."""
        try:
            container = self._running_container(self.get(pod))
            if container is None:
                return ""
            with self._in_our_words(pod):
                completed = self.client.run(
                    pod.namespace, pod.name, container, argv, timeout_s=EXEC_S
                )
        except NoSuchObject:
            return ""
        except InvalidExperiment as error:  # a container that is just ending; the next look tells
            raise Unreachable(str(error)) from error
        if completed.code:
            raise Unreachable(
                f"the shell in {pod} ended with {completed.code}: {completed.stderr.strip()!r}"
            )
        return completed.stdout.strip()

    @staticmethod
    def _running_container(pod: dict[str, Any]) -> str | None:
        """Return the name of the first container; None if it does not run."""
        name = lookup(pod, "/spec/containers/0/name")
        states = lookup(pod, "/status/containerStatuses")
        for state in states if isinstance(states, list) else ():
            if state["name"] == name and lookup(state, "/state/running") is not MISSING:
                return str(name)
        return None

    @contextmanager
    def _in_our_words(self, ref: ObjectRef) -> Iterator[None]:
        """Turn what the client says about an object into what the port promises."""
        try:
            yield
        except NotFound as error:
            raise self._no_such_object(ref) from error
        except Rejected as error:
            raise InvalidExperiment(f"{ref}: {error}") from error

    def _no_such_object(self, ref: ObjectRef) -> NoSuchObject:
        existing: builtins.list[dict[str, Any]] = []
        with suppress(AiopsError):  # the name of a neighbour is worth no second error
            existing = self.client.list(ref.kind, ref.namespace)
        if not existing:
            return NoSuchObject(f"there is no {ref}, nor any other {ref.kind} to be seen there")
        names = (document["metadata"]["name"] for document in existing)
        return no_such_object(ref, (ObjectRef(ref.kind, ref.namespace, name) for name in names))
