"""The JSON of a range query, its samples read as arrays instead of a few objects for each.

The samples are cut out, what is left (labels, native histograms, warnings) is parsed as JSON, and
each array of samples, ``[1767225600,"1.5"],[1767225615,"NaN"]``, becomes numbers by one pass of
pyarrow over its bytes, which reads decimals as exactly as `float` does. An answer that is written
in any other way than Prometheus does is left to the general parser.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from aiops.clients.prometheus.answers import Answer, read_answer, whole_milliseconds
from aiops.clients.prometheus.samples import Samples

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Span = tuple[int, int]

_OPEN, _BETWEEN, _CLOSE = b'"values":[[', b"],[", b"]]"
_BATCH_BYTES = 1 << 20
_QUOTE, _COMMA = b'",'


def read_range(body: bytes) -> Answer:
    """Return what is in the envelope, with `Samples` for lists of samples where that was possible.

    Raises
    ------
    ValueError
        If `body` is no JSON, or has another shape than Prometheus' answers.
    """
    rest, spans = _cut(body)
    try:
        answer = read_answer(rest)
        _fill_in(answer.data, _read_spans(body, spans))
    except (ValueError, TypeError, KeyError, AttributeError):
        return read_answer(body)
    return answer


def _cut(body: bytes) -> tuple[bytes, list[Span]]:
    """Return the body with a number for each list of samples, and where those lists are."""
    rest: list[bytes] = []
    spans: list[Span] = []
    kept = 0
    while (found := body.find(_OPEN, kept)) >= 0:
        start = found + len(_OPEN)
        stop = body.find(_CLOSE, start)
        if stop < 0:
            break
        rest += [body[kept : start - 2], b"%d" % len(spans)]
        spans.append((start, stop))
        kept = stop + len(_CLOSE)
    return b"".join([*rest, body[kept:]]), spans


def _fill_in(data: Any, samples: Sequence[Samples]) -> None:
    """Put `samples` where `_cut` left their numbers.

    Raises
    ------
    ValueError
        If the numbers are not all there, in their order.
    """
    cut = [each for each in data["result"] if isinstance(each.get("values"), int)]
    if [each["values"] for each in cut] != list(range(len(samples))):
        raise ValueError("the samples are elsewhere than Prometheus puts them")
    for series, its in zip(cut, samples, strict=True):
        series["values"] = its


def _read_spans(body: bytes, spans: Sequence[Span]) -> list[Samples]:
    samples: list[Samples] = []
    for batch in _batches(spans):
        blocks = [body[start:stop] for start, stop in batch]
        times, values, starts = _read_block(_BETWEEN.join(blocks))
        ends = np.cumsum([len(block) + len(_BETWEEN) for block in blocks])
        cuts = [0, *np.searchsorted(starts, ends)]
        samples += [Samples(times[a:b], values[a:b]) for a, b in pairwise(cuts)]
    return samples


def _batches(spans: Sequence[Span]) -> Iterator[list[Span]]:
    """Group the spans into runs of about `_BATCH_BYTES`: few calls, little memory."""
    batch: list[Span] = []
    for span in spans:
        batch.append(span)
        if span[1] - batch[0][0] >= _BATCH_BYTES:
            yield batch
            batch = []
    if batch:
        yield batch


def _read_block(block: bytes) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return times, values, and where each sample begins in ``time,"value"],[time,"value"``.

    Raises
    ------
    ValueError
        If `block` is written differently, or a number is none.
    """
    raw = np.frombuffer(block, np.uint8)
    quotes = np.flatnonzero(raw == _QUOTE)
    opened, closed = quotes[0::2], quotes[1::2]
    starts = np.concatenate([[0], closed[:-1] + 1 + len(_BETWEEN)])
    _check_between(raw, opened, closed)
    edges = np.column_stack([starts, opened - 1, opened + 1, closed]).ravel()
    seconds, values = _numbers(block, edges)
    return whole_milliseconds(seconds), values, starts


def _check_between(raw: np.ndarray, opened: np.ndarray, closed: np.ndarray) -> None:
    """Raise ValueError unless the quotes stand as in ``time,"value"],[time,"value"``."""
    paired = len(opened) == len(closed) > 0 and closed[-1] == len(raw) - 1
    gap = len(_BETWEEN) + 1
    if not (
        paired and (opened[1:] > closed[:-1] + gap).all() and (raw[opened - 1] == _COMMA).all()
    ):
        raise ValueError("the samples are written differently")
    for place, byte in enumerate(_BETWEEN, start=1):
        if not (raw[closed[:-1] + place] == byte).all():
            raise ValueError("the samples are written differently")


def _numbers(block: bytes, edges: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Read the texts that begin at every other one of `edges` and end at the next.

    They are, in turn, times and values. pyarrow takes the edges as those of strings without a gap,
    of which each second one is punctuation.
    """
    import pyarrow as pa

    count = len(edges) - 1
    texts = pa.LargeStringArray.from_buffers(count, pa.py_buffer(edges), pa.py_buffer(block))
    pair = (texts.take(pa.array(np.arange(first, count, 4))) for first in (0, 2))
    times, values = (each.cast(pa.float64()).to_numpy() for each in pair)
    return times, values
