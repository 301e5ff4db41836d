"""A benchmark touches only the frameworks that its cell uses, each in a fresh process.

What a framework loads by itself (TensorFlow loads JAX where that is installed) is its own.
"""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec

import pytest

FRAMEWORKS = ("torch", "tensorflow", "keras", "jax", "numba")
KERAS = """\
import keras, numpy as np
x = np.ones((4, 2), 'float32')
model = keras.Sequential([keras.layers.Dense(1)])
model.compile('sgd', 'mse')"""
CELLS = {
    # Not its compiler, which takes its time and is not what is asked here.
    "torch": ("import torch\nx = torch.ones(3)", "x * 2", ["eager"]),
    "tensorflow": ("import tensorflow as tf\nx = tf.ones(3)", "x * 2", None),
    "keras": (KERAS, "model.fit(x, x[:, :1], verbose=0).history['loss'][-1]", None),
    "jax": ("import jax.numpy as jnp\nx = jnp.ones(3)", "x * 2", None),
    "numba": ("import numba\nf = numba.njit(lambda v: v * 2)", "f(3.0)", None),
    "numpy": ("import numpy as np\nx = np.ones(3)", "x * 2", None),
}
PROGRAM = """
import sys
def loaded():
    return {{name for name in {frameworks} if hasattr(sys.modules.get(name), "__version__")}}
{setup}
exec({cell!r})
before = loaded()
from dlmagic import bench
result = bench({cell!r}, time=0.05, modes={modes})
assert all(arm.status == "ok" for arm in result.arms), [arm.reason for arm in result.arms]
assert str(result)
result._repr_mimebundle_()
{more}
print(*(loaded() - before))
"""


def loaded_by_a_benchmark(name: str, more: str = "") -> str:
    setup, cell, modes = CELLS[name]
    program = PROGRAM.format(frameworks=FRAMEWORKS, setup=setup, cell=cell, modes=modes, more=more)
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout.strip()


@pytest.mark.parametrize("name", CELLS)
def test_a_cell_loads_no_other_framework(name: str) -> None:
    if find_spec(name) is None:
        pytest.skip(f"{name} is not installed")
    assert loaded_by_a_benchmark(name) == ""


def test_a_foreign_framework_would_be_noticed() -> None:
    assert loaded_by_a_benchmark("numpy", more="import numba") == "numba"
