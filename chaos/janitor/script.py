"""The program of the janitor: it undoes the fault of one run, from inside the cluster.

It runs alone in a pod, so it is one file for Python 3.8 or newer with the standard library and
nothing else. It must therefore say again what `chaos.patch`, `chaos.undoing` and `chaos.deeds`
say; a test runs both side by side and demands the same. It holds no fault and no decision: what
to undo is data, in its plan, and its Role lets it read and patch the objects named there only.
"""

from __future__ import annotations

import copy
import http.client
import json
import os
import re
import signal
import ssl
import sys
import time
from datetime import datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    Document = dict[str, Any]
    Patch = list[Document]

PLAN = Path("/plan/plan.json")
ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
ARMED = Path("/tmp/armed")  # noqa: S108  a volume of the pod's own, which nobody else can write

LOOK_EVERY_S = 2.0
ANSWER_WITHIN_S = 10.0
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.1, 10.0

ANNOTATIONS = "/metadata/annotations"
FENCE = "fence"
GONE = "is gone, and the fault with it"
MISSING = object()
INDEX = re.compile("0|[1-9][0-9]*")


class Conflict(Exception):
    """The document is not what a patch expects."""


class Refused(Exception):
    """The server did not do what was asked, or nobody knows whether it did."""


# --- what of an undo still applies: as in chaos.patch and chaos.undoing ---------------------------


def unescape(token: str) -> str:
    """Return a token of a JSON Pointer as the name it stands for."""
    return token.replace("~1", "/").replace("~0", "~")


def lookup(document: Any, pointer: str) -> Any:
    """Return the value at a JSON Pointer, or `MISSING`."""
    for token in pointer.split("/")[1:]:
        if isinstance(document, dict):
            document = document.get(unescape(token), MISSING)
        elif isinstance(document, list) and INDEX.fullmatch(token) and int(token) < len(document):
            document = document[int(token)]
        else:
            return MISSING
    return document


