"""After timing: what the arms cost in memory, energy and arithmetic, each in a pass of its own.

Instruments disturb, so nothing is timed after them, and the one that disturbs most, counting
operations, comes last and runs the cell as it is, never a mode that was timed.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from dlmagic.cell.output import unheard
from dlmagic.devices.reading import Reason
from dlmagic.frameworks.costs import OperationCount
from dlmagic.magics.bench.cell_runner import CellRunner
from dlmagic.magics.bench.contestants import Contestant
from dlmagic.magics.bench.energy_pass import gpus_of, measure_energy
from dlmagic.magics.bench.flop_pass import (
    as_share,
    beyond,
    computing_framework,
    count_operations,
    impossible_time,
    roofline_of,
)
from dlmagic.magics.bench.measurement import Measurement
from dlmagic.magics.bench.memory_pass import measure_peak
from dlmagic.magics.bench.request import Request, Surroundings
from dlmagic.magics.bench.result import RESIDENT
from dlmagic.magics.bench.subject import Subject

CONVENTION = (
    "FLOPs: a multiply-add is 2, and only matrix products and convolutions of the eager cell count"
)


@dataclass
class Probes:
    """The passes over the arms that were timed.

    Attributes:
        contestants: All arms, by name.
        measurement: Their times.
        surroundings: Where it happens.
        notes: What the user should know beside the figures; grows.
    """

    contestants: Mapping[str, Contestant]
    measurement: Measurement
    surroundings: Surroundings
    notes: list[str] = field(default_factory=list)

    def run(self, request: Request) -> None:
        """Take what was asked for.

        Raises:
            KeyboardInterrupt: The user stopped it; what is known is kept.
        """
        if request.memory:
            self._per_arm("peak memory", self._memory)
            for source in dict.fromkeys(c.costs.memory_source for c in self._timed().values()):
                self._explain(source)
        if request.energy:
            try:
                self._per_arm("energy", self._energy)
            finally:
                self.surroundings.energy_meter.close()
        if request.flops:
            self._count()

    def _per_arm(self, what: str, measure: Callable[[str, CellRunner], Reason | None]) -> None:
        """Measure every arm that was timed; note once why it is not possible."""
        reasons: dict[str, list[str]] = {}
        runners = {name: c.runner for name, c in self._timed().items() if c.runner is not None}
        for name, runner in runners.items():
            self.surroundings.tell(f"measuring {what} of {name}")
            refused = self._measured(measure, name, runner)
            if refused is not None:
                reasons.setdefault(refused.text, []).append(name)
        for reason, names in reasons.items():
            of_whom = "" if len(names) == len(runners) else f" of {', '.join(names)}"
            self._note(f"{what.capitalize()}{of_whom} is not measurable here: {reason}")

    def _measured(
        self, measure: Callable[[str, CellRunner], Reason | None], name: str, runner: CellRunner
    ) -> Reason | None:
        try:
            with unheard(self.surroundings.output):
                return measure(name, runner)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # a cell may raise anything, SystemExit too
            return Reason(f"{type(error).__name__}: {' '.join(str(error).split())}")
        finally:
            runner.restore()

    def _memory(self, name: str, runner: CellRunner) -> Reason | None:
        found = measure_peak(runner, runner.subject.frameworks, self.surroundings.host_memory)
        if isinstance(found, Reason):
            return found
        costs = self.contestants[name].costs
        costs.peak_memory, costs.peak_reserved = found.allocated, found.reserved
        costs.memory_source = found.source
        return None

    def _explain(self, source: str) -> None:
        if source == RESIDENT:
            self._note("Peak memory: what one call adds to the resident memory of the process")
        elif source:
            graphs = "what CUDA graphs keep between calls is not in it"
            self._note(f"Peak memory: what one call adds in the {source}; {graphs}")

    def _energy(self, name: str, runner: CellRunner) -> Reason | None:
        gpus = gpus_of(runner.subject.frameworks)
        if isinstance(gpus, Reason):
            # Without any GPU in the machine, that is the better reason.
            absent = self.surroundings.energy_meter.joules(None)
            return absent if isinstance(absent, Reason) else gpus
        found = measure_energy(
            runner,
            self.surroundings.energy_meter,
            self.surroundings.clock,
            per_call=self._median(name),
            gpus=gpus,
        )
        if isinstance(found, Reason):
            return found
        self.contestants[name].costs.energy = found
        return None

    def _count(self) -> None:
        subjects = {c.choice.subject.block: c.choice.subject for c in self._timed().values()}
        for block, subject in subjects.items():
            self.surroundings.tell(f"counting FLOPs{f' of {block}' if block else ''}")
            count = count_operations(subject, self.surroundings.output)
            of_whom = f" of {block}" if block else ""
            if isinstance(count, Reason):
                self._note(f"FLOPs{of_whom} are not counted: {count}")
            elif not count.operations:
                self._note(f"{CONVENTION}: {block or 'the cell'} has none")
                self._keep(subject, count)
            else:
                self._keep(subject, count)
                self._share(subject, count)

    def _keep(self, subject: Subject, count: OperationCount) -> None:
        for contestant in self._timed().values():
            if contestant.choice.subject is subject:
                contestant.costs.flops = count.flops
                contestant.costs.bytes_moved = count.bytes_moved

    def _share(self, subject: Subject, count: OperationCount) -> None:
        """Compare with the limits of the machine; measure these again before they are doubted."""
        framework = computing_framework(subject)
        assert not isinstance(framework, Reason)
        self.surroundings.tell("measuring how fast the machine can compute")
        medians = {
            name: self._median(name)
            for name, contestant in self._timed().items()
            if contestant.choice.subject is subject
        }
        roofline = roofline_of(framework, count, self.surroundings.clock)
        if not isinstance(roofline, Reason) and any(
            beyond(roofline.seconds(count) / median) for median in medians.values()
        ):
            roofline = roofline_of(framework, count, self.surroundings.clock, again=True)
        if isinstance(roofline, Reason):
            self._note(f"The share of the roofline is not known: {roofline}")
            return
        self._note(f"{CONVENTION}; the roofline here: {roofline}")
        least = roofline.seconds(count)
        for name, median in medians.items():
            costs = self.contestants[name].costs
            costs.roofline_share = as_share(least / median)
            if beyond(least / median):
                costs.findings = (*costs.findings, impossible_time(name, median, count, least))

    def _median(self, name: str) -> float:
        return statistics.median(self.measurement.steady_samples(name))

    def _timed(self) -> dict[str, Contestant]:
        return {
            name: contestant
            for name, contestant in self.contestants.items()
            if contestant.runner is not None and self.measurement.samples(name)
        }

    def _note(self, text: str) -> None:
        if f"{text}." not in self.notes:
            self.notes.append(f"{text}.")
