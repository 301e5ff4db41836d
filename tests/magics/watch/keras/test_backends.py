"""Models of Keras on JAX and PyTorch, each in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import keras, numpy as np
from dlmagic.magics.watch.keras.watcher import KerasWatcher
from dlmagic.magics.watch.watcher import Rate
from tests.magics.watch.hearing import Told

x = np.random.default_rng(0).normal(size=(88, 20)).astype("float32")

def trained(watching):
    keras.utils.set_random_seed(0)
    layers = [
        keras.Input((20,)),
        keras.layers.Dense(8, activation="tanh", name="first"),
        keras.layers.Dropout(0.2),
        keras.layers.BatchNormalization(),
        keras.layers.Dense(1, activation="tanh", name="last"),
    ]
    model = keras.Sequential(layers)
    model.compile("adam", "mse")
    watcher = KerasWatcher(model, (), Rate(every=3))
    told = Told()
    if watching:
        watcher.begin(told)
    model.fit(x, x[:, :1], batch_size=22, epochs=3, verbose=0, shuffle=False)
    watcher.end()
    return model, watcher, told

plain, *_ = trained(False)
model, watcher, told = trained(True)
for a, b in zip(plain.variables, model.variables, strict=True):
    first, second = map(keras.ops.convert_to_numpy, (a, b))
    assert first.tobytes() == second.tobytes(), a.path
assert told.steps == list(range(1, 13)), told.steps
samples = watcher.take()
assert [sample.step for sample in samples] == [1, 4, 7, 10], watcher.notes()
found = {(row.layer, row.quantity, row.parameter) for row in samples[-1].rows}
for row in ("first", "activation", ""), ("last", "gradient", "kernel"):
    assert row in found, found
assert all(np.isfinite(sample.column("mean")).all() for sample in samples)
ends = {row.layer: row.activation for row in samples[-1].rows if row.activation}
assert ends == {"first": "tanh"}, ends
assert "call" not in vars(model.layers[0])
print("as it should be")
"""


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_fit_is_watched_and_not_changed(backend):
    root = Path(__file__).parents[4]
    settings = {"KERAS_BACKEND": backend, "JAX_PLATFORMS": "cpu", "PYTHONPATH": str(root)}
    command = [sys.executable, "-W", "ignore", "-c", PROGRAM]
    done = subprocess.run(
        command, env=os.environ | settings, cwd=root, capture_output=True, text=True, timeout=300
    )
    assert done.stdout.strip() == "as it should be", done.stderr[-3000:]
