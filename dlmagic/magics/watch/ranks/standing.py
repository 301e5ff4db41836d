"""How one rank's watching stands, as it told last."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from dlmagic.codec import decode
from dlmagic.finding import Finding
from dlmagic.magics.watch.ranks.wire import Unpacker
from dlmagic.magics.watch.sample_result import Overhead, Sample, Silent


@dataclass
class Standing:
    """One rank.

    Attributes:
        host: Where it runs.
        steps: Steps of its optimiser.
        skipped: Steps that a gradient scaler left out.
        sampled: Samples that it has told of.
        overhead: What watching costs there.
        findings: What is wrong with its own samples.
        silent: Layers that never fired there.
        notes: What there is to know about how its model is watched.
        detached: Whether it watches no longer.
        lost: Why it can tell no more; empty where it can.
        stuck: ``"cut off"`` where a cell did not hear an interrupt until its process group was
            ended, ``"left"`` where there was none to end; empty where each was heard.
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
