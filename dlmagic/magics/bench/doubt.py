"""A time beyond the roofline: the limit was measured in a bad moment, or work was skipped."""

from __future__ import annotations

from dataclasses import dataclass

from dlmagic.devices.reading import Reason
from dlmagic.display.units import about, seconds
from dlmagic.finding import Finding
from dlmagic.frameworks.costs import OperationCount
from dlmagic.frameworks.protocol import Framework
from dlmagic.magics.bench.clock import Clock
from dlmagic.magics.bench.flop_pass import roofline_of
from dlmagic.magics.bench.roofline import Roofline
from dlmagic.magics.bench.timed_arm import TimedArm

SLACK = 1.2
"""A limit may be too low by that much before a time beyond it is doubted."""
_ATTEMPTS = 2
_BLOCK, _BLOCKS = 0.005, 10  # seconds of a block of calls, and how many


@dataclass
class Doubt:
    """One arm whose time may lie beyond the limits.

    Other users of the machine may have slowed the measuring of the limits down. So both are
    measured again in turn, and only an arm that is beyond the best limits every time skips work.

    Attributes:
        arm: The arm.
        framework: In which the limits are measured.
        count: What the cell computes.
        clock: Where time is read.
    """

    arm: TimedArm
    framework: Framework
    count: OperationCount
    clock: Clock

    def settle(self, roofline: Roofline) -> tuple[Roofline, bool]:
        """The best limits known in the end, and whether the arm skips work."""
        if not beyond(roofline, self.count, self.arm.median):
            return roofline, False
        for _ in range(_ATTEMPTS):
            found = roofline_of(self.framework, self.count, self.clock, again=True)
            roofline = roofline if isinstance(found, Reason) else found
            if not beyond(roofline, self.count, self._fastest_call()):
                return roofline, False
        return roofline, True

    def _fastest_call(self) -> float:
        """Seconds a call in the quickest of some blocks, now; it is not reported."""
        runner, calls = self.arm.runner, max(1, int(_BLOCK / self.arm.median))
        found = []
        try:
            for _ in range(_BLOCKS):
                runner.restore()
                runner.run(1)
                runner.synchronise()
                start = self.clock.now()
                runner.run(calls)
                runner.synchronise()
                found.append((self.clock.now() - start) / calls)
        finally:
            runner.restore()
        return min(found)


def beyond(roofline: Roofline, count: OperationCount, per_call: float) -> bool:
    """Whether a time is shorter than the limits allow, by more than they may be wrong."""
    return roofline.seconds(count) > SLACK * per_call


def impossible_time(name: str, median: float, count: OperationCount, least: float) -> Finding:
    """What to say of a time that the work cannot have been done in.

    Args:
        name: Of the arm.
        median: Its seconds a call.
        count: What the cell computes.
        least: Seconds that this takes at the limits of the machine.
    """
    message = (
        f"{name} takes {seconds(median)}, and the {about(count.flops)} FLOPs of the cell alone "
        f"would take this machine {seconds(least)}: work was skipped, such as results that "
        "nobody uses, or done in fewer operations."
    )
    return Finding("impossible-time", "warning", message)
