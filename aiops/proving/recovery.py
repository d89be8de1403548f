"""Everything that can be done about what killed runs left behind on a real cluster, in one go.

First what the journal knows, then what is marked, then what janitors left. Nothing that fails on
the way hides what could not be proved gone.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from aiops.proving.kubernetes import opted_in, sweep
from aiops.types import Denied, InvalidInput, RevertIncomplete, Unreachable
from chaos.recovery import elsewhere, recover, recover_marked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from chaos.backend import Backend
    from chaos.journal import Journal


@dataclass(slots=True)
class Recovery:
    """What became of it.

    Attributes
    ----------
    recovered : list of str
        Runs that were undone.
    failed : list of str
        What could not be proved gone, and why.
    elsewhere : list of str
        Runs in the journal that were left alone, on other clusters.
    swept : list of str
        Runs whose janitors were taken away.
    notes : list of str
        What could not be looked at, or swept, and is no fault left in place.
    """

    recovered: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    elsewhere: list[str] = field(default_factory=list)
    swept: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def recover_cluster(
    place: Backend, journal: Journal, namespaces: Iterable[str], *, everywhere: bool
) -> Recovery:
    """Undo what the journal knows and what is marked, and sweep what janitors left.

    Parameters
    ----------
    namespaces : iterable of str
        Where to look for marks, and for janitors.
    everywhere : bool
        Whether to look in all namespaces that have opted in as well.

    Raises
    ------
    Unreachable
        If the cluster does not answer, and there is nothing else to be told.
    """
    found = Recovery()
    found.recovered += _tried(partial(recover, place.cluster, journal), found.failed)
    if not found.failed:  # else it may not be known which of them are on this cluster
        found.elsewhere += _tried(partial(elsewhere, place.cluster, journal), found.failed)
    spaces = dict.fromkeys((*namespaces, *(_opted_in(place, found) if everywhere else ())))
    found.recovered += _tried(partial(recover_marked, place.cluster, journal, spaces), found.failed)
    for space in spaces:
        try:
            found.swept += sweep(place, [space])
        except (Denied, Unreachable) as error:
            found.notes.append(f"the janitors in namespace {space} were not swept: {error}")
    return found


def _tried(action: Callable[[], tuple[str, ...]], failed: list[str]) -> tuple[str, ...]:
    try:
        return action()
    except (RevertIncomplete, InvalidInput, Unreachable, Denied) as error:
        failed.append(str(error))
        return ()


def _opted_in(place: Backend, found: Recovery) -> tuple[str, ...]:
    """Return the namespaces that have opted in; none where we may not know, which is noted."""
    try:
        return opted_in(place)
    except Denied as error:
        found.notes.append(f"which namespaces have opted in is not known, so name them: {error}")
    except Unreachable as error:
        if not (found.recovered or found.failed):
            raise
        found.failed.append(f"no mark was looked for: {error}")
    return ()
