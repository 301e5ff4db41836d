"""What the user asked ``%%graphmode`` for, and the surroundings in which it happens."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from dlmagic.cell.memory import free_memory
from dlmagic.cell.output import Output
from dlmagic.cell.source import CellSource
from dlmagic.magics.graphmode.calls import Calls
from dlmagic.magics.graphmode.kept import KeptGraphs


@dataclass(frozen=True)
class Request:
    """One cell to be run in graph mode.

    Attributes:
        source: The cell.
        namespace: The notebook's namespace.
        mode: Such as ``"trace"``; None for the default of the framework that the cell uses.
        strict: Whether a cell that the mode cannot run is an error.
        calls: A name and the values that it is bound to in further calls, or None.
    """

    source: CellSource
    namespace: dict[str, object]
    mode: str | None = None
    strict: bool = False
    calls: Calls | None = None


@dataclass(frozen=True)
class Surroundings:
    """What the inspection needs from where it runs.

    Attributes:
        output: Where the cell's own output goes.
        tell: Shows one line of progress in place of the last one.
        now: Seconds of a clock.
        free_memory: Says how many bytes may be filled with copies.
        kept: What was compiled for cells of the same text before.
        name_of_cell: What the user calls the code of a file, such as ``"Cell In[3]"``; None for
            code that is not the user's.
    """

    output: Output
    tell: Callable[[str], object] = lambda _line: None
    now: Callable[[], float] = time.perf_counter
    free_memory: Callable[[], int] = free_memory
    kept: KeptGraphs = field(default_factory=KeptGraphs)
    name_of_cell: Callable[[str], str | None] = lambda _file: None
