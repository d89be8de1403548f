"""One request to an API server, as data, and the parts of its address.

Names come from files and from people, so each is checked before it becomes part of a path or of
a selector: an empty name would address a whole collection. Nothing here sends anything.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from aiops.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Mapping

_LABEL = re.compile(r"[\w./-]*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Call:
    """One request, in the words of Kubernetes' own access rules.

    Attributes
    ----------
    verb : str
        get, list, create, update, patch or delete.
    what : str
        The resource and the object, as error messages name them: ``pods shop/cart-0``.
    path : str
        The path on the server, already quoted.
    query : mapping
        Parameter → text, or the texts of a parameter that is given more than once.
    body : object
        A JSON document, or the operations of a JSON Patch; None sends nothing.
    """

    verb: str
    what: str
    path: str
    query: Mapping[str, Any] = field(default_factory=dict)
    body: Any = None

    def __str__(self) -> str:
        return f"{self.verb} {self.what}"

    def url(self, host: str) -> str:
        """Return where the call goes.

        >>> Call("list", "pods", "/api/v1/pods", {"limit": 2}).url("https://example")
        'https://example/api/v1/pods?limit=2'
        """
        query = f"?{urlencode(self.query, doseq=True)}" if self.query else ""
        return f"{host}{self.path}{query}"


def segment(name: str) -> str:
    """Return `name` as one segment of a path.

    Raises
    ------
    InvalidInput
        If it is no name that Kubernetes allows: an empty one would address the whole collection,
        dots or slashes another object.

    Examples
    --------
    >>> segment("system:node")
    'system%3Anode'
    """
    if not name or name in {".", ".."} or "/" in name or "%" in name:
        raise InvalidInput(f"{name!r} is no name of a Kubernetes object")
    return quote(name, safe="")


def selector(labels: Mapping[str, str]) -> str:
    """Return the label selector for objects that carry all of `labels`.

    Raises
    ------
    InvalidInput
        If a key or a value holds what no label can; it could select other objects.

    Examples
    --------
    >>> selector({"app": "cart", "tier": ""})
    'app=cart,tier='
    """
    for text in (*labels.keys(), *labels.values()):
        if not isinstance(text, str) or not _LABEL.fullmatch(text):
            raise InvalidInput(f"{text!r} can be no part of a label; use letters, digits and -_./")
    return ",".join(f"{key}={value}" for key, value in labels.items())
