"""From a checked document to what is run: faults, probes, and the code that is allowed."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from aiops.errors import InvalidExperiment
from aiops.suggest import did_you_mean
from chaos.faults import fault
from chaos.files.activities import Action, Probe, Reference
from chaos.files.chaosk8s import fault_for, look_for, scaled
from chaos.files.durations import duration_text
from chaos.files.extension import Aiops
from chaos.files.method import FaultAction, ours
from chaos.files.providers import Inject, Python

if TYPE_CHECKING:
    from chaos.files.activities import SteadyState
    from chaos.files.document import Document
    from chaos.files.method import Allowed, Step
    from chaos.files.reading import Place, Source

_AnyProbe = TypeVar("_AnyProbe", bound=Probe)


class Mapper:
    """One document on its way; every refusal names the place in its source.

    Attributes
    ----------
    allowed : Allowed
        The code that may run.
    settings : Aiops
        The extension ``aiops``, or its defaults.
    hypothesis : SteadyState or None
        The hypothesis, with every probe mapped and allowed.
    method : tuple of steps
        Faults, probes, and actions that are allowed.

    Raises
    ------
    InvalidExperiment
        If the document asks for what cannot be done, or is not allowed.
    """

    def __init__(self, source: Source, document: Document, allowed: Allowed) -> None:
        self.allowed = allowed
        self._source = source
        self._document = document
        self.settings = self._settings()
        self.hypothesis = self._hypothesis()
        self.method = tuple(
            self._step(self._named(step, ("method", index)), ("method", index))
            for index, step in enumerate(document.method)
        )

    def _settings(self) -> Aiops:
        found = [part for part in self._document.extensions if isinstance(part, Aiops)]
        if len(found) > 1:
            raise self._source.refusal(
                ("extensions",), "the extension aiops stands twice; merge them"
            )
        settings = found[0] if found else Aiops()
        hypothesis = self._document.steady_state_hypothesis
        names = [probe.name for probe in hypothesis.probes] if hypothesis else []
        if settings.effect and settings.effect.sli not in names:
            hint = did_you_mean(settings.effect.sli, names)
            raise self._source.refusal(
                ("extensions",),
                f"effect.sli {settings.effect.sli!r} is no probe of the hypothesis; {hint}",
            )
        return settings

    def _hypothesis(self) -> SteadyState | None:
        given = self._document.steady_state_hypothesis
        if given is None:
            return None
        place: Place = ("steady-state-hypothesis", "probes")
        probes = tuple(
            self._probe(probe, (*place, index)) for index, probe in enumerate(given.probes)
        )
        return given.replaced(probes=probes)

    def rollbacks(self) -> tuple[Action | Probe, ...]:
        """Return the rollbacks that the revert of the faults does not stand for."""
        kept: list[Action | Probe] = []
        for index, activity in enumerate(self._document.rollbacks):
            place = ("rollbacks", index)
            step = self._named(activity, place)
            if self._reverted(step):
                continue
            mapped = self._step(step, place)
            if isinstance(mapped, FaultAction):
                raise self._source.refusal(place, "a rollback injects no fault; remove it")
            kept.append(mapped)
        return tuple(kept)

    def notes(self) -> tuple[str, ...]:
        """Return what the file asks for that is done in another way."""
        left_out = tuple(
            f"rollback {step.name!r} is not played: the fault it takes back is reverted anyway"
            for step in self._document.rollbacks
            if not isinstance(step, Reference) and self._reverted(step)
        )
        if "runtime" in self._document.model_fields_set:
            return (*left_out, "runtime is the Chaos Toolkit's own: faults are always reverted")
        return left_out

    def _reverted(self, step: Action | Probe) -> bool:
        """Say whether a rollback scales what a fault of the method has scaled."""
        what = scaled(step.provider) if isinstance(step.provider, Python) else None
        faults = (item for item in self.method if isinstance(item, FaultAction))
        targets = (item.target for item in faults if item.fault.startswith("scale."))
        return what in {(target.kind, target.namespace, target.name) for target in targets}

    def _named(self, step: Action | Probe | Reference, place: Place) -> Action | Probe:
        if not isinstance(step, Reference):
            return step
        hypothesis = self._document.steady_state_hypothesis
        declared = [
            *(hypothesis.probes if hypothesis else ()),
            *(item for item in self._document.method if not isinstance(item, Reference)),
        ]
        found = next((item for item in declared if item.name == step.ref), None)
        if found is None:
            hint = did_you_mean(step.ref, (item.name for item in declared))
            raise self._source.refusal(
                (*place, "ref"), f"no activity is called {step.ref!r}; {hint}"
            )
        return found

    def _step(self, step: Action | Probe, place: Place) -> Step:
        if isinstance(step, Probe):
            return self._probe(step, place)
        struck = self._fault(step, (*place, "provider"))
        if struck is not None:
            return self._checked(struck, place)
        self._check_allowed(step.provider, (*place, "provider"))
        return step

    def _probe(self, probe: _AnyProbe, place: Place) -> _AnyProbe:
        provider = probe.provider
        place = (*place, "provider")
        if isinstance(provider, Python):
            try:
                provider = look_for(provider) or provider
            except ValueError as error:
                raise self._source.refusal((*place, "arguments"), str(error)) from None
        self._check_allowed(provider, place)
        return probe.replaced(provider=provider)

    def _fault(self, action: Action, place: Place) -> FaultAction | None:
        hold_s = self.settings.phases.hold
        provider = action.provider
        if isinstance(provider, Inject):
            return ours(action, provider, hold_s)
        if not isinstance(provider, Python):
            return None
        try:
            mapped = fault_for(provider)
        except ValueError as error:
            raise self._source.refusal((*place, "arguments"), str(error)) from None
        if mapped is None:
            return None
        return FaultAction(
            name=action.name,
            fault=mapped.fault,
            target=mapped.target,
            params=mapped.params,
            hold_s=mapped.hold_s or action.pauses.after or hold_s,
            background=action.background,
            before_s=action.pauses.before,
        )

    def _checked(self, struck: FaultAction, place: Place) -> FaultAction:
        most = self.settings.blast_radius.max_hold
        if most is not None and struck.hold_s > most:
            raise self._source.refusal(
                place,
                f"holds {struck.fault} for {duration_text(struck.hold_s)}, longer than the "
                f"max_hold of {duration_text(most)}; shorten one or lengthen the other",
            )
        try:
            fault(struck.fault)
        except InvalidExperiment as error:
            raise self._source.refusal(place, str(error)) from None
        return struck

    def _check_allowed(self, provider: object, place: Place) -> None:
        refused = self.allowed.refusal(provider)
        if refused:
            raise self._source.refusal(place, refused)
