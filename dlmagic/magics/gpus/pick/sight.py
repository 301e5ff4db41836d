"""What whoever picks has before their eyes: the devices that they may use, and what bars each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from dlmagic.devices.cuda.allocation import Allocation
from dlmagic.devices.gpus.gpu import GpuReadings
from dlmagic.devices.leases.values import Party
from dlmagic.magics.gpus.pick.choosing import Candidate, chosen, liked


@dataclass(frozen=True)
class Sight:
    """One look.

    Attributes:
        readings: Of the GPUs.
        allocation: What this process was given.
        candidates: The devices that this process may use, in CUDA's order.
        count: How many are wanted.
        parties: Who holds devices, or waits for those that nobody holds, by UUID; not this pick.
    """

    readings: GpuReadings
    allocation: Allocation
    candidates: tuple[Candidate, ...]
    count: int
    parties: Mapping[str, Party] = field(default_factory=dict)

    @property
    def choice(self) -> tuple[Candidate, ...] | None:
        """What would be taken; None where too few suit."""
        return chosen(self.candidates, self.parties, self.count)

    @property
    def suiting(self) -> tuple[Candidate, ...]:
        """What nobody has and nothing bars."""
        return tuple(each for each in self.candidates if self.is_free(each))

    @property
    def useful(self) -> tuple[Candidate, ...]:
        """What may be taken now or later, the best first."""
        useful = liked(self.candidates, self.count)
        return tuple(each for each in useful if each.uuid and not each.vain)

    def is_free(self, candidate: Candidate) -> bool:
        """Whether it could be taken."""
        return not candidate.bar and candidate.uuid not in self.parties
