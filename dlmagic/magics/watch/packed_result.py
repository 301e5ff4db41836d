"""Arrays of numbers in a saved result: text that is compact, strict, and data alone."""

from __future__ import annotations

import base64
import zlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class PackedArray:
    """An array of float32 as text.

    Attributes:
        shape: Its shape.
        data: The numbers in C order, as base64 of what zlib made of their bytes: all first bytes
            (of the little-endian form), then all second ones, and so on, which packs best.
    """

    shape: tuple[int, ...] = (0,)
    data: str = ""

    @classmethod
    def of(cls, array: NDArray[np.float32], *, digits: int = 7) -> PackedArray:
        """Pack an array.

        Args:
            array: The numbers.
            digits: Significant digits that are kept: 3, or all (7).
        """
        values = np.ascontiguousarray(array, "<f4")
        if digits <= 3:
            values = _rounded(values)
        packed = zlib.compress(values.view(np.uint8).reshape(-1, 4).T.tobytes(), 6)
        return cls(tuple(map(int, array.shape)), base64.b64encode(packed).decode("ascii"))

    @property
    def array(self) -> NDArray[np.float32]:
        """The numbers."""
        if not self.data:
            return np.zeros(self.shape, np.float32)
        planes = np.frombuffer(zlib.decompress(base64.b64decode(self.data)), np.uint8)
        values = np.ascontiguousarray(planes.reshape(4, -1).T).view("<f4")
        return values.reshape(self.shape).astype(np.float32)


def _rounded(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """With eleven binary digits, which is better than one part in two thousand."""
    bits = values.view("<u4")
    rounded = ((bits + np.uint32(1 << 12)) & np.uint32(0xFFFFE000)).view("<f4")
    return np.where(np.isfinite(values) & np.isfinite(rounded), rounded, values)
