"""Where one object, or all objects of a kind, are on a server.

Pure data and text; which kinds a server has is found by `aiops.clients.kubernetes.discovery`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aiops.clients.kubernetes.call import Call, segment
from aiops.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Resource:
    """One kind in one version, as the server has it; `plural` is its name in a path."""

    api_version: str
    kind: str
    plural: str
    namespaced: bool


@dataclass(frozen=True, slots=True)
class Address:
    """One object, or every object of a kind when `name` is None.

    >>> deployment = Resource("apps/v1", "Deployment", "deployments", namespaced=True)
    >>> cart = Address(deployment, "shop", "cart", "scale")
    >>> print(cart, cart.path)
    deployments/scale shop/cart /apis/apps/v1/namespaces/shop/deployments/cart/scale
    """

    resource: Resource
    namespace: str | None
    name: str | None = None
    subresource: str | None = None

    def __str__(self) -> str:
        plural = self.resource.plural + (f"/{self.subresource}" if self.subresource else "")
        where = "/".join(part for part in (self.namespace, self.name) if part)
        return f"{plural} {where}" if where else plural

    @property
    def path(self) -> str:
        """The path on the server.

        Raises
        ------
        InvalidInput
            If a part is no name, or the namespace is missing or too much.
        """
        kind, namespace = self.resource.kind, self.namespace
        if namespace and not self.resource.namespaced:
            raise InvalidInput(f"a {kind} lives in no namespace, but {namespace!r} was given")
        if self.name is not None and self.resource.namespaced and not namespace:
            raise InvalidInput(f"a {kind} lives in a namespace; name it, there is no default")
        parts = ["namespaces", namespace] if namespace else []
        parts.append(self.resource.plural)
        if self.name is not None:
            parts.append(self.name)
        if self.subresource:
            parts.append(self.subresource)
        return "/".join((group_path(self.resource.api_version), *map(segment, parts)))

    def call(self, verb: str, query: Mapping[str, Any] | None = None, body: Any = None) -> Call:
        """Return the request that does `verb` here."""
        return Call(verb, str(self), self.path, query or {}, body)


def group_path(api_version: str) -> str:
    """Return where the server keeps an API version.

    >>> group_path("v1"), group_path("apps/v1")
    ('/api/v1', '/apis/apps/v1')
    """
    root = "apis" if "/" in api_version else "api"
    return "/".join(("", root, *map(segment, api_version.split("/"))))
