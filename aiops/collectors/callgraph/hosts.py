"""Which Services of a cluster a piece of configuration names as hosts; text in, names out.

A Service counts as named where a whole host name stands for it and the text around says that it
is a host:

- in a URL (``http://cart/``), with the credentials and the port it may have;
- before one of the Service's own ports (``cart:8080``, also in a list);
- with ``.svc`` in the name (``cart.shop.svc.cluster.local``), wherever it stands;
- as the whole value of a key that says so (``CART_HOST=cart``, ``--upstream-url cart.shop``);
- by the variable that Kubernetes sets for it (``$(CART_SERVICE_HOST)``).

A bare word elsewhere is no host: not the ``cart`` in ``name: cart`` or in a program. Nor is a name
that only appears when a program puts it together while it runs.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Name = tuple[str, str]
"""Namespace and name of a Service."""

_HOST = re.compile(
    r"(?<![\w.-])(?P<host>[A-Za-z0-9][A-Za-z0-9.-]{0,252})(?![\w-])(?::(?P<port>\d{1,5})(?!\w))?"
)
_BEFORE_HOST = re.compile(r"://(?:/|[^\s/@]{0,256}@)?$")
_VARIABLE = re.compile(r"\$[({]?([A-Z][A-Z0-9_]*)_SERVICE_HOST\b")
_SAYS_HOST = re.compile(
    r"(?:host(?:name)?|addr(?:ess)?|ur[il]|endpoint|server|broker|upstream)(?:e?s)?$", re.IGNORECASE
)
_SETTING = re.compile(
    r"""\s*(?:-\s+)?['"]?(?P<key>[\w.-]+)['"]?\s*[:=]\s*(?P<value>[^#]*?)[,;]?\s*(?:\#.*)?$"""
)
_COMMENTS = ("#", ";", "//")
_LONGEST_SETTING = 1000
"""Longer lines are no ``key: value`` that a person wrote."""

_REACH = 300
"""Characters before a host in which the start of its URL is looked for."""


@dataclass(frozen=True)
class Hosts:
    """The Services of a cluster, to be found in text by their host names.

    Attributes
    ----------
    ports : mapping
        (namespace, name) of each Service → its ports.

    Examples
    --------
    >>> hosts = Hosts({("shop", "cart"): frozenset({8080}), ("shop", "web"): frozenset({80})})
    >>> hosts.named("http://cart.shop:9/; web; web:81", "shop")
    frozenset({('shop', 'cart')})
    >>> hosts.setting("WEB_HOST", "web", "shop")
    frozenset({('shop', 'web')})
    """

    ports: Mapping[Name, frozenset[int]]
    _variables: Mapping[Name, Name] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Index the Services by the variables that Kubernetes sets for them."""
        variables = {(space, name.upper().replace("-", "_")): (space, name) for space, name in self}
        object.__setattr__(self, "_variables", variables)

    def __iter__(self) -> Iterator[Name]:
        return iter(self.ports)

    def named(self, text: str, namespace: str) -> frozenset[Name]:
        """Return the Services that `text`, read in `namespace`, names as hosts."""
        found = {self._variables.get((namespace, one.group(1))) for one in _VARIABLE.finditer(text)}
        found |= {self._at(one, text, namespace) for one in _HOST.finditer(text)}
        return frozenset(name for name in found if name)

    def setting(self, key: str, value: str, namespace: str) -> frozenset[Name]:
        """Return the Services that a setting names: as `named`, or whole where `key` says so."""
        found = self.named(value, namespace)
        if not _SAYS_HOST.search(key):
            return found
        words = (word.strip().strip("'\"") for word in value.strip("[] ").split(","))
        whole = {self._service(word, namespace) for word in words}
        return found | {name for name in whole if name}

    def config(self, key: str, text: str, namespace: str) -> frozenset[Name]:
        """Return the Services that a configuration file names, line by line, without comments."""
        lines = [line for line in text.splitlines() if line.strip()]
        if len(lines) == 1:
            return self.setting(key, lines[0], namespace) | self._line(lines[0], namespace)
        return frozenset().union(*(self._line(line, namespace) for line in lines))

    def _line(self, line: str, namespace: str) -> frozenset[Name]:
        if line.lstrip().startswith(_COMMENTS):
            return frozenset()
        found = self.named(line, namespace)
        setting = _SETTING.fullmatch(line) if len(line) <= _LONGEST_SETTING else None
        return (
            found | self.setting(setting["key"], setting["value"], namespace) if setting else found
        )

    def _at(self, one: re.Match[str], text: str, namespace: str) -> Name | None:
        """Return the Service that is named here, if what is around says that it is a host."""
        name = self._service(one["host"], namespace)
        if name is None:
            return None
        before = text[max(0, one.start() - _REACH) : one.start()]
        in_url = bool(_BEFORE_HOST.search(before))
        at_port = one["port"] is not None and int(one["port"]) in self.ports[name]
        said = ".svc" in one["host"].lower() or in_url or (at_port and not before.endswith("/"))
        return name if said else None

    def _service(self, host: str, namespace: str) -> Name | None:
        """Return the Service that `host` stands for in `namespace`, or the one that its pod is in."""
        labels = host.rstrip(".").lower().split(".")
        if (found := self._known(labels, namespace)) is not None:
            return found
        pod, *rest = labels
        return self._known(rest, namespace) if re.fullmatch(r".+-\d+", pod) else None

    def _known(self, labels: list[str], namespace: str) -> Name | None:
        if not labels or (len(labels) > 2 and labels[2] != "svc"):
            return None
        name = (labels[1] if len(labels) > 1 else namespace), labels[0]
        return name if name in self.ports else None
