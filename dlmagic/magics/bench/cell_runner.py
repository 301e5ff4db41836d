"""A prepared cell as something that can be timed."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from dlmagic.cell.output import Output
from dlmagic.cell.subject import Subject
from dlmagic.frameworks.protocol import Framework, Prepared
from dlmagic.magics.bench.clock import Clock
from dlmagic.magics.bench.loop import loop
from dlmagic.magics.bench.runner import Flush


@dataclass
class CellRunner:
    """One mode of one alternative; what :func:`dlmagic.magics.bench.measure.measure` runs.

    Attributes:
        name: What the user calls it, such as ``"compile"`` or ``"matmul/compile"``.
        subject: The alternative.
        mode: The mode's name.
        framework: Whose mode it is.
        prepared: The cell in that mode.
        output: Where prints go: nowhere, while time is taken.
    """

    name: str
    subject: Subject
    mode: str
    framework: Framework
    prepared: Prepared
    output: Output
    last: object = field(default=None, repr=False)

    @cached_property
    def arguments(self) -> tuple[object, ...]:
        """The values of the cell's parameters, some replaced by the mode."""
        replaced = {**self.subject.arguments, **self.prepared.replacements}
        return tuple(replaced[name] for name in self.subject.cell.parameters)

    def restore(self) -> None:
        """Put the state back that the cell starts from."""
        self.last = None
        self.subject.snapshot.restore()

    def run(self, calls: int) -> None:
        """Call the cell; its last result lives until :meth:`restore`."""
        repeat = itertools.repeat(None, calls)
        call = loop(len(self.arguments))
        with self.output.dropped(), self.prepared.active():
            self.last = call(repeat, self.prepared.function, *self.arguments)

    def run_cold(self, flush: Flush, clock: Clock) -> float:
        """Seconds of one call right after ``flush``, within the mode."""
        call, arguments = loop(len(self.arguments)), self.arguments
        repeat, function = itertools.repeat(None, 1), self.prepared.function
        self.last = None
        with self.output.dropped(), self.prepared.active():
            self.synchronise()
            flush()
            start = clock.now()
            self.last = call(repeat, function, *arguments)
            self.synchronise()
            return clock.now() - start

    def synchronise(self) -> None:
        """Wait for the devices of the framework."""
        self.framework.synchronise(self.last)

    def events(self) -> Mapping[str, int]:
        """What the framework's compiler has counted so far."""
        return self.framework.events()
