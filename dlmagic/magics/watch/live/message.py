"""News for pages: a little plain data, and numbers as bytes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from dlmagic.finding import Finding
from dlmagic.magics.watch.live.measures import Condenser, Floats, merged
from dlmagic.magics.watch.live.packing import halves, pairs
from dlmagic.magics.watch.sample_result import Overhead

LARGEST = 12_000
"""Bytes of a message, where one column allows that."""

_MOST_FINDINGS = 10
_LONGEST = 140  # characters of a finding and of what to try
_RESERVED = 300  # bytes for the envelope, and for the steps of the columns


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
            self.add("losses", pairs(losses, most))


def plain_overhead(overhead: Overhead) -> dict[str, Any]:
    """What watching costs, for a page."""
    return {
        "steps": overhead.steps,
        "sampled": overhead.sampled,
        "every": overhead.every,
        "share": overhead.share,
    }


def plain_findings(findings: Sequence[Finding]) -> list[dict[str, str]]:
    """The findings, for a page: each with the layer that it is about."""
    return [
        {
            "level": each.level,
            "text": _cut(each.message),
            "try": _cut(each.fix.text) if each.fix is not None else "",
            "layer": each.operands[0] if each.operands else "",
        }
        for each in findings[:_MOST_FINDINGS]
    ]


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