def same(left: Any, right: Any) -> bool:
    """Say whether two JSON values are equal: 1 equals 1.0, but never true."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    return bool(left == right)


def apply(document: Any, patch: Patch) -> Any:
    """Return `document` with a JSON Patch applied, or raise `Conflict`; neither is changed."""
    document = copy.deepcopy(document)
    for operation in copy.deepcopy(patch):
        document = apply_one(document, operation)
    return document


def apply_one(document: Any, operation: Document) -> Any:
    """Apply one operation in place; return the document, or what replaces it whole."""
    op, pointer = operation["op"], operation["path"]
    present = lookup(document, pointer)
    if op == "test":
        if not same(present, operation["value"]):
            raise Conflict(pointer)
        return document
    if (op != "add" and present is MISSING) or (op == "remove" and pointer == ""):
        raise Conflict(pointer)
    if pointer == "":
        return operation["value"]
    above, _, last = pointer.rpartition("/")
    change_member(lookup(document, above), last, operation)
    return document


def change_member(parent: Any, last: str, operation: Document) -> None:
    """Change one member of an object, or one element of an array."""
    op, value = operation["op"], operation.get("value")
    if isinstance(parent, dict) and op == "remove":
        del parent[unescape(last)]
    elif isinstance(parent, dict):
        parent[unescape(last)] = value
    elif not isinstance(parent, list):
        raise Conflict(operation["path"])
    elif op == "remove":
        del parent[int(last)]
    elif op == "replace":
        parent[int(last)] = value
    elif last == "-":
        parent.append(value)
    elif INDEX.fullmatch(last) and int(last) <= len(parent):
        parent.insert(int(last), value)
    else:
        raise Conflict(operation["path"])


def steps(patch: Patch) -> list[Patch]:
    """Return each change of `patch` together with the tests that guard it."""
    found: list[Patch] = [[]]
    for operation in patch:
        found[-1].append(operation)
        if operation["op"] != "test":
            found.append([])
    return found[:-1]


def due(document: Any, undo: Patch) -> tuple[Patch, list[str]]:
    """Split an undo into the operations that still apply and the pointers that others changed."""
    ops: Patch = []
    conflicts: list[str] = []
    for step in steps(undo):
        change = step[-1]
        original = MISSING if change["op"] == "remove" else change["value"]
        if same(lookup(document, change["path"]), original):
            continue
        try:
            document = undo_step(document, step)
            ops += step
        except Conflict:
            conflicts.append(change["path"])
    return ops, conflicts


def undo_step(document: Any, step: Patch) -> Any:
    """Return `document` after one step, unless another set again what the fault took away."""
    if step[-1]["op"] == "add" and lookup(document, step[-1]["path"]) is not MISSING:
        raise Conflict(step[-1]["path"])
    return apply(document, step)


# --- the mark of the run on an object: as in chaos.marks ------------------------------------------


def mark_pointer(run: str) -> str:
    """Return the JSON Pointer to the mark of a run."""
    return f"{ANNOTATIONS}/chaos.aiops~1{run}"


def fence(document: Document, run: str) -> Patch:
    """Return the patch that puts a mark of our own on an object that has none.

    It changes the version of the object, so that a mark still under way does not fit any more.
    """
    version = lookup(document, "/metadata/resourceVersion")
    ops: Patch = [{"op": "test", "path": "/metadata/resourceVersion", "value": version}]
    if lookup(document, ANNOTATIONS) is MISSING:
        ops.append({"op": "add", "path": ANNOTATIONS, "value": {}})
    return [*ops, {"op": "add", "path": mark_pointer(run), "value": FENCE}]


def struck(document: Document, run: str) -> bool:
    """Say whether the mark is there behind which a deed was done, or was to be: no fence."""
    text = lookup(document, mark_pointer(run))
    return text is not MISSING and text != FENCE


def unmark(document: Document, run: str) -> Patch:
    """Return the patch that takes the mark of a run off an object, if it is there."""
    path, text = mark_pointer(run), lookup(document, mark_pointer(run))
    if text is MISSING:
        return []
    return [{"op": "test", "path": path, "value": text}, {"op": "remove", "path": path}]


# --- the API server -------------------------------------------------------------------------------


class Server:
    """The API server as this pod's service account sees it, and its clock.

    Parameters
    ----------
    host, port : str, int
        Where it listens.
    account : Path
        The folder with ``token`` and ``ca.crt``; the token is read anew each time, for it expires.
    """

    def __init__(self, host: str, port: int, account: Path) -> None:
        self.host, self.port, self.account = host, port, account
        self.ahead_s = time.time() - time.monotonic()

    def now(self) -> float:
        """Return the server's time, seconds since the epoch, as of its last answer."""
        return time.monotonic() + self.ahead_s

    def call(self, path: str, ops: Patch | None = None) -> Document | None:
        """Read an object, or patch it; return it as it then is, or None if it is gone.

        Raises
        ------
        Refused
            If there is no answer, or any other than that; it may help to ask again.
        """
        try:
            status, answer = self.exchange(path, ops)
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise Refused(f"no answer: {error!r}") from error
        if status == 200:
            return answer
        # A path that the server does not know is 404 too, but then it names no kind.
        if status == 404 and lookup(answer, "/details/kind") is not MISSING:
            return None
        raise Refused(f"HTTP {status}: {answer.get('message')}")

    def connect(self) -> http.client.HTTPConnection:
        """Return a connection that trusts the cluster's own authority only, and goes by no proxy."""
        trusted = ssl.create_default_context(cafile=str(self.account / "ca.crt"))
        return http.client.HTTPSConnection(
            self.host, self.port, timeout=ANSWER_WITHIN_S, context=trusted
        )

    def exchange(self, path: str, ops: Patch | None) -> tuple[int, Document]:
        """Send one request; return the status and the document of the answer."""
        token = (self.account / "token").read_text(encoding="utf-8").strip()
        headers = {
            "Authorization": f"Bearer {token}",
            "Accept": "application/json",
            "Content-Type": "application/json-patch+json",
        }
        connection = self.connect()
        try:
            body = None if ops is None else json.dumps(ops)
            connection.request("GET" if ops is None else "PATCH", path, body, headers)
            answer = connection.getresponse()
            text = answer.read()
        finally:
            connection.close()
        self.keep_time(answer.headers.get("Date"))
        document = json.loads(text)
        return answer.status, document if isinstance(document, dict) else {}

    def keep_time(self, date: str | None) -> None:
        """Take over the server's time from a Date header."""
        if date:
            self.ahead_s = parsedate_to_datetime(date).timestamp() - time.monotonic()


# --- the run --------------------------------------------------------------------------------------


