"""After timing: what the arms cost in memory, energy and arithmetic, each in a pass of its own.

Instruments disturb, so nothing is timed after them, and the one that disturbs most, counting
operations, comes last and runs the cell as it is, never a mode that was timed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from dlmagic.cell.output import unheard
from dlmagic.devices.reading import Reason
from dlmagic.magics.bench.arm_result import RESIDENT
from dlmagic.magics.bench.counting import Counting
from dlmagic.magics.bench.energy_pass import gpus_of, measure_energy
from dlmagic.magics.bench.memory_pass import measure_peak
from dlmagic.magics.bench.request import Request, Surroundings
from dlmagic.magics.bench.timed_arm import TimedArm

Measure = Callable[[TimedArm], Reason | None]


@dataclass
class Probes:
    """The passes over the arms that were timed.

    Attributes:
        arms: What to go over.
        surroundings: Where it happens.
        notes: What the user should know beside the figures; grows.
    """

    arms: Sequence[TimedArm]
    surroundings: Surroundings
    notes: list[str] = field(default_factory=list)

    def run(self, request: Request) -> None:
        """Take what was asked for.

        Raises:
            KeyboardInterrupt: The user stopped it; what is known is kept.
        """
        if request.memory:
            self._per_arm("peak memory", self._memory)
            self.notes += _about_sources([arm.costs.memory_source for arm in self.arms])
        if request.energy:
            try:
                self._per_arm("energy", self._energy)
            finally:
                self.surroundings.energy_meter.close()
        if request.flops:
            Counting(self.arms, self.surroundings, self.notes).run()

    def _per_arm(self, what: str, measure: Measure) -> None:
        """Measure every arm; note once why it is not possible."""
        refused: dict[str, list[str]] = {}
        for arm in self.arms:
            self.surroundings.tell(f"measuring {what} of {arm.name}")
            reason = self._measured(measure, arm)
            if reason is not None:
                refused.setdefault(reason.text, []).append(arm.name)
        for text, names in refused.items():
            of_whom = "" if len(names) == len(self.arms) else f" of {', '.join(names)}"
            self.notes.append(f"{what.capitalize()}{of_whom} is not measurable here: {text}.")

    def _measured(self, measure: Measure, arm: TimedArm) -> Reason | None:
        try:
            with unheard(self.surroundings.output):
                return measure(arm)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # a cell may raise anything, SystemExit too
            return Reason(f"{type(error).__name__}: {' '.join(str(error).split())}")
        finally:
            arm.runner.restore()

    def _memory(self, arm: TimedArm) -> Reason | None:
        frameworks = arm.runner.subject.frameworks
        found = measure_peak(arm.runner, frameworks, self.surroundings.host_memory)
        if isinstance(found, Reason):
            return found
        arm.costs.peak_memory, arm.costs.peak_reserved = found.allocated, found.reserved
        arm.costs.memory_source = found.source
        return None

    def _energy(self, arm: TimedArm) -> Reason | None:
        meter, clock = self.surroundings.energy_meter, self.surroundings.clock
        gpus = gpus_of(arm.runner.subject.frameworks)
        if isinstance(gpus, Reason):
            # Without any GPU in the machine, that is the better reason.
            absent = meter.joules(None)
            return absent if isinstance(absent, Reason) else gpus
        found = measure_energy(arm.runner, meter, clock, per_call=arm.median, gpus=gpus)
        if isinstance(found, Reason):
            return found
        arm.costs.energy = found
        return None


def _about_sources(sources: Sequence[str]) -> list[str]:
    """What the peaks mean, one sentence for each who counted."""
    said = []
    for source in dict.fromkeys(filter(None, sources)):
        if source == RESIDENT:
            said.append("Peak memory: what one call adds to the resident memory of the process.")
        else:
            rest = "what CUDA graphs keep between calls is not in it"
            said.append(f"Peak memory: what one call adds in the {source}; {rest}.")
    return said
