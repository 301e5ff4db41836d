"""Records of event files: a length, the bytes, and a check of each.

TensorBoard's own writer of them takes a third of a second for a megabyte, because it looks at each
byte in Python, and while it does so, no other Python runs: the training would wait for it. Here
NumPy takes the check of a thousand parts of the bytes at once.
"""

from __future__ import annotations

import struct
from functools import cache

import numpy as np
from numpy.typing import NDArray

PART = 1024
"""Bytes whose check is taken one after the other."""

_POLYNOMIAL = 0x82F63B78


def record(data: bytes) -> bytes:
    """The bytes as a record."""
    length = struct.pack("<Q", len(data))
    return b"".join([length, _masked(length), data, _masked(data)])


def crc32c(data: bytes) -> int:
    """The CRC-32C (Castagnoli) of at least four bytes.

    It starts from a register of zeros, on which zeros in front have no effect: they fill the first
    part. The usual start, a register of ones, is the same as turning the first four bytes round.
    """
    values = np.zeros(-(-len(data) // PART) * PART, np.uint8)
    begun = len(values) - len(data)
    values[begun:] = np.frombuffer(data, np.uint8)
    values[begun : begun + 4] ^= 0xFF
    register = 0
    for part in _advanced(np.zeros(len(values) // PART, np.uint32), values).tolist():
        register = _after_a_part(register) ^ part
    return register ^ 0xFFFFFFFF


def _masked(data: bytes) -> bytes:
    check = crc32c(data)
    return struct.pack("<I", ((check >> 15 | check << 17) + 0xA282EAD8) & 0xFFFFFFFF)


def _advanced(registers: NDArray[np.uint32], values: NDArray[np.uint8]) -> NDArray[np.uint32]:
    """Registers after a part of the bytes each."""
    table = _table()
    for column in np.ascontiguousarray(values.reshape(len(registers), PART).T):
        registers = table[(registers ^ column) & 0xFF] ^ (registers >> 8)
    return registers


def _after_a_part(register: int) -> int:
    """A register after a part of zeros."""
    tables = _tables_of_a_part()
    return (
        tables[0][register & 0xFF]
        ^ tables[1][register >> 8 & 0xFF]
        ^ tables[2][register >> 16 & 0xFF]
        ^ tables[3][register >> 24]
    )


@cache
def _table() -> NDArray[np.uint32]:
    """What each byte makes of a register."""
    table = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        table = np.where(table & 1, table >> 1 ^ np.uint32(_POLYNOMIAL), table >> 1)
    return table


@cache
def _tables_of_a_part() -> list[list[int]]:
    """What a part of zeros makes of each byte of a register, for its four places."""
    registers = (
        np.arange(256, dtype=np.uint32) << 8 * np.arange(4, dtype=np.uint32)[:, None]
    ).ravel()
    zeros = np.zeros(len(registers) * PART, np.uint8)
    return [list(map(int, each)) for each in _advanced(registers, zeros).reshape(4, 256)]
