"""What an arm costs beside time: memory, arithmetic, energy."""

from __future__ import annotations

from dataclasses import dataclass, replace

from dlmagic.finding import Finding
from dlmagic.magics.bench.arm_result import Arm


@dataclass
class Costs:
    """What the passes after timing found out about one arm; None where not asked or not known.

    Attributes: as of :class:`~dlmagic.magics.bench.arm_result.Arm`.
    """

    peak_memory: int | None = None
    peak_reserved: int | None = None
    memory_source: str = ""
    flops: float | None = None
    bytes_moved: float | None = None
    roofline_share: float | None = None
    energy: float | None = None
    findings: tuple[Finding, ...] = ()

    def added_to(self, arm: Arm) -> Arm:
        """The arm with all of this."""
        known = {name: value for name, value in vars(self).items() if name != "findings"}
        return replace(arm, **known, findings=(*arm.findings, *self.findings))
