"""Models, data and cells, as the adapter for Keras meets them on TensorFlow."""

from __future__ import annotations

import builtins
import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")  # before Keras is imported

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np
import pytest

from dlmagic.cell.function import CellFunction, compile_cell
from dlmagic.cell.snapshot import Snapshot, take_snapshot
from dlmagic.cell.source import CellSource
from dlmagic.frameworks.keras.adapter import KerasFramework
from dlmagic.frameworks.protocol import Prepared
from dlmagic.frameworks.registry import loaded_frameworks


@dataclass
class Trial:
    """One cell with the states before and after its first run, as a benchmark keeps them."""

    cell: CellFunction
    start: Snapshot
    snapshot: Snapshot
    framework: KerasFramework = field(default_factory=KerasFramework)

    @property
    def arguments(self) -> dict[str, object]:
        return dict(zip(self.cell.parameters, self.cell.arguments(), strict=True))

    def run(self, replaced: Any = None) -> tuple[object, ...]:
        values = {**self.arguments, **(replaced or {})}
        return self.cell.function(*(values[name] for name in self.cell.parameters))

    def run_once(self, replaced: Any) -> object:
        try:
            return self.run(replaced)
        finally:
            self.snapshot.restore()

    def prepare(self, mode: str) -> Prepared:
        prepared = self.framework.prepare(mode, self.cell, self.arguments, self.run_once)
        self.snapshot.restore()
        return prepared

    def call(self, prepared: Prepared) -> Any:
        """Run the cell once from its starting state in a mode; its last value."""
        self.snapshot.restore()
        with prepared.active():
            returned = prepared.function(*self.arguments.values())
        return self.cell.split(returned)[1]


@pytest.fixture
def trial() -> Callable[..., Trial]:
    """Make a :class:`Trial` from a cell's text and the names that it finds."""

    def make(text: str, /, **names: object) -> Trial:
        namespace = {"__name__": "__main__", "__builtins__": builtins, **names}
        cell = compile_cell(CellSource.from_text(text), namespace)
        cell.define()
        start = take_snapshot(namespace, cell.reads, frameworks=loaded_frameworks())
        cell.function(*cell.arguments())
        start.namespace.restore()
        snapshot = take_snapshot(namespace, cell.reads, frameworks=loaded_frameworks())
        return Trial(cell, start, snapshot)

    return make


@pytest.fixture
def data() -> dict[str, Any]:
    """Three batches to learn from, the last one smaller."""
    rng = np.random.default_rng(0)
    x = rng.random((80, 4), dtype=np.float32)
    return {"x": x, "y": x.sum(axis=1, keepdims=True)}


@pytest.fixture
def model() -> Any:
    """A small compiled model with a state beside its weights."""
    keras.utils.set_random_seed(0)
    layers = [
        keras.Input((4,)),
        keras.layers.Dense(8, activation="relu"),
        keras.layers.BatchNormalization(),
        keras.layers.Dense(1),
    ]
    model = keras.Sequential(layers)
    model.compile(optimizer=keras.optimizers.Adam(0.01), loss="mse", metrics=["mae"])
    return model


@pytest.fixture
def state_of() -> Callable[[Any], dict[str, Any]]:
    """Everything of a model that a user can see, to be compared bit by bit."""
    return visible


def visible(model: Any) -> dict[str, Any]:
    functions = ("train_function", "test_function", "predict_function")
    seen: dict[str, Any] = {name: getattr(model, name) for name in functions}
    seen["settings"] = (model.run_eagerly, model.jit_compile, model.built)
    seen["stop"] = getattr(model, "stop_training", None)
    seen["config"] = model.get_compile_config() if model.compiled else None
    seen["objects"] = [id(variable) for variable in all_variables(model)]
    for index, variable in enumerate(all_variables(model)):
        value = keras.ops.convert_to_numpy(variable.value)
        seen[f"{index} {variable.path}"] = (str(value.dtype), value.shape, value.tobytes())
    return seen


def all_variables(model: Any) -> list[Any]:
    optimizer = getattr(model, "optimizer", None)
    metrics = [variable for metric in model.metrics for variable in metric.variables]
    return [*model.variables, *(optimizer.variables if optimizer else ()), *metrics]
