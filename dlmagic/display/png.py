"""Small pictures with a palette as PNG, of the standard library alone."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Colour = tuple[int, int, int]

MOST_COLOURS = 16
"""Of a palette: two pixels share a byte."""


def palette_png(
    pixels: NDArray[np.integer], palette: Sequence[Colour], clear: int | None = None
) -> bytes:
    """A picture as the bytes of a PNG file.

    Args:
        pixels: A colour's place in the palette for each pixel, ``[row, column]``.
        palette: Red, green and blue of each colour, from 0 to 255; at most 16.
        clear: The place of the colour that is left out, so that the ground is seen.
    """
    if len(palette) > MOST_COLOURS:
        raise ValueError(f"a palette of {len(palette)} colours")
    height, width = pixels.shape
    header = struct.pack(">IIBBBBB", width, height, 4, 3, 0, 0, 0)
    chunks = (
        _chunk(b"IHDR", header),
        _chunk(b"PLTE", bytes(value for colour in palette for value in colour)),
        *([] if clear is None else [_chunk(b"tRNS", b"\xff" * clear + b"\x00")]),
        _chunk(b"IDAT", zlib.compress(_lines(pixels), 9)),
        _chunk(b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def _lines(pixels: NDArray[np.integer]) -> bytes:
    """Each row behind a zero, which says that it is not filtered; two pixels a byte."""
    height, width = pixels.shape
    even = np.zeros((height, width + width % 2), np.uint8)
    even[:, :width] = pixels
    packed = even[:, ::2] << 4 | even[:, 1::2]
    return np.hstack([np.zeros((height, 1), np.uint8), packed]).tobytes()


def _chunk(kind: bytes, data: bytes) -> bytes:
    check = zlib.crc32(kind + data)
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", check)
