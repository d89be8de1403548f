"""Entries as the logs of a case: those of one window, without their secrets, in the order of time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Self

import numpy as np

from aiops.cases.rules import LOG_COLUMNS
from aiops.collectors.logs.masking import mask_all
from aiops.collectors.port import check_window

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    import pyarrow as pa

    from aiops.collectors.logs.entries import Entries

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Window:
    """From `start` on and up to `end`, which is not in it; nanoseconds since 1970, of any size."""

    start: int
    end: int

    @classmethod
    def between(cls, start: datetime, end: datetime) -> Self:
        """Return the window between two moments.

        Raises
        ------
        InvalidInput
            If one has no zone, or the end lies before the start.
        """
        check_window(start, end)
        return cls(*((moment - _EPOCH) // _MICROSECOND * 1000 for moment in (start, end)))


@dataclass(frozen=True, eq=False)  # arrays equal to others are arrays of booleans
class Kept:
    """Entries that were kept, how many had secrets taken out, and how many name no level."""

    entries: Entries
    masked: int
    without_level: int


def keep(entries: Entries, service: str, window: Window, *, mask: bool) -> Kept:
    """Return the entries in `window`, each with its service, their secrets masked if `mask`.

    An entry that names no service is of `service`.
    """
    import pyarrow.compute as pc

    inside = (entries.times >= window.start) & (entries.times < window.end)
    found = entries if inside.all() else entries.take(inside)
    texts, masked = mask_all(found.texts) if mask else (found.texts, 0)
    named = pc.fill_null(found.services, service)
    silent = pc.sum(pc.equal(found.levels, "")).as_py() or 0
    return Kept(replace(found, texts=texts, services=named), masked, silent)


def as_frame(parts: Sequence[Entries]) -> pd.DataFrame:
    """Return logs as `aiops.types.Case` has them; what has the same time keeps its order.

    Times are in whole microseconds, rounded down, as `datetime` knows them.
    """
    import pandas as pd

    times = np.concatenate([part.times for part in parts] or [np.array([], np.int64)])
    order = np.argsort(times, kind="stable")
    index = pd.DatetimeIndex((times[order] // 1000).view("datetime64[us]")).tz_localize("UTC")
    columns = (
        [part.services for part in parts],
        [part.levels for part in parts],
        [part.texts for part in parts],
    )
    series = [_series(chunks, order, index) for chunks in columns]
    return pd.DataFrame(dict(zip(LOG_COLUMNS, series, strict=True)), index=index)


def _series(chunks: list[pa.Array], order: np.ndarray, index: pd.DatetimeIndex) -> pd.Series[str]:
    import pandas as pd
    import pyarrow as pa

    texts = pa.chunked_array(chunks, pa.string()).take(pa.array(order))
    return pd.Series(texts.to_pandas().array, index=index, dtype="str")
