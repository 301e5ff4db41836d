"""News for pages: a little plain data, and numbers as bytes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlmagic.finding import Finding
from dlmagic.magics.watch.live.measures import Condenser, Floats, merged
from dlmagic.magics.watch.sample_result import Overhead

LARGEST = 12_000
"""Bytes of a message, where one column allows that."""

_MOST_FINDINGS = 8
_LONGEST = (220, 120)  # characters of a finding, and of what to try
_RESERVED = 300  # bytes for the envelope, and for the steps of the columns
_NO_NUMBER = 0x7FC0


@dataclass
class Message:
    """News for pages.

    Attributes:
        plain: As plain data; ``parts`` names the buffers.
        buffers: Numbers as bytes, little-endian.
    """

    plain: dict[str, Any] = field(default_factory=dict)
    buffers: list[bytes] = field(default_factory=list)

    @property
    def size(self) -> int:
        """Bytes, all in all."""
        return len(json.dumps(self.plain)) + sum(map(len, self.buffers))

    def add(self, part: str, data: bytes) -> None:
        """One more buffer."""
        self.plain.setdefault("parts", []).append(part)
        self.buffers.append(data)

    def add_layers(self, condenser: Condenser) -> None:
        """Which layers the columns are of, from now on."""
        self.plain["set"] = condenser.number
        self.add("layers", condenser.layers.astype("<u2").tobytes())

    def add_columns(self, columns: Floats, steps: Sequence[int], room: int = LARGEST) -> None:
        """As many columns as there is room for, at least one.

        Args:
            columns: ``[column, measure, layer]``.
            steps: The step of each.
            room: Bytes of the whole message.
        """
        each = 2 * columns[0].size + 8
        most = max((room - _RESERVED - self.size) // each, 1) if each else 1
        sent, last = merged(columns, most)
        self.plain["steps"] = [int(steps[k]) for k in last]
        self.add("columns", halves(sent).astype("<u2").tobytes())

    def add_losses(self, losses: Sequence[tuple[int, float]], most: int) -> None:
        """The losses, or so many of them."""
        if losses:
            self.add("losses", _pairs(losses, most))


def plain_overhead(overhead: Overhead) -> dict[str, Any]:
    """What watching costs, for a page."""
    return {
        "steps": overhead.steps,
        "sampled": overhead.sampled,
        "every": overhead.every,
        "share": overhead.share,
        "once": overhead.once,
    }


def plain_findings(findings: Sequence[Finding]) -> list[dict[str, str]]:
    """The findings, for a page: each with the layer that it is about."""
    return [
        {
            "level": each.level,
            "text": _cut(each.message, _LONGEST[0]),
            "try": _cut(each.fix.text, _LONGEST[1]) if each.fix is not None else "",
            "layer": each.operands[0] if each.operands else "",
        }
        for each in findings[:_MOST_FINDINGS]
    ]


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def halves(values: NDArray[np.float32]) -> NDArray[np.uint16]:
    """The upper half of each number: its whole range, and eight bits of its digits."""
    bits = np.ascontiguousarray(values, np.float32).view(np.uint32)
    rounded = ((bits + np.uint32(0x8000)) >> np.uint32(16)).astype(np.uint16)
    return np.where(np.isnan(values), np.uint16(_NO_NUMBER), rounded)


def _pairs(losses: Sequence[tuple[int, float]], most: int) -> bytes:
    """All steps, then all losses; of more than so many, evenly spread ones with the last."""
    if len(losses) > most:
        places = np.linspace(0, len(losses) - 1, most).round().astype(np.intp)
        losses = [losses[k] for k in places]
    steps = np.asarray([step for step, _ in losses], "<u4")
    values = np.asarray([value for _, value in losses], "<f4")
    return steps.tobytes() + values.tobytes()
