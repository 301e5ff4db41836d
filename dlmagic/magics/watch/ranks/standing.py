"""How one rank's watching stands, as it told last."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from dlmagic.codec import decode
from dlmagic.finding import Finding
from dlmagic.magics.watch.ranks.wire import Unpacker
from dlmagic.magics.watch.sample_result import Overhead, Sample, Silent

_NAMED = 6


@dataclass
class Standing:
    """One rank.

    Attributes:
        host: Where it runs.
        steps: Steps of its optimiser.
        skipped: How often gradients were used by no step, as where a gradient scaler skips it.
        sampled: Samples that it has told of.
        overhead: What watching costs there.
        findings: What is wrong with its own samples.
        silent: Layers that never fired there.
        notes: What there is to know about how its model is watched.
        detached: Whether it watches no longer.
        lost: Why it can tell no more; empty where it can.
        stuck: ``"cut off"`` where a cell that was interrupted waited for other ranks until its
            process group was cut off, ``"left"`` where that did not help; empty where none did.
    """

    host: str
    steps: int = 0
    skipped: int = 0
    sampled: int = 0
    overhead: Overhead = field(default_factory=Overhead)
    findings: tuple[Finding, ...] = ()
    silent: tuple[Silent, ...] = ()
    notes: tuple[str, ...] = ()
    detached: bool = False
    lost: str = ""
    stuck: str = ""
    _unpacker: Unpacker = field(default_factory=Unpacker)

    def hear(self, told: Mapping[str, Any]) -> list[Sample]:
        """Know what it tells; the samples among it."""
        if "failed" in told:
            self.notes = (*self.notes, f"dlmagic failed to note a sample ({told['failed']}).")
        self.stuck = told.get("stuck", self.stuck)
        self.detached = self.detached or "ended" in told
        if "steps" not in told:
            return []
        self.steps, self.skipped = told["steps"], told["skipped"]
        self.overhead = decode(told["overhead"], Overhead)
        if "findings" in told:
            self.findings = decode(told["findings"], tuple[Finding, ...])
        if "silent" in told:
            self.silent = decode(told["silent"], tuple[Silent, ...])
        if "notes" in told:
            self.notes = tuple(told["notes"])
        samples = [self._unpacker.unpack(each) for each in told["samples"]]
        self.sampled += len(samples)
        return samples


def ranks_in_words(ranks: Sequence[int]) -> str:
    """``"rank 1"``, ``"ranks 0 and 3"``."""
    if len(ranks) == 1:
        return f"rank {ranks[0]}"
    if len(ranks) > _NAMED:
        return f"ranks {', '.join(map(str, ranks[:_NAMED]))} and {len(ranks) - _NAMED} more"
    return f"ranks {', '.join(map(str, ranks[:-1]))} and {ranks[-1]}"
