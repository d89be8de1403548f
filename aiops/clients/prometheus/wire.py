"""Protocol Buffers' wire format, as much of it as remote read needs.

It knows no message: those are in `aiops.clients.prometheus.remote`.

References
----------
https://protobuf.dev/programming-guides/encoding/
"""

from __future__ import annotations

from typing import NamedTuple

VARINT, FIXED64, DELIMITED, FIXED32 = 0, 1, 2, 5
_FIXED_SIZE = {FIXED64: 8, FIXED32: 4}
_SIGN_BIT, _WORD = 1 << 63, 1 << 64
_LONGEST_VARINT = 10


class Malformed(ValueError):
    """The bytes are not what they claim to be, or end too early."""


class Field(NamedTuple):
    """One field of a message: its payload is ``buffer[start:stop]``."""

    number: int
    kind: int
    start: int
    stop: int


def read_field(buffer: bytes, at: int, stop: int) -> Field:
    """Read the field that begins at `at` in a message that ends before `stop`.

    Raises
    ------
    Malformed
        If the field is of no known kind or reaches past the end.
    """
    tag, start = read_varint(buffer, at, stop)
    number, kind = tag >> 3, tag & 7
    if kind == DELIMITED:
        length, start = read_varint(buffer, start, stop)
        end = start + length
    elif kind == VARINT:
        _, end = read_varint(buffer, start, stop)
    elif kind in _FIXED_SIZE:
        end = start + _FIXED_SIZE[kind]
    else:
        raise Malformed(f"field {number} is of the unknown kind {kind}")
    if end > stop:
        raise Malformed(f"field {number} reaches past the end of its message")
    return Field(number, kind, start, end)


def read_varint(buffer: bytes, at: int, stop: int) -> tuple[int, int]:
    """Return the unsigned integer at `at` and the position after it.

    Examples
    --------
    >>> read_varint(bytes([0xAC, 0x02]), 0, 2)
    (300, 2)
    """
    value = 0
    for place, byte in enumerate(buffer[at : min(stop, at + _LONGEST_VARINT)]):
        value |= (byte & 0x7F) << (7 * place)
        if byte < 0x80:
            return value % _WORD, at + place + 1
    raise Malformed("an integer has no end")


def signed(value: int) -> int:
    """Read an unsigned 64-bit integer as a two's complement one.

    Examples
    --------
    >>> signed(2**64 - 1)
    -1
    """
    return value - _WORD if value & _SIGN_BIT else value


def unzigzag(value: int) -> int:
    """Read an unsigned integer as a zigzag-coded one, of sint32 or sint64.

    Examples
    --------
    >>> [unzigzag(value) for value in range(4)]
    [0, -1, 1, -2]
    """
    return value >> 1 ^ -(value & 1)


def integer(number: int, value: int) -> bytes:
    """Encode an int64 or enum field.

    Examples
    --------
    >>> integer(1, 300).hex()
    '08ac02'
    """
    return _varint(number << 3 | VARINT) + _varint(value % _WORD)


def delimited(number: int, payload: bytes) -> bytes:
    """Encode a string, bytes or message field.

    Examples
    --------
    >>> delimited(2, b"up").hex()
    '12027570'
    """
    return _varint(number << 3 | DELIMITED) + _varint(len(payload)) + payload


def _varint(value: int) -> bytes:
    groups = bytearray()
    while value >= 0x80:
        groups.append(value & 0x7F | 0x80)
        value >>= 7
    groups.append(value)
    return bytes(groups)
