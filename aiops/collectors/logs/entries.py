"""What is known of lines once they are read: columns of one length, made and cut together."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol, Self

import numpy as np

from aiops.collectors.logs.stamps import NO_TIME

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa

    from aiops.collectors.logs.stamps import Clock


@dataclass(frozen=True, eq=False)  # arrays equal to others are arrays of booleans
class Entries:
    """Lines, or whole entries, one place in each column.

    Attributes
    ----------
    times : ndarray of int64, shape (n,)
        Nanoseconds since 1970; `NO_TIME` where the text names none.
    levels : Array of string, shape (n,)
        One of `LEVELS`, or ``""``.
    texts : Array of string, shape (n,)
        What is left when the time is taken out; the whole line where nothing was understood.
    services : Array of string, shape (n,)
        The service that the text itself names; null where it names none.
    known : ndarray of bool, shape (n,)
        Whether the line has the form it was read in.
    """

    times: np.ndarray
    levels: pa.Array
    texts: pa.Array
    services: pa.Array
    known: np.ndarray

    @classmethod
    def unread(cls, lines: pa.Array) -> Self:
        """Return lines of which nothing is known yet."""
        import pyarrow as pa

        return cls(
            times=np.full(len(lines), NO_TIME),
            levels=pa.repeat("", len(lines)),
            texts=lines,
            services=pa.nulls(len(lines), pa.string()),
            known=np.zeros(len(lines), bool),
        )

    def __len__(self) -> int:
        return len(self.times)

    def take(self, which: np.ndarray) -> Self:
        """Return the entries at the places, or under the mask, `which`."""
        places = np.flatnonzero(which) if which.dtype == bool else which
        return replace(
            self,
            times=self.times[places],
            levels=self.levels.take(places),
            texts=self.texts.take(places),
            services=self.services.take(places),
            known=self.known[places],
        )

    def slice(self, first: int, last: int) -> Self:
        """Return the entries from the place `first` up to `last`, which is not among them."""
        return replace(
            self,
            times=self.times[first:last],
            levels=self.levels[first:last],
            texts=self.texts[first:last],
            services=self.services[first:last],
            known=self.known[first:last],
        )

    def overlaid(self, mask: np.ndarray, others: Self) -> Self:
        """Return these entries with `others` in the places where `mask` holds."""
        import pyarrow as pa
        import pyarrow.compute as pc

        if mask.all():
            return others
        where = pa.array(mask)
        times, known = self.times.copy(), self.known.copy()
        times[mask], known[mask] = others.times, others.known
        return replace(
            self,
            times=times,
            levels=pc.replace_with_mask(self.levels, where, others.levels),
            texts=pc.replace_with_mask(self.texts, where, others.texts),
            services=pc.replace_with_mask(self.services, where, others.services),
            known=known,
        )


def concat(parts: Sequence[Entries]) -> Entries:
    """Return the entries of all of `parts`, which is not empty, one after the other."""
    import pyarrow as pa

    return Entries(
        times=np.concatenate([part.times for part in parts]),
        levels=pa.concat_arrays([part.levels for part in parts]),
        texts=pa.concat_arrays([part.texts for part in parts]),
        services=pa.concat_arrays([part.services for part in parts]),
        known=np.concatenate([part.known for part in parts]),
    )


class Format(Protocol):
    """One way to write a line."""

    @property
    def name(self) -> str:
        """What it is called in reports."""
        ...

    @property
    def loose(self) -> bool:
        """Whether other texts may look like it; then it is taken for whole files only."""
        ...

    def read(self, lines: pa.Array, clock: Clock) -> Entries:
        """Read lines, of which some or all may be written in another way."""
        ...
