"""What the fake API server answers to one request: discovery, access rules, objects.

No sockets, no trouble and no log: those are in `tests.fake_api_server`.
"""

from dataclasses import dataclass
from urllib.parse import unquote

from tests.fake_api_objects import Objects, Refusal

TOKEN = "a-token-that-must-never-be-shown"  # noqa: S105  it opens nothing
_VERBS = {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
_JSON_PATCH = "application/json-patch+json"


@dataclass(frozen=True)
class Request:
    """One request, taken apart; `argv` is the command of an exec."""

    method: str
    path: str
    query: dict
    headers: dict
    body: object
    argv: tuple

    @property
    def mutates(self):
        writes = self.method in _VERBS and "accessreview" not in self.path
        return (writes and not self.dry_run) or self.path.endswith("/exec")

    @property
    def dry_run(self):
        inside = isinstance(self.body, dict) and self.body.get("dryRun") == ["All"]
        return inside or self.query.get("dryRun") == "All"


@dataclass(frozen=True)
class Target:
    """What a path leads to."""

    kind: object
    namespace: str | None
    name: str | None
    subresource: str | None

    @property
    def resource(self):
        return "/".join(filter(None, (self.kind.plural, self.subresource)))


class Api:
    """The API of one cluster: `kinds` are served, `denied` holds (verb, resource, namespace).

    `command` stands for the containers: it takes an exec as (namespace, pod, container, argv) and
    returns (code, stdout, stderr). `logs` holds what they have printed: (namespace, pod, container,
    previous) → lines of (RFC 3339 time, text).
    """

    def __init__(self, kinds):
        self.kinds = kinds
        self.objects = Objects()
        self.denied = set()
        self.command = lambda namespace, pod, container, argv: (0, "", "")
        self.logs = {}

    def answer(self, request):
        """Return (status, document).

        Raises
        ------
        Refusal
            If the answer is an error.
        """
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            raise Refusal(401, "Unauthorized", "Unauthorized")
        if request.path == "/version":
            return 200, {"major": "1", "minor": self._minor()}
        found = self._discovery(request.path)
        if found is not None:
            return 200, found
        target = self._target(request.path)
        self._authorize(request, target)
        return self._serve(request, target)

    def kind(self, name):
        """Return the kind of this name that is preferred."""
        return next(one for one in self.kinds if one.kind == name)

    def _minor(self):
        return "30" if self._versions("policy") == ["policy/v1"] else "20"

    def _versions(self, group):
        return list(dict.fromkeys(one.api_version for one in self.kinds if one.group == group))

    def _discovery(self, path):
        """Return the answer to a question about what is served; None if `path` is another."""
        if path == "/apis":
            groups = dict.fromkeys(one.group for one in self.kinds if one.group)
            return {"kind": "APIGroupList", "groups": [self._group(name) for name in groups]}
        root, *parts = path.strip("/").split("/")
        if (root, len(parts)) not in {("api", 1), ("apis", 2)}:
            return None
        api_version = "/".join(parts)
        served = [one for one in self.kinds if one.api_version == api_version]
        if not served:
            raise Refusal(404, "NotFound", "the server could not find the requested resource")
        entries = [
            {"name": one.plural, "kind": one.kind, "namespaced": one.namespaced} for one in served
        ]
        status = [entry | {"name": f"{entry['name']}/status"} for entry in entries]
        return {"kind": "APIResourceList", "resources": entries + status}

    def _group(self, name):
        versions = [{"groupVersion": version} for version in self._versions(name)]
        return {"name": name, "versions": versions, "preferredVersion": versions[0]}

    def _target(self, path):
        parts = [unquote(part) for part in path.strip("/").split("/")]
        length = 2 if parts[0] == "api" else 3
        api_version, rest = "/".join(parts[1:length]), parts[length:]
        namespace = None
        if rest[:1] == ["namespaces"] and len(rest) > 2:
            namespace, rest = rest[1], rest[2:]
        plural, name, subresource, *beyond = [*rest, None, None, None]
        for kind in self.kinds:
            known = (kind.api_version, kind.plural) == (api_version, plural)
            of_pod = subresource in {"exec", "log"} and kind.kind == "Pod"
            if known and (of_pod or subresource in {None, "status"}) and not any(beyond):
                return Target(kind, namespace, name, subresource)
        raise Refusal(404, "NotFound", "the server could not find the requested resource")

    def _authorize(self, request, target):
        reading = "get" if target.name else "list"
        verb = _VERBS.get(request.method, reading)
        if self._allows(verb, target.resource, target.namespace):
            return
        group, where = target.kind.group, target.namespace
        said = (
            f'{target.kind.plural} "{target.name or ""}" is forbidden: User "tester" cannot {verb} '
            f'resource "{target.resource}" in API group "{group}" in the namespace "{where}"'
        )
        raise Refusal(403, "Forbidden", said)

    def _allows(self, verb, resource, namespace):
        return not self.denied & {(verb, resource, None), (verb, resource, namespace)}

    def _serve(self, request, target):
        if target.kind.kind == "SelfSubjectAccessReview":
            return 201, self._review(request.body)
        return getattr(self, f"_{request.method.lower()}")(request, target)

    def _review(self, body):
        asked = body["spec"]["resourceAttributes"]
        resource = "/".join(filter(None, (asked["resource"], asked.get("subresource"))))
        allowed = self._allows(asked["verb"], resource, asked.get("namespace"))
        return body | {"status": {"allowed": allowed}}

    def _get(self, request, target):
        kind, namespace, name = target.kind, target.namespace, target.name
        if name:
            found = self.objects.get(kind, namespace, name)
            if target.subresource == "log":
                return 200, self._log(namespace, name, request.query)
            if target.subresource != "exec":
                return 200, found
            container = request.query.get("container")
            return 101, self.command(namespace, name, container, request.argv)
        asked = request.query.get("labelSelector", "")
        labels = dict(part.split("=", 1) for part in asked.split(",") if part)
        found = self.objects.all(kind, namespace, labels)
        first = int(request.query.get("continue", 0))
        last = first + int(request.query.get("limit", len(found) or 1))
        following = {"continue": str(last)} if last < len(found) else {}
        return 200, {
            "kind": f"{kind.kind}List",
            "apiVersion": kind.api_version,
            "metadata": following,
            "items": found[first:last],
        }

    def _log(self, namespace, name, query):
        """Return what a container has printed, as text."""
        container, previous = query.get("container"), query.get("previous") == "true"
        if (namespace, name, container, previous) not in self.logs:
            which = "previous terminated container" if previous else "container"
            raise Refusal(400, "BadRequest", f'{which} "{container}" in pod "{name}" not found')
        lines = self.logs[namespace, name, container, previous]
        since = query.get("sinceTime", "")[:19]  # whole seconds
        printed = [line for line in lines if line[0][:19] >= since]
        tail = printed[-int(query.get("tailLines", len(printed) or 1)) :]
        stamped = query.get("timestamps") == "true"
        return "".join(f"{time} {text}\n" if stamped else f"{text}\n" for time, text in tail)

    def _post(self, request, target):
        made = self.objects.create(
            target.kind, target.namespace, request.body, dry_run=request.dry_run
        )
        return 201, made

    def _put(self, request, target):
        where = (target.kind, target.namespace, target.name)
        return 200, self.objects.replace(*where, request.body, dry_run=request.dry_run)

    def _patch(self, request, target):
        if request.headers.get("content-type") != _JSON_PATCH:
            raise Refusal(415, "UnsupportedMediaType", "send a JSON Patch")
        where = (target.kind, target.namespace, target.name)
        options = {"subresource": target.subresource, "dry_run": request.dry_run}
        return 200, self.objects.patch(*where, request.body, **options)

    def _delete(self, request, target):
        if not target.name:
            raise Refusal(405, "MethodNotAllowed", "the fake deletes no collections")
        uid = ((request.body or {}).get("preconditions") or {}).get("uid")
        where = (target.kind, target.namespace, target.name)
        self.objects.delete(*where, uid=uid, dry_run=request.dry_run)
        return 200, {"kind": "Status", "status": "Success"}
