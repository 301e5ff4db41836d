"""Whether a rewrite lets other gradients through than the cell does as it is.

The values of two cells may agree where their gradients do not: ``.item()`` lets none through, and
of two results that ``where`` chooses from, the one not chosen may have a gradient that is NaN.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from numbers import Number
from typing import Protocol, runtime_checkable

import numpy as np

from dlmagic.cell.output import unheard
from dlmagic.cell.subject import Subject
from dlmagic.frameworks.gradients import Gradients
from dlmagic.magics.graphmode.capture import Compiler
from dlmagic.magics.graphmode.gradients import Runs
from dlmagic.magics.graphmode.inspection import Inspection

Returned = tuple[object, ...]
Choose = Callable[[Returned], Returned]
"""Takes what a cell returns, and gives that of it whose gradients are wanted."""


@runtime_checkable
class DifferentiatesPlainly(Protocol):
    """A compiler of a framework that can differentiate a cell without compiling it."""

    def plain_gradients(self, subject: Subject, choose: Choose) -> Gradients | None:
        """Those of one plain run; None where nothing can have one, or no output depends on it.

        Raises:
            Exception: They cannot be taken.
        """


@dataclass(frozen=True)
class BothCells:
    """A cell as it is, and mended.

    Attributes:
        before: As it is.
        after: Mended.
        returned: What the cell returns as it is.
    """

    before: Subject
    after: Subject
    returned: Returned

    def have_same_gradients(self, compiler: Compiler, inspection: Inspection) -> bool:
        """Whether both give the same, as far as anybody can tell; their runs count."""
        if not isinstance(compiler, DifferentiatesPlainly):
            return True
        if self.before.cell.outputs != self.after.cell.outputs:
            return False
        runs = Runs(self.before)
        try:
            with unheard(inspection.output):
                return self._compared(compiler, runs)
        finally:
            inspection.runs += runs.count

    def _compared(self, compiler: DifferentiatesPlainly, runs: Runs) -> bool:
        def taken(subject: Subject) -> Gradients | None:
            return runs.made(lambda: compiler.plain_gradients(subject, self._that_can_have_one))

        try:
            plain = taken(self.before)
        except Exception:  # a cell that nobody can differentiate has no gradients to keep
            return True
        try:
            return runs.compared(plain or {}, taken(self.after)).agrees is not False
        except Exception:  # the rewrite takes them away
            return False

    def _that_can_have_one(self, returned: Returned) -> Returned:
        """What is no number as the cell is; a rewrite may make a tensor of a number."""
        pairs = zip(returned, self.returned, strict=True)
        return tuple(value for value, before in pairs if not _is_number(before))


def _is_number(value: object) -> bool:
    if isinstance(value, list | tuple):
        return all(map(_is_number, value))
    return isinstance(value, Number | np.ndarray)