class Janitor:
    """One run that is to be undone.

    Parameters
    ----------
    server : Server
    plan : dict
        ``run``, ``expires`` (ISO 8601) and ``deeds``: JSON as in chaos.deeds, each with the ``path``
        of its object on the server.
    """

    def __init__(self, server: Server, plan: Document) -> None:
        self.server = server
        self.run: str = plan["run"]
        self.expires = datetime.fromisoformat(plan["expires"]).timestamp()
        self.deeds: Patch = [deed for deed in plan["deeds"] if deed["do"] != "delete"]
        self.seen: set[str] = set()

    def say(self, text: str) -> None:
        """Write a line into the pod's log, with the server's time."""
        at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self.server.now()))
        print(f"{at} run {self.run}: {text}", flush=True)  # noqa: T201  this is all it has to say

    def find(self, deed: Document) -> Document | None:
        """Return the object of a deed; None if it is gone, or another bears its name."""
        document = self.server.call(deed["path"])
        uid = lookup(document, "/metadata/uid")
        return document if not deed["uid"] or uid in {deed["uid"], MISSING} else None

    def watch(self) -> bool:
        """Look until the fault is overdue; return True as soon as it has come and gone."""
        while self.server.now() < self.expires:
            try:
                over = [self.is_over(deed) for deed in self.deeds]
                if not ARMED.exists():
                    ARMED.touch()
                    self.say(f"armed; overdue in {self.expires - self.server.now():.0f} s")
                if all(over):
                    return True
            except Refused as refusal:
                self.say(f"cannot look: {refusal}")
            time.sleep(max(0.0, min(LOOK_EVERY_S, self.expires - self.server.now())))
        return False

    def is_over(self, deed: Document) -> bool:
        """Say whether a deed has been done and undone, or has lost its object."""
        document = self.find(deed)
        if document is None:
            return True
        if struck(document, self.run):
            self.seen.add(deed["path"])
        return deed["path"] in self.seen and not unmark(document, self.run)

    def undo_all(self) -> None:
        """Undo every deed, the last one first, and insist until each is undone."""
        pause = FIRST_PAUSE_S
        left = [deed for deed in self.deeds[::-1] if not self.is_undone(deed)]
        while left:
            time.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE_S)
            left = [deed for deed in left if not self.is_undone(deed)]

    def is_undone(self, deed: Document) -> bool:
        """Try to undo a deed, and say what came of it."""
        try:
            self.say(f"{deed['path']} {self.undo(deed)}")
        except Refused as refusal:
            self.say(f"{deed['path']} is not undone yet: {refusal}")
            return False
        return True

    def undo(self, deed: Document) -> str:
        """Take back, in one atomic patch, what of a deed is still in place, and the mark with it.

        Without its mark nobody knows whose doing it is, and it is left alone.
        """
        document = self.find(deed)
        if document is not None and not unmark(document, self.run):
            document = self.server.call(deed["path"], fence(document, self.run))
        if document is None:
            return GONE
        ours = struck(document, self.run)
        ops, conflicts = due(document, deed.get("undo", [])) if ours else ([], [])
        patch = ops + unmark(document, self.run)
        if patch and self.server.call(deed["path"], patch) is None:
            return GONE
        if not ours:
            return "is not in the hands of this run"
        restored = [operation["path"] for operation in ops if operation["op"] != "test"]
        kept = f"; kept what others changed: {', '.join(conflicts)}" if conflicts else ""
        return f"restored {', '.join(restored) or 'nothing'}{kept}"


def stop(signum: int, frame: object) -> None:  # noqa: ARG001
    """End as failed, so that the Job starts another pod; process 1 would ignore the signal."""
    sys.exit(128 + signum)


def main() -> None:
    """Watch, and undo if nobody else does in time."""
    signal.signal(signal.SIGTERM, stop)
    host, port = os.environ["KUBERNETES_SERVICE_HOST"], int(os.environ["KUBERNETES_SERVICE_PORT"])
    plan = json.loads(PLAN.read_text(encoding="utf-8"))
    janitor = Janitor(Server(host, port, ACCOUNT), plan)
    if janitor.watch():
        janitor.say("the fault is gone")
    else:
        janitor.say("the fault is overdue")
        janitor.undo_all()


if __name__ == "__main__":
    main()
