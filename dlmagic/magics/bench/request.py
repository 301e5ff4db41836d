"""What the user asked for, and the surroundings in which it happens."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

from dlmagic.cell.memory import free_memory
from dlmagic.cell.output import Output
from dlmagic.cell.source import CellSource
from dlmagic.errors import OptionError
from dlmagic.magics.bench.clock import Clock, WallClock
from dlmagic.magics.bench.isolated.task import Answer, Task


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
        save: File to write the result to.
        against: File with an earlier result to compare with.
        force: Whether ``save`` may replace a file of something else.
        isolate: Whether each arm runs in fresh processes, several times.
        alone: Whether this is one of those processes, whose only arm is compared with none.
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
    save: str | None = None
    against: str | None = None
    force: bool = False
    isolate: bool = False
    alone: bool = False

    def __post_init__(self) -> None:
        if not (self.seconds > 0 and math.isfinite(self.seconds)):
            raise OptionError(
                f"--time {self.seconds:g} is no time to measure in.",
                "Give seconds above 0, such as --time 5.",
            )
        for name, value in (("--rtol", self.rtol), ("--atol", self.atol)):
            if value is not None and not value >= 0:
                raise OptionError(f"{name} {value:g} is no tolerance.", "Give a number from 0 up.")


@dataclass(frozen=True)
class Surroundings:
    """What a benchmark needs from where it runs.

    Attributes:
        output: Where the cell's own output goes.
        tell: Shows one line of progress in place of the last one.
        clock: Where time is read.
        free_memory: Says how many bytes may be filled with copies.
        launch: Runs one task of ``--isolate``; None for a fresh process of this interpreter.
    """

    output: Output
    tell: Callable[[str], object] = lambda _line: None
    clock: Clock = field(default_factory=WallClock)
    free_memory: Callable[[], int] = free_memory
    launch: Callable[[Task], Answer] | None = None
