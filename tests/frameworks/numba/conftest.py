"""A cell, and what becomes of it when numba compiles it."""

from __future__ import annotations

import builtins
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from dlmagic.cell.compare import Agreement, compare, freeze
from dlmagic.cell.function import CellFunction, compile_cell
from dlmagic.cell.snapshot import Snapshot, take_snapshot
from dlmagic.cell.source import CellSource
from dlmagic.frameworks.numba.adapter import NumbaFramework
from dlmagic.frameworks.plain.adapter import PlainFramework
from dlmagic.frameworks.protocol import Prepared

NUMBA = NumbaFramework()
FRAMEWORKS = (NUMBA, PlainFramework((NUMBA,)))


@dataclass
class Trial:
    """One cell with its starting state."""

    cell: CellFunction
    snapshot: Snapshot

    @property
    def arguments(self) -> dict[str, object]:
        return dict(zip(self.cell.parameters, self.cell.arguments(), strict=True))

    def run_once(self, replaced: dict[str, object]) -> tuple[object, ...]:
        try:
            return self.cell.function(*{**self.arguments, **replaced}.values())
        finally:
            self.snapshot.restore()

    def prepare(self, mode: str) -> Prepared:
        return NUMBA.prepare(mode, self.cell, self.arguments, self.run_once)

    def outcome(self, prepared: Prepared) -> dict[str, object]:
        """Every output by name, the last expression's value under its own."""
        self.snapshot.restore()
        values = {**self.arguments, **prepared.replacements}
        with prepared.active():
            outputs, last = self.cell.split(prepared.function(*values.values()))
        return {**outputs, "the last value": last}

    def agreement(self) -> Agreement:
        """How what njit gives compares with what the cell gives as it is written."""
        reference = freeze(self.outcome(self.prepare("python")), FRAMEWORKS)
        compiled = freeze(self.outcome(self.prepare("njit")), FRAMEWORKS)
        return compare(reference, compiled)


@pytest.fixture
def trial() -> Callable[..., Trial]:
    """Make a :class:`Trial` from a cell's text and the names that it finds.

    What ``before`` defines stands in the notebook as an earlier cell leaves it.
    """

    def make(text: str, /, *, before: str = "", **names: object) -> Trial:
        namespace = {"__name__": "__main__", "__builtins__": builtins, **names}
        if before:
            compile_cell(CellSource.from_text(before), namespace).commit()
        cell = compile_cell(CellSource.from_text(text), namespace)
        cell.define()
        snapshot = take_snapshot(namespace, cell.reads, frameworks=FRAMEWORKS, cell_text=text)
        return Trial(cell, snapshot)

    return make
