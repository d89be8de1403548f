"""The pods of one simulated Deployment: started, rolled out, killed for memory, replaced.

A round of `Workload.reconcile` is what controllers and kubelets do in one step. It is no
Kubernetes: nothing is scheduled, and a pod is a handful of numbers.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from chaos.patch import lookup
from chaos.simulation.service import READY_PATH, SETTING, SETTING_VALUE
from chaos.simulation.traffic import Capacity
from chaos.workloads import cpu_limit, memory_limit

if TYPE_CHECKING:
    from chaos.cluster import Process, ProcessKind
    from chaos.simulation.service import Service

BACK_OFF_S, LONGEST_BACK_OFF_S = 10.0, 300.0
"""How long a crashed pod stays down: first, doubled at each crash, and at most."""

FORGIVEN_S = 600.0
"""A pod that has run so long starts at the first back-off again, and is as warm as it gets."""

EMPTY_SHARE, FILLED_S = 0.35, 120.0
"""A fresh pod holds this share of its memory, and all of it after this time."""

COLD_S = 30.0
"""How long a fresh pod is cold."""

_VERSION = re.compile(r"[0-9]+(\.[0-9]+)*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Template:
    """What matters of a pod template; `key` is all of it, as text."""

    key: str
    image: str
    cores: float
    memory_limit: float
    pulls: bool
    answers_probe: bool
    configured: bool


def read_template(document: dict[str, Any], service: Service) -> Template:
    """Return what the template of a Deployment of `service` would make of its pods.

    An image can be pulled when it is one of the service's own with a version for a tag.

    Raises
    ------
    InvalidExperiment
        If a limit is missing or is no quantity.
    """
    template = lookup(document, "/spec/template")
    main = "/spec/template/spec/containers/0"
    repository, _, tag = str(lookup(document, f"{main}/image")).rpartition(":")
    env = lookup(document, f"{main}/env")
    return Template(
        key=json.dumps(template, sort_keys=True),
        image=f"{repository}:{tag}",
        cores=cpu_limit(document),
        memory_limit=memory_limit(document),
        pulls=repository == f"{service.namespace}/{service.name}" and bool(_VERSION.fullmatch(tag)),
        answers_probe=lookup(document, f"{main}/readinessProbe/httpGet/path") == READY_PATH,
        configured={"name": SETTING, "value": SETTING_VALUE}
        in (env if isinstance(env, list) else []),
    )


@dataclass(slots=True)
class Pod:
    """One pod.

    Attributes
    ----------
    number : int
        Tells it from the others of its Deployment, those before it too.
    image : str or None
        The image that it was given after it had started; None while it has that of its template.
    annotations : dict of str to str
        What is written on it.
    processes : dict of str to Process
        What runs in it beside the application, by token, with the seconds that are left.
    """

    template: Template
    number: int = 0
    age_s: float = 0.0
    crashes: int = 0
    down_s: float = 0.0
    leaked: float = 0.0
    image: str | None = None
    annotations: dict[str, str] = field(default_factory=dict)
    processes: dict[str, Process] = field(default_factory=dict)

    def amount(self, kind: ProcessKind) -> float:
        """Return what all processes of a kind do together."""
        return sum(one.amount for one in self.processes.values() if one.kind == kind)

    @property
    def pulls(self) -> bool:
        """Whether its image can be had."""
        return self.template.pulls and self.image in {None, self.template.image}


@dataclass(slots=True)
class Workload:
    """What the cluster has made of one Deployment so far.

    Attributes
    ----------
    replicas, template, recreate
        What the Deployment declares at present.
    selected : bool
        Whether its Service selects its pods.
    notes : list of str
        What happened to its pods since somebody emptied the list: ``start``, ``oom``, ``unready``,
        ``unpulled``, an entry per pod and step.
    settled : bool
        Whether a round would change nothing, not even a number.
    """

    service: Service
    step_s: float
    template: Template
    replicas: int
    recreate: bool = False
    selected: bool = True
    pods: list[Pod] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    settled: bool = True
    started: int = 0

    def __post_init__(self) -> None:
        self.pods = [self._new_pod(age_s=FORGIVEN_S) for _ in range(self.replicas)]

    def declare(self, template: Template, replicas: int, *, recreate: bool) -> None:
        """Take note of what the Deployment says now."""
        self.template, self.replicas, self.recreate = template, replicas, recreate
        self.settled = False

    @property
    def ready(self) -> int:
        """How many pods take requests."""
        return self.replicas if self.settled else len(self._ready())

    @property
    def updated(self) -> int:
        """How many pods are of the present template."""
        return sum(pod.template == self.template for pod in self.pods)

    def capacity(self, *, work: float = 1.0, stolen: float = 0.0) -> Capacity:
        """Return what the ready pods can do, while a request costs `work` times its usual CPU."""
        ready = self.pods if self.settled else self._ready()
        if self.settled or not ready:
            return Capacity(
                len(ready),
                self.template.cores,
                work=work,
                stolen=stolen,
                reachable=self.selected,
            )
        count = len(ready)
        astray = sum(not pod.template.configured for pod in ready) / count
        cold = sum(math.exp(-pod.age_s / COLD_S) for pod in ready) / count
        return Capacity(
            ready=count,
            cores=sum(pod.template.cores for pod in ready) / count,
            burnt=sum(pod.amount("cpu") for pod in ready) / count,
            work=work * (1 + self.service.cold * cold),
            stolen=stolen,
            failing=self.service.needs_setting * astray,
            delay_s=sum(pod.amount("delay") for pod in ready) / count,
            reachable=self.selected,
        )

    def memory(self) -> float:
        """Return the bytes that a ready pod holds on average."""
        ready = [] if self.settled else self._ready()
        if not ready:
            return self.service.memory
        return sum(self._memory(pod) for pod in ready) / len(ready)

    def replace_one(self) -> None:
        """Take the oldest pod away; the next round starts another."""
        if self.pods:
            self.remove(self.pods[0])

    def remove(self, pod: Pod) -> None:
        """Take a pod away; the next round starts another."""
        self.pods.remove(pod)
        self.settled = False

    def give_image(self, pod: Pod, image: str) -> None:
        """Change the image of a running pod, which restarts it."""
        pod.image, pod.age_s = image, 0.0
        self.settled = False

    def is_ready(self, pod: Pod) -> bool:
        """Say whether a pod takes requests."""
        return self.settled or self._is_ready(pod)

    def reconcile(self) -> None:
        """Let a step pass for every pod, then bring them nearer to what is declared."""
        for pod in self.pods:
            self._live(pod)
        self._roll_out()
        self.settled = (
            len(self.pods) == self.replicas
            and all(pod.template == self.template for pod in self.pods)
            and all(pod.age_s >= FORGIVEN_S and not pod.processes for pod in self.pods)
            and self.template.configured
            and len(self._ready()) == self.replicas
        )

    def _new_pod(self, age_s: float = 0.0) -> Pod:
        self.started += 1
        return Pod(self.template, self.started, age_s)

    def _live(self, pod: Pod) -> None:
        if not pod.pulls:
            self.notes.append("unpulled")
            return
        if pod.down_s > 0:
            pod.down_s -= self.step_s
            if pod.down_s <= 0:
                pod.age_s = 0.0
                self.notes.append("start")
            return
        pod.age_s += self.step_s
        pod.leaked += pod.amount("memory") * self.step_s
        self._age_processes(pod)
        if not self._is_ready(pod):
            self.notes.append("unready")
        if self._memory(pod) > pod.template.memory_limit:
            self._kill(pod)

    def _kill(self, pod: Pod) -> None:
        """Kill a pod that holds more memory than its limit."""
        pod.crashes = 1 if pod.age_s >= FORGIVEN_S else pod.crashes + 1
        pod.down_s = min(BACK_OFF_S * 2 ** (pod.crashes - 1), LONGEST_BACK_OFF_S)
        pod.leaked = 0.0
        pod.processes.clear()
        self.notes.append("oom")

    def _age_processes(self, pod: Pod) -> None:
        """Let a step of each process pass; what a process held in memory goes with it."""
        for token, process in list(pod.processes.items()):
            left = process.seconds - self.step_s
            if left > 0:
                pod.processes[token] = replace(process, seconds=left)
            else:
                self.stop(pod, token)

    def stop(self, pod: Pod, token: str) -> None:
        """End a process; what it held in memory goes with it."""
        if pod.processes.pop(token, None) and not pod.amount("memory"):
            pod.leaked = 0.0

    def _roll_out(self) -> None:
        """Do one round of a rollout (maxSurge 50 %, maxUnavailable 25 %) or of plain scaling."""
        if self.recreate and any(pod.template != self.template for pod in self.pods):
            self.pods.clear()
        old = [pod for pod in self.pods if pod.template != self.template and self._is_ready(pod)]
        new = [pod for pod in self.pods if pod.template == self.template]
        new.sort(key=self._is_ready, reverse=True)  # those not ready are the first to go
        del new[self.replicas :]
        surge = math.ceil(self.replicas / 2) if old else self.replicas
        room = self.replicas + surge - len(old) - len(new)
        for _ in range(max(0, min(self.replicas - len(new), room))):
            new.append(self._new_pod())
            self.notes.append("start")
        needed = self.replicas - self.replicas // 4 if self.replicas else 0
        spare = len(old) + sum(map(self._is_ready, new)) - needed
        del old[max(0, len(old) - spare) :]
        self.pods = old + new

    def _ready(self) -> list[Pod]:
        return [pod for pod in self.pods if self._is_ready(pod)]

    def _is_ready(self, pod: Pod) -> bool:
        """Say whether a pod takes requests for most of the step that begins now."""
        return (
            pod.down_s <= 0
            and pod.pulls
            and pod.template.answers_probe
            and pod.age_s + self.step_s / 2 >= self.service.startup_s
        )

    def _memory(self, pod: Pod) -> float:
        filled = EMPTY_SHARE + (1 - EMPTY_SHARE) * min(pod.age_s / FILLED_S, 1.0)
        return self.service.memory * filled + pod.leaked
