"""What the user asked for, and the surroundings in which it happens."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from dlmagic.cell.memory import free_memory
from dlmagic.cell.output import Output
from dlmagic.cell.source import CellSource
from dlmagic.devices.host import HostMemory
from dlmagic.devices.nvml import EnergyMeter, Nvml
from dlmagic.errors import OptionError
from dlmagic.magics.bench.clock import Clock, WallClock
from dlmagic.magics.bench.isolated.task import Answer, Task
from dlmagic.magics.bench.ranks.clock import RanksClock
from dlmagic.magics.bench.sweep.values import SweepValues


@dataclass(frozen=True)
class Request:
    """One benchmark.

    Attributes:
        source: The cell.
        namespace: The notebook's namespace.
        modes: Modes to time, in the user's order; None for the default ones.
        reference: Name of the mode or alternative to compare with; None for the first.
        seconds: Measuring budget for the whole cell, compiling apart.
        check: Whether answers are compared.
        rtol: Relative tolerance; None for the default of the dtype.
        atol: Absolute tolerance; None for the default of the dtype.
        keep: Whether the reference run's assignments and changes stay.
        seed: Of the order of the rounds.
        memory: Whether the peak of memory is measured, after timing.
        flops: Whether FLOPs are counted, after timing.
        energy: Whether the energy of GPUs is measured, after timing.
        cold: Whether caches are flushed before every timed call.
        sweep: A name and the values that it is bound to in turn, or None.
        sharing: Among how many benchmarks the user's time was divided; ``seconds`` is the
            share of this one.
        save: File to write the result to.
        against: File with an earlier result to compare with.
        force: Whether ``save`` may replace a file of something else.
        isolate: Whether each arm runs in fresh processes, several times.
        alone: Whether this is one of those processes, whose only arm is compared with none.
        on: Engines that time the cell, as the user names them; None for this process.
        patience: Seconds without a word from the engines, after which they are interrupted.
    """

    source: CellSource
    namespace: dict[str, object]
    modes: tuple[str, ...] | None = None
    reference: str | None = None
    seconds: float = 5.0
    check: bool = True
    rtol: float | None = None
    atol: float | None = None
    keep: bool = False
    seed: int = 0
    memory: bool = False
    flops: bool = False
    energy: bool = False
    cold: bool = False
    sweep: SweepValues | None = None
    sharing: int = 1
    save: str | None = None
    against: str | None = None
    force: bool = False
    isolate: bool = False
    alone: bool = False
    on: object = None
    patience: float = 300.0

    def __post_init__(self) -> None:
        if not (self.seconds > 0 and math.isfinite(self.seconds)):
            raise OptionError(
                f"--time {self.seconds:g} is too short to measure anything.",
                "Give seconds above 0, such as --time 5.",
            )
        self._require_what_goes_together()
        for name, value in (("--rtol", self.rtol), ("--atol", self.atol)):
            if value is not None and not value >= 0:
                raise OptionError(
                    f"{name} {value:g} is not a tolerance.", "Give a number from 0 up."
                )
        if self.keep and self.sweep is not None:
            raise OptionError(
                "--keep and --sweep do not go together: a sweep runs the cell with many values.",
                "Leave one of them out.",
            )

    def _not_on_engines(self) -> dict[str, object]:
        """Options that say something about one process."""
        return {
            "--memory": self.memory,
            "--flops": self.flops,
            "--energy": self.energy,
            "--cold": self.cold,
            "--sweep": self.sweep,
            "--isolate": self.isolate,
            "--save": self.save,
            "--against": self.against,
        }

    def _require_what_goes_together(self) -> None:
        """Refuse options of which one would say nothing about what the other does."""
        costs = {"--memory": self.memory, "--flops": self.flops, "--energy": self.energy}
        swept = {"--save": self.save, "--against": self.against, "--isolate": self.isolate}
        clashes: dict[str, Mapping[str, object]] = {
            "--isolate": {**costs, "--cold": self.cold} if self.isolate else {},
            "--sweep": swept if self.sweep is not None else {},
            "--on": self._not_on_engines() if self.on is not None else {},
        }
        for option, others in clashes.items():
            for other in (name for name, given in others.items() if given):
                raise OptionError(
                    f"{option} and {other} do not go together.", "Run the cell once with each."
                )


@dataclass(frozen=True)
class Surroundings:
    """What a benchmark needs from where it runs.

    Attributes:
        output: Where the cell's own output goes.
        tell: Shows one line of progress in place of the last one.
        clock: Where time is read.
        free_memory: Says how many bytes may be filled with copies.
        host_memory: What this process occupies.
        energy_meter: What counts the energy of GPUs; no driver is started before it is asked.
        launch: Runs one task of ``--isolate``; None for a fresh process of this interpreter.
        shared: The clock of all ranks that time the cell at the same moment; None where there
            is one process only.
    """

    output: Output
    tell: Callable[[str], object] = lambda _line: None
    clock: Clock = field(default_factory=WallClock)
    free_memory: Callable[[], int] = free_memory
    host_memory: HostMemory = field(default_factory=HostMemory)
    energy_meter: EnergyMeter = field(default_factory=Nvml)
    launch: Callable[[Task], Answer] | None = None
    shared: RanksClock | None = None

    @property
    def measuring_clock(self) -> Clock:
        """The one by which everything is decided that all ranks must decide alike."""
        return self.shared or self.clock
