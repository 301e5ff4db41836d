"""A cell of TensorFlow with its starting state, as the adapter meets it."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from dlmagic.cell.function import CellFunction, compile_cell
from dlmagic.cell.snapshot import Snapshot, take_snapshot
from dlmagic.cell.source import CellSource
from dlmagic.frameworks.plain.adapter import PlainFramework
from dlmagic.frameworks.protocol import Prepared
from dlmagic.frameworks.tensorflow.adapter import TensorFlowFramework


@dataclass
class Bench:
    """One cell and what it starts from."""

    cell: CellFunction
    snapshot: Snapshot
    framework: TensorFlowFramework

    @property
    def arguments(self) -> dict[str, object]:
        return dict(zip(self.cell.parameters, self.cell.arguments(), strict=True))

    def run(self, replaced: Mapping[str, object] | None = None) -> tuple[object, ...]:
        values = {**self.arguments, **(replaced or {})}
        return self.cell.function(*(values[name] for name in self.cell.parameters))

    def run_once(self, replaced: Mapping[str, object]) -> object:
        try:
            return self.run(replaced)
        finally:
            self.snapshot.restore()

    def prepare(self, mode: str) -> Prepared:
        return self.framework.prepare(mode, self.cell, self.arguments, self.run_once)

    def call(self, prepared: Prepared, **replaced: object) -> dict[str, Any]:
        """Run prepared once; the outputs by name, the last expression under ``""``."""
        values = {**self.arguments, **replaced}
        with prepared.active():
            returned = prepared.function(*(values[name] for name in self.cell.parameters))
        outputs, last = self.cell.split(returned)
        return {**outputs, "": last}

    def in_mode(self, mode: str) -> dict[str, Any]:
        """What a mode makes of the starting state, which is put back."""
        try:
            return self.call(self.prepare(mode))
        finally:
            self.snapshot.restore()

    def failure(self, mode: str) -> tuple[str, int | None]:
        """Why a mode fails, and in which line, in the words for the user."""
        with pytest.raises(Exception) as caught:
            self.in_mode(mode)
        explained = self.framework.explain_failure(caught.value, self.cell.source.filename)
        assert explained is not None, caught.value
        return explained


@pytest.fixture
def notebook() -> dict[str, object]:
    """The names of a notebook, to which cells that came before can add theirs."""
    return {"__name__": "__main__", "__builtins__": builtins, "tf": tf, "np": np}


@pytest.fixture
def bench(notebook: dict[str, object]) -> Callable[..., Bench]:
    """Make a :class:`Bench` from a cell's text, cells before it and the names that it finds."""

    def make(text: str, /, *before: str, **names: object) -> Bench:
        notebook.update(names)
        for earlier in before:
            earlier_cell = compile_cell(CellSource.from_text(earlier), notebook)
            earlier_cell.commit()
        framework = TensorFlowFramework()
        frameworks = (framework, PlainFramework((framework,)))
        cell = compile_cell(CellSource.from_text(text), notebook)
        cell.define()
        snapshot = take_snapshot(notebook, cell.reads, frameworks=frameworks, cell_text=text)
        return Bench(cell, snapshot, framework)

    return make
