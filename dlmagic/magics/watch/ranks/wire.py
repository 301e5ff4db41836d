"""What an engine tells of its model, as plain data, and back."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlmagic.codec import decode, encode
from dlmagic.magics.watch.packed_result import PackedArray
from dlmagic.magics.watch.sample_result import BINS, Row, Sample

_ROWS = tuple[Row, ...]


@dataclass
class Packer:
    """Makes samples of an engine ready to travel; what they are of is sent once."""

    _rows: tuple[Row, ...] | None = None
    _number: int = 0

    def pack(self, sample: Sample) -> dict[str, Any]:
        """One sample."""
        packed = {
            "step": sample.step,
            "exact": sample.exact,
            "is_many": sample.is_many,
            "values": encode(PackedArray.of(sample.values), PackedArray),
            "histograms": _packed(sample.histograms),
            "calls": [int(each) for each in sample.calls],
        }
        if sample.rows is not self._rows:
            self._rows, self._number = sample.rows, self._number + 1
            packed["rows"] = encode(sample.rows, _ROWS)
        return {**packed, "number": self._number}


@dataclass
class Unpacker:
    """The other end, of one engine."""

    _rows: dict[int, tuple[Row, ...]] = field(default_factory=dict)

    def unpack(self, packed: Mapping[str, Any]) -> Sample:
        """One sample."""
        number = packed["number"]
        if "rows" in packed:
            self._rows = {number: decode(packed["rows"], _ROWS)}
        rows = self._rows[number]
        return Sample(
            step=packed["step"],
            rows=rows,
            values=decode(packed["values"], PackedArray).array,
            histograms=_unpacked(packed["histograms"], len(rows)),
            exact=packed["exact"],
            calls=np.array(packed["calls"], np.uint32),
            is_many=packed["is_many"],
        )


def _packed(histograms: NDArray[np.uint32]) -> str:
    """Most bins are empty, so little is left of them."""
    return base64.b64encode(zlib.compress(histograms.astype("<u4").tobytes(), 1)).decode("ascii")


def _unpacked(text: str, rows: int) -> NDArray[np.uint32]:
    numbers = np.frombuffer(zlib.decompress(base64.b64decode(text)), "<u4")
    return numbers.reshape(rows, BINS).astype(np.uint32)
