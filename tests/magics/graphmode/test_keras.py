"""Cells of Keras, which makes graphs of its steps and not of the cell."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import dlmagic

keras = pytest.importorskip("keras")
pytestmark = pytest.mark.skipif(
    keras.config.backend() != "tensorflow", reason="the mode graph is for Keras on TensorFlow"
)


def model_and_data() -> dict[str, Any]:
    model = keras.Sequential([keras.layers.Input((2,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    x, y = np.ones((4, 2), "float32"), np.ones((4, 1), "float32")
    return {"keras": keras, "model": model, "x": x, "y": y}


@pytest.mark.parametrize(
    "text",
    ["history = model.fit(x, y, verbose=0)", "model.train_on_batch(x, y)", "model.predict(x)"],
)
def test_steps_that_keras_compiles_are_not_called_eager(text: str) -> None:
    found = dlmagic.graphmode(text, namespace=model_and_data())
    said = repr(found)
    assert (found.ran, found.reason) == ("partly", "")
    assert said.startswith("The cell ran partly compiled in mode graph, which shows no graph")
    assert "a cell that is run again finds them compiled" in " ".join(said.split())


def test_other_cells_with_a_model_are_graphs_of_tensorflow() -> None:
    found = dlmagic.graphmode("out = model(x)", namespace=model_and_data())
    assert found.ran == "graph"
    assert "fit()" not in repr(found)
