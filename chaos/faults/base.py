"""What a fault is: a name, the kind of object it acts on, and the deeds that break it.

A new fault is one short file with one subclass, and one line in `chaos.faults`. It decides what to
do to what; injecting, undoing and verifying are the same for all, in `chaos.deeds`. Most faults
are a `PatchFault`, which changes the target itself, or a `PodFault`, which strikes pods of it.
"""

from __future__ import annotations

import random
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from aiops.types import InvalidExperiment
from chaos.deeds import patch_deed
from chaos.marks import runs_on
from chaos.plan import Plan
from chaos.workloads import live_pods, pod_ref

if TYPE_CHECKING:
    from chaos.cluster import Cluster, ObjectRef
    from chaos.deeds import Deed
    from chaos.patch import Patch


class Fault(ABC):
    """One way to break one kind of object.

    Attributes
    ----------
    id : str
        ``family.what``, as experiments name it.
    family : str
        What it strikes: "scale", "stress", …
    target_kind : str
        The kind of object that an experiment names as its target.
    metrics : tuple of str
        The metrics of the target that it moves directly: the labelled root cause.
    rbac : tuple of str
        What it must be allowed to do beyond reading, as verb and resource.
    reversible : bool
        Whether undoing it brings back what was there; what is killed is not.
    min_kubernetes : str
        Oldest version of Kubernetes that serves the calls it makes.
    tried : {"real", "request"}
        "real" once it has been injected into and taken back from a real cluster; "request" while
        only the patch that it sends has been tested, and its effect in the simulator.
    graded : bool
        Whether `strength` makes a difference.
    simulated : bool
        Whether only the simulator can do it.
    stalls : bool
        Whether it rolls out pods that never become ready, so that a rolling update comes to a
        halt and spares others.

    Parameters
    ----------
    strength : float
        How hard it strikes, above 0 and at most 1.
    """

    id: ClassVar[str]
    family: ClassVar[str]
    target_kind: ClassVar[str] = "Deployment"
    metrics: ClassVar[tuple[str, ...]]
    rbac: ClassVar[tuple[str, ...]] = ("patch deployments",)
    reversible: ClassVar[bool] = True
    min_kubernetes: ClassVar[str] = "1.9"  # the first that serves apps/v1
    tried: ClassVar[Literal["real", "request"]] = "request"
    graded: ClassVar[bool] = False
    simulated: ClassVar[bool] = False
    stalls: ClassVar[bool] = False

    def __init__(self, *, strength: float = 1.0) -> None:
        if not 0 < strength <= 1:
            raise InvalidExperiment(
                f"{self.id} has the strength {strength}; give one above 0, at most 1"
            )
        self.strength = strength

    def plan(
        self, cluster: Cluster, target: ObjectRef, *, seed: int = 0, hold_s: float = 60.0
    ) -> Plan:
        """Return what the fault would do to `target` and how to take it back; change nothing.

        Parameters
        ----------
        seed : int
            Of the choice of victims: the same cluster and seed give the same plan.
        hold_s : float
            How long the fault is to be held, s.

        Raises
        ------
        InvalidExperiment
            If `target` is of another kind, does not exist, is already in the faulty state, or
            another run is at work on it.
        """
        if target.kind != self.target_kind:
            raise InvalidExperiment(
                f"{self.id} acts on a {self.target_kind}, but the target is {target}"
            )
        before = cluster.get(target)
        self.refuse_marked(target, before)
        return Plan(self.id, target, self.deeds(cluster, target, before, seed, hold_s))

    @abstractmethod
    def deeds(
        self, cluster: Cluster, target: ObjectRef, before: dict[str, Any], seed: int, hold_s: float
    ) -> tuple[Deed, ...]:
        """Return what is to be done, in order; `before` is the target as it is."""

    def refuse_marked(self, ref: ObjectRef, document: dict[str, Any]) -> None:
        """Raise `InvalidExperiment` if another run is at work on the object."""
        if runs := runs_on(document):
            raise InvalidExperiment(
                f"{ref} is struck already by run {runs[0]}; if nobody runs it any more, take it "
                "back first: aiops chaos recover --all"
            )


class PatchFault(Fault):
    """A fault that changes its target by one JSON Patch."""

    @abstractmethod
    def changes(self, before: dict[str, Any]) -> Patch:
        """Return the JSON Patch that breaks the object `before`.

        It sets or removes members of objects; an array is replaced as a whole or inside its
        elements, because the index of an element says nothing once others have edited the array.

        Raises
        ------
        InvalidExperiment
            If this fault cannot act on such an object.
        """

    def deeds(
        self,
        cluster: Cluster,  # noqa: ARG002
        target: ObjectRef,
        before: dict[str, Any],
        seed: int,  # noqa: ARG002
        hold_s: float,  # noqa: ARG002
    ) -> tuple[Deed, ...]:
        """Return the patch and its inverse as one deed."""
        return (patch_deed(self.id, target, before, self.changes(before)),)


class PodFault(Fault):
    """A fault that strikes pods of a Deployment, chosen by the seed.

    Parameters
    ----------
    count : int or None
        How many pods; all of them when left out.
    """

    def __init__(self, *, strength: float = 1.0, count: int | None = None) -> None:
        super().__init__(strength=strength)
        if count is not None and count < 1:
            raise InvalidExperiment(f"{self.id} has the count {count}; give at least one pod")
        self.count = count

    @abstractmethod
    def pod_deed(
        self, ref: ObjectRef, pod: dict[str, Any], workload: dict[str, Any], hold_s: float
    ) -> Deed:
        """Return what is done to one pod of the target.

        Raises
        ------
        InvalidExperiment
            If this fault cannot act on such a pod.
        """

    def deeds(
        self, cluster: Cluster, target: ObjectRef, before: dict[str, Any], seed: int, hold_s: float
    ) -> tuple[Deed, ...]:
        """Return a deed for each pod that the seed chooses."""
        pods = {pod_ref(pod): pod for pod in live_pods(cluster, target, before)}
        wanted = len(pods) if self.count is None else self.count
        if not 0 < wanted <= len(pods):
            raise InvalidExperiment(
                f"{self.id} is to strike {max(wanted, 1)} pods of {target}, which has {len(pods)}"
            )
        chosen = sorted(random.Random(seed).sample(sorted(pods), wanted))  # noqa: S311  no secret
        for ref in chosen:
            self.refuse_marked(ref, pods[ref])
        return tuple(self.pod_deed(ref, pods[ref], before, hold_s) for ref in chosen)
