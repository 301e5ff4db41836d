"""The same on JAX and PyTorch, each in a process of its own: Keras takes one backend for good."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

SCRIPT = """
import json, sys
import keras, numpy as np
from dlmagic import bench
from dlmagic.errors import ModeUnavailable
from dlmagic.frameworks.choosing import framework_for

class Stop(keras.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        raise KeyboardInterrupt

keras.utils.set_random_seed(0)
layers = [keras.Input((4,)), keras.layers.Dense(8, activation="relu"),
          keras.layers.BatchNormalization(), keras.layers.Dense(1)]
model = keras.Sequential(layers)
model.compile(optimizer="adam", loss="mse", metrics=["mae"])
x = np.random.default_rng(0).random((80, 4), dtype=np.float32)
names = {"model": model, "x": x, "y": x.sum(axis=1, keepdims=True), "stop": Stop(),
         "__name__": "__main__"}
model.fit(x, names["y"], verbose=0)

def state():
    variables = [*model.variables, *model.optimizer.variables]
    variables += [v for metric in model.metrics for v in metric.variables]
    values = [np.asarray(keras.ops.convert_to_numpy(v.value)).tobytes().hex() for v in variables]
    return values, id(model.train_function), model.run_eagerly, model.jit_compile

before, told = state(), {"default": [], "arms": {}}
framework = framework_for([model], {"fit"})[0]
told["default"] = [mode.name for mode in framework.modes if mode.default]
told["by hand"] = framework_for([model], {"call"})[0].name
modes = sys.argv[1].split(",")
for cell in ("model.train_on_batch(x, y)", "model.evaluate(x, y)"):
    result = bench(cell, namespace=names, modes=modes, time=0.05)
    for mode in modes:
        arm = result[mode]
        kinds = [finding.kind for finding in arm.findings]
        told["arms"][f"{cell} {mode}"] = [arm.status, arm.agrees, "recompile" in kinds]
        told.setdefault("reasons", {})[mode] = arm.reason
told["put back"] = state() == before
try:
    bench("model.fit(x, y, callbacks=[stop])", namespace=names, time=0.1)
except KeyboardInterrupt:
    told["put back after an interrupt"] = state() == before
history = model.fit(x, names["y"], verbose=0).history
told["still learns"] = bool(np.isfinite(history["loss"]).all())
print("TOLD " + json.dumps(told))
"""


def told_by(backend, modes):
    """What the script says on a backend."""
    surroundings = {**os.environ, "KERAS_BACKEND": backend}
    command = [sys.executable, "-c", SCRIPT, modes]
    done = subprocess.run(command, env=surroundings, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]
    line = next(line for line in done.stdout.splitlines() if line.startswith("TOLD "))
    return json.loads(line.removeprefix("TOLD "))


@pytest.mark.parametrize(
    ("backend", "modes", "default"),
    [("jax", ["eager", "xla"], ["eager", "xla"]), ("torch", ["eager"], ["eager"])],
)
def test_a_model_is_timed_and_put_back(backend, modes, default):
    told = told_by(backend, ",".join(modes))
    assert told["default"] == default
    assert told["by hand"] == backend
    assert set(map(tuple, told["arms"].values())) == {("ok", True, False)}
    assert told["put back"]
    assert told["put back after an interrupt"]
    assert told["still learns"]
