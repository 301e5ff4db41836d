"""A cell with its starting state, as the adapters meet it."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec

import pytest

from dlmagic.cell.function import CellFunction, compile_cell
from dlmagic.cell.snapshot import Snapshot, take_snapshot
from dlmagic.cell.source import CellSource
from dlmagic.frameworks.plain.adapter import PlainFramework
from dlmagic.frameworks.protocol import Prepared
from dlmagic.frameworks.torch.adapter import TorchFramework

# Whose files cannot even be imported without them.
collect_ignore = [name for name in ("keras", "tensorflow") if find_spec(name) is None]


@dataclass
class Bench:
    """One cell and what it starts from."""

    cell: CellFunction
    snapshot: Snapshot
    framework: TorchFramework

    @property
    def arguments(self) -> dict[str, object]:
        return dict(zip(self.cell.parameters, self.cell.arguments(), strict=True))

    def run(self, replaced: Mapping[str, object] | None = None) -> tuple[object, ...]:
        values = {**self.arguments, **(replaced or {})}
        return self.cell.function(*(values[name] for name in self.cell.parameters))

    def outputs(self) -> dict[str, object]:
        """Run the cell as it is; its outputs by name."""
        return self.cell.split(self.run())[0]

    def run_once(self, replaced: Mapping[str, object]) -> object:
        try:
            return self.run(replaced)
        finally:
            self.snapshot.restore()

    def prepare(self, mode: str) -> Prepared:
        prepared = self.framework.prepare(mode, self.cell, self.arguments, self.run_once)
        self.snapshot.restore()
        return prepared

    def call(self, prepared: Prepared) -> dict[str, object]:
        """Run prepared once; the outputs by name, the last expression under ``""``."""
        values = {**self.arguments, **prepared.replacements}
        with prepared.active():
            returned = prepared.function(*(values[name] for name in self.cell.parameters))
        outputs, last = self.cell.split(returned)
        return {**outputs, "": last}


@pytest.fixture
def bench() -> Callable[..., Bench]:
    """Make a :class:`Bench` from a cell's text and the names that it finds."""

    def make(text: str, /, **names: object) -> Bench:
        namespace = {"__name__": "__main__", "__builtins__": builtins, **names}
        framework = TorchFramework(backend="eager")
        frameworks = (framework, PlainFramework((framework,)))
        cell = compile_cell(CellSource.from_text(text), namespace)
        cell.define()
        snapshot = take_snapshot(namespace, cell.reads, frameworks=frameworks, cell_text=text)
        return Bench(cell, snapshot, framework)

    return make
