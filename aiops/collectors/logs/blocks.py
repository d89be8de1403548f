"""The lines of a file, a block at a time, as they are on the disk or packed by gzip.

A line longer than a block is cut there. Bytes that are no UTF-8 become the replacement character.
"""

from __future__ import annotations

import gzip
import zlib
from contextlib import contextmanager
from typing import TYPE_CHECKING, cast

import numpy as np

from aiops.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Iterator
    from io import BufferedReader
    from pathlib import Path

    import pyarrow as pa

BLOCK = 8 << 20
"""Bytes that are read at once."""

_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_BOM = b"\xef\xbb\xbf"
_REPLACEMENT = "\ufffd"


@contextmanager
def opened(path: Path) -> Iterator[BufferedReader]:
    """Open a file of lines; what ends in ``.gz`` is unpacked.

    Raises
    ------
    InvalidInput
        If it cannot be read, now or later on, or is UTF-16.
    """
    try:
        packed = path.suffix == ".gz"
        with gzip.open(path) if packed else path.open("rb") as stream:
            reader = cast("BufferedReader", stream)  # a GzipFile reads and peeks as one does
            if reader.peek(2)[:2] in _UTF16:
                raise InvalidInput(f"{path}: is UTF-16; convert it: iconv -f UTF-16 -t UTF-8")
            yield reader
    except (OSError, EOFError, zlib.error) as error:
        raise InvalidInput(f"{path}: cannot be read: {error}") from None


def blocks(stream: BufferedReader, size: int = BLOCK) -> Iterator[bytes]:
    """Yield what is left of a stream in blocks of whole lines, of about `size` bytes each."""
    rest = b""
    while block := stream.read(size):
        whole, newline, rest_of_block = block.rpartition(b"\n")
        if newline or len(rest) >= size:
            yield rest + whole + newline
            rest = rest_of_block
        else:
            rest += block
    if rest:
        yield rest


def lines_of(block: bytes) -> tuple[pa.Array, int]:
    r"""Return the lines of a block, and how many characters had to be replaced.

    Examples
    --------
    >>> lines, replaced = lines_of(b"one\r\ntwo \xff")
    >>> lines.to_pylist(), replaced
    (['one', 'two �'], 1)
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    block, replaced = _utf8(block.removeprefix(_BOM))
    ends = np.flatnonzero(np.frombuffer(block, np.uint8) == ord("\n")) + 1
    if block and not block.endswith(b"\n"):
        ends = np.append(ends, len(block))
    offsets = np.concatenate([[0], ends]).astype(np.int32)
    lines = pa.StringArray.from_buffers(len(ends), pa.py_buffer(offsets), pa.py_buffer(block))
    return pc.ascii_rtrim(lines, characters="\r\n"), replaced


def _utf8(block: bytes) -> tuple[bytes, int]:
    try:
        text = block.decode("utf-8")
    except UnicodeDecodeError:
        text = block.decode("utf-8", "replace")
        there = block.count(_REPLACEMENT.encode())
        return text.encode(), text.count(_REPLACEMENT) - there
    return block, 0
