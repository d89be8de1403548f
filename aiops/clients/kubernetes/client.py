"""The client itself: a cluster's objects, its pods' commands and logs, our rights, what it serves.

Each call is made once, and each refusal is one clear error. It knows nothing of faults.
"""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Any

from aiops.clients.kubernetes import command
from aiops.clients.kubernetes.call import Call
from aiops.clients.kubernetes.connection import Connection
from aiops.clients.kubernetes.kubeconfig import from_kubeconfig, from_pod
from aiops.clients.kubernetes.objects import Objects
from aiops.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path


class KubernetesClient(Objects):
    """One cluster; `connect` and `in_cluster` make it, `Objects` lists what every method raises.

    A client must not be shared with a forked process: both would talk over the same sockets.
    """

    @classmethod
    def connect(
        cls, kubeconfig: Path | None, context: str, *, timeout_s: float = 10.0
    ) -> KubernetesClient:
        """Return the client of one context of a kubeconfig; nothing is sent yet.

        Parameters
        ----------
        kubeconfig : Path or None
            None takes the files of ``$KUBECONFIG``, or ``~/.kube/config``.
        context : str
            There is no default: the current context of a file is never taken.
        timeout_s : float
            How long one call may wait for the server, in seconds.

        Raises
        ------
        InvalidInput
            If the file or the context does not exist or cannot be used.
        """
        return cls(Connection(from_kubeconfig(kubeconfig, context), timeout_s))

    @classmethod
    def in_cluster(cls, *, timeout_s: float = 10.0) -> KubernetesClient:
        """Return the client of the service account of the pod that this process runs in."""
        return cls(Connection(from_pod(), timeout_s))

    @property
    def server(self) -> str:
        """The server's URL."""
        return self._connection.host

    @property
    def server_version(self) -> str:
        """The server's version, major and minor: ``1.20``."""
        version = self._ask(Call("get", "/version", "/version"), "minor")
        return f"{version['major']}.{version['minor'].rstrip('+')}"

    def run(
        self,
        namespace: str,
        pod: str,
        container: str | None,
        argv: Sequence[str],
        *,
        timeout_s: float,
    ) -> command.Completed:
        """Run a command in a container and wait until it has ended.

        It takes the rights ``get pods/exec``, which is what an API server 1.20 asks for here, and
        ``create pods/exec``, which newer ones ask for.

        Parameters
        ----------
        container : str or None
            None takes the pod's only one.
        argv : sequence of str
            The program and its arguments; no shell reads them.
        timeout_s : float
            How long to wait, in seconds; the command itself may then go on in the container.

        Raises
        ------
        NotFound, Rejected
            If the pod, the container or the program is not there, or the pod does not run.
        """
        call = self._exec(namespace, pod, container, argv)
        return command.run(self._connection, call, timeout_s)

    def start(
        self,
        namespace: str,
        pod: str,
        container: str | None,
        argv: Sequence[str],
        *,
        timeout_s: float,
    ) -> str:
        """Run a command in a container, return its first line and let it go on.

        Parameters
        ----------
        container, argv
            As in `run`.
        timeout_s : float
            How long to wait for that line, in seconds.

        Raises
        ------
        NotFound, Rejected
            As in `run`.
        """
        call = self._exec(namespace, pod, container, argv)
        return command.start(self._connection, call, timeout_s)

    def logs(  # noqa: PLR0913  what the server lets one say of a log
        self,
        namespace: str,
        pod: str,
        container: str | None = None,
        *,
        since_s: int | None = None,
        since: datetime | None = None,
        tail: int | None = None,
        previous: bool = False,
        timestamps: bool = False,
    ) -> str:
        """Return what a container has printed.

        Parameters
        ----------
        container : str or None
            None takes the pod's only one.
        since_s, since : int, datetime
            Only what was printed in the last so many seconds, or from a moment on; give one.
        tail : int or None
            Only so many lines, the last ones.
        previous : bool
            What the container printed in its life before the last restart.
        timestamps : bool
            Whether each line begins with the time at which it was printed, in RFC 3339.

        Raises
        ------
        NotFound, Rejected
            If the pod or the container is not there, has not started yet, or has no life before.
        InvalidInput
            If `since` has no time zone, or `since_s` is given, too.
        """
        options = {
            "container": container,
            "sinceSeconds": since_s,
            "sinceTime": None if since is None else _rfc3339(since, since_s),
            "tailLines": tail,
            "previous": "true" if previous else None,
            "timestamps": "true" if timestamps else None,
        }
        query = {key: str(value) for key, value in options.items() if value is not None}
        return self._connection.send(self._one("Pod", namespace, pod, "log").call("get", query))

    def allowed(  # noqa: PLR0913  what a rule of RBAC can name
        self,
        verb: str,
        resource: str,
        *,
        group: str = "",
        namespace: str | None = None,
        name: str | None = None,
        subresource: str | None = None,
    ) -> bool:
        """Ask the server whether we may; `resource` is the plural, as in a Role: ``pods``."""
        asked = {
            "verb": verb,
            "resource": resource,
            "group": group,
            "namespace": namespace,
            "name": name,
            "subresource": subresource,
        }
        reviews = self._all("SelfSubjectAccessReview", None)
        review = {
            "apiVersion": reviews.resource.api_version,
            "kind": reviews.resource.kind,
            "spec": {"resourceAttributes": {key: value for key, value in asked.items() if value}},
        }
        return bool(self._ask(reviews.call("create", body=review))["status"]["allowed"])

    def serves(self, group: str, version: str, kind: str | None = None) -> bool:
        """Say whether the server has an API version, and `kind` in it; the core group is ``""``."""
        api_version = f"{group}/{version}" if group else version
        resources = self._discovery.resources(api_version)
        return bool(resources) and kind in {None, *(resource.kind for resource in resources)}

    def raw(self, path: str) -> str:
        """Return what the server answers to a GET of `path`, as text."""
        if not path.startswith("/"):
            raise InvalidInput(f"{path!r} is no path on the API server; start it with a slash")
        return self._connection.send(Call("get", path, path))

    def _exec(self, namespace: str, pod: str, container: str | None, argv: Sequence[str]) -> Call:
        query: dict[str, Any] = {"command": list(argv), "stdout": "true", "stderr": "true"}
        if container:
            query["container"] = container
        return self._one("Pod", namespace, pod, "exec").call("create", query)


def _rfc3339(since: datetime, since_s: int | None) -> str:
    if since.tzinfo is None:
        raise InvalidInput(f"the time {since} has no time zone; use datetime.UTC")
    if since_s is not None:
        raise InvalidInput("logs are asked for since a moment, or for some seconds; give one")
    return since.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
