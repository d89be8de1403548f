"""Objects as plain dicts: read, listed, created, patched, replaced and deleted.

Documents are sent as they are and plain JSON is read; the API version of a kind is the newest that
the server has and the toolkit can speak. Nothing here caches or watches objects.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from aiops.clients.kubernetes.address import Address
from aiops.clients.kubernetes.call import selector
from aiops.clients.kubernetes.discovery import Discovery
from aiops.errors import InvalidInput

if TYPE_CHECKING:
    import builtins
    from collections.abc import Mapping, Sequence

    from aiops.clients.kubernetes.connection import Connection

FIELD_MANAGER = "aiops-chaos"
_PAGE = "500"


class Objects:
    """The objects of one cluster.

    Parameters
    ----------
    connection : Connection
        The road to the cluster's API server.

    Notes
    -----
    Every method may raise these, besides its own:

    - `Unreachable`: no answer in time, 429 or 5xx. Nothing is retried here. After a write it is
      unknown whether it was carried out.
    - `Denied`: 401 or 403; the text names the verb and the resource.
    - `InvalidInput`: an unknown kind, or a name that is none.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._ask = connection.ask
        self._discovery = Discovery(connection)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._connection.host!r})"

    def get(self, kind: str, namespace: str | None, name: str) -> dict[str, Any]:
        """Return one object; `namespace` is None for kinds that live in none.

        Raises
        ------
        NotFound
            If there is none of this name.
        """
        return self._ask(self._one(kind, namespace, name).call("get"))

    def list(
        self, kind: str, namespace: str | None, labels: Mapping[str, str] | None = None
    ) -> builtins.list[dict[str, Any]]:
        """Return all objects that carry all of `labels`; those of every namespace when None.

        Each one names its ``kind`` and ``apiVersion``, which the server leaves out in lists.
        """
        every = self._all(kind, namespace)
        query = {"limit": _PAGE} | ({"labelSelector": selector(labels)} if labels else {})
        found: list[dict[str, Any]] = []
        while True:
            page = self._ask(every.call("list", query))
            found += page.get("items") or ()
            following = page["metadata"].get("continue")
            if not following:
                break
            query["continue"] = following
        named = {"apiVersion": every.resource.api_version, "kind": every.resource.kind}
        return [named | item for item in found]

    def create(self, document: Mapping[str, Any], *, dry_run: bool = False) -> dict[str, Any]:
        """Create the object that `document` describes, in the API version it names.

        Raises
        ------
        Conflict
            If it exists already.
        NotFound
            If its namespace does not.
        Rejected
            If the schema or an admission rule refuses it.
        """
        there = dataclasses.replace(self._described(document), name=None)
        return self._ask(there.call("create", _write_query(dry_run=dry_run), dict(document)))

    def replace(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """Replace an object whole by `document`, in the API version it names.

        Raises
        ------
        Conflict
            If `document` names a ``resourceVersion`` or a ``uid`` that is not the present one.
        NotFound, Rejected
            As in `patch`.
        """
        there = self._described(document)
        _named(there.name)
        return self._ask(there.call("update", _write_query(dry_run=False), dict(document)))

    def patch(  # noqa: PLR0913  an address has three parts
        self,
        kind: str,
        namespace: str | None,
        name: str,
        ops: Sequence[Mapping[str, Any]],
        *,
        dry_run: bool = False,
        subresource: str | None = None,
    ) -> dict[str, Any]:
        """Apply a JSON Patch (RFC 6902), all of it or nothing, and return the object after it.

        An API server 1.20 takes a ``replace`` of a missing member for an ``add``; put a ``test``
        before it.

        Raises
        ------
        PatchRejected
            If a ``test`` fails or a pointer leads nowhere.
        Rejected
            If the schema or an admission rule refuses the result.
        Conflict
            If the patch sets a ``resourceVersion`` that is not the present one.
        NotFound
            If there is no such object.
        """
        there = self._one(kind, namespace, name, subresource)
        body = [dict(operation) for operation in ops]
        return self._ask(there.call("patch", _write_query(dry_run=dry_run), body))

    def delete(  # noqa: PLR0913  an address has three parts
        self,
        kind: str,
        namespace: str | None,
        name: str,
        *,
        uid: str | None = None,
        grace_s: int | None = None,
        dry_run: bool = False,
        propagation: str = "Background",
    ) -> None:
        """Ask for an object to be deleted; a pod may take its grace period to go.

        Parameters
        ----------
        uid : str or None
            Delete only the object of this uid, never its successor of the same name.
        grace_s : int or None
            The pod's grace period in seconds; None leaves the pod's own.
        propagation : str
            ``Background``, ``Foreground`` or ``Orphan``: what becomes of what it owns.

        Raises
        ------
        Conflict
            If the object has another `uid`.
        NotFound
            If there is no such object.
        """
        options = {
            "apiVersion": "v1",
            "kind": "DeleteOptions",
            "propagationPolicy": propagation,
            "preconditions": {"uid": uid} if uid is not None else None,
            "gracePeriodSeconds": grace_s,
            "dryRun": ["All"] if dry_run else None,
        }
        body = {key: value for key, value in options.items() if value is not None}
        self._ask(self._one(kind, namespace, name).call("delete", body=body))

    def _all(self, kind: str, namespace: str | None) -> Address:
        return Address(self._discovery.find(kind), namespace)

    def _one(
        self, kind: str, namespace: str | None, name: str, subresource: str | None = None
    ) -> Address:
        return Address(self._discovery.find(kind), namespace, _named(name), subresource)

    def _described(self, document: Mapping[str, Any]) -> Address:
        """Return the address that a document says it has; `create` lets the name be missing."""
        metadata = document.get("metadata")
        api_version, kind = document.get("apiVersion"), document.get("kind")
        if not (isinstance(metadata, dict) and isinstance(api_version, str) and kind):
            raise InvalidInput("the document is no object; it needs apiVersion, kind and metadata")
        resource = self._discovery.at(api_version, kind)
        if resource.namespaced and not metadata.get("namespace"):
            raise InvalidInput(f"a {kind} lives in a namespace; set metadata.namespace")
        return Address(resource, metadata.get("namespace"), metadata.get("name"))


def _named(name: str | None) -> str:
    """Return `name`; without one, the path would be that of the whole collection."""
    if not name:
        raise InvalidInput("an object needs a name; there is no default")
    return name


def _write_query(*, dry_run: bool) -> dict[str, str]:
    return {"fieldManager": FIELD_MANAGER} | ({"dryRun": "All"} if dry_run else {})
