"""The FLOPs of every alternative, and how near each arm comes to what the machine can do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from dlmagic.cell.subject import Subject
from dlmagic.devices.reading import Reason
from dlmagic.frameworks.costs import OperationCount
from dlmagic.magics.bench.doubt import Doubt, impossible_time
from dlmagic.magics.bench.flop_pass import computing_framework, count_operations, roofline_of
from dlmagic.magics.bench.request import Surroundings
from dlmagic.magics.bench.timed_arm import TimedArm

CONVENTION = (
    "FLOPs: a multiply-add is 2; matrix products and convolutions of the eager cell count, "
    "nothing else."
)


@dataclass
class Counting:
    """Counts each alternative once and gives all its modes the same figures.

    Attributes:
        arms: What was timed.
        surroundings: Where it happens.
        notes: What the user should know beside the figures; grows.
    """

    arms: Sequence[TimedArm]
    surroundings: Surroundings
    notes: list[str]
    _limits: dict[str, None] = field(default_factory=dict)

    def run(self) -> None:
        """Count, then compare with the limits of the machine."""
        subjects = {arm.runner.subject.block: arm.runner.subject for arm in self.arms}
        counted = [self._count(block, subject) for block, subject in subjects.items()]
        if any(counted):
            self.notes.append(CONVENTION)
        if self._limits:
            limits = " and ".join(self._limits)
            self.notes.append(f"Roofline, the most this machine can do: {limits}, measured here.")

    def _count(self, block: str | None, subject: Subject) -> bool:
        of_whom = f" of {block}" if block else ""
        self.surroundings.tell(f"counting FLOPs{of_whom}")
        count = count_operations(subject, self.surroundings.output)
        if isinstance(count, Reason):
            self.notes.append(f"FLOPs{of_whom} are not counted: {count}.")
            return False
        arms = [arm for arm in self.arms if arm.runner.subject is subject]
        for arm in arms:
            arm.costs.flops, arm.costs.bytes_moved = count.flops, count.bytes_moved
        if count.operations:
            self._share(arms, subject, count)
        return True

    def _share(self, arms: Sequence[TimedArm], subject: Subject, count: OperationCount) -> None:
        framework = computing_framework(subject)
        if isinstance(framework, Reason):
            return
        self.surroundings.tell("measuring how fast the machine can compute")
        roofline = roofline_of(framework, count, self.surroundings.clock)
        if isinstance(roofline, Reason):
            self.notes.append(f"The share of the roofline is not known: {roofline}.")
            return
        impossible = set()
        for arm in arms:
            doubt = Doubt(arm, framework, count, self.surroundings.clock)
            roofline, confirmed = doubt.settle(roofline)
            if confirmed:
                impossible.add(arm.name)
        self._limits |= dict.fromkeys(roofline.in_words())
        least = roofline.seconds(count)
        for arm in arms:
            arm.costs.roofline_share = least / arm.median
            if arm.name in impossible:
                finding = impossible_time(arm.name, arm.median, count, least)
                arm.costs.findings = (*arm.costs.findings, finding)
            else:
                arm.costs.roofline_share = min(1.0, least / arm.median)
