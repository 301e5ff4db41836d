"""Cells of TensorFlow and JAX run under watch as they do without."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import pytest
import torch

from tests.magics.tensors.silent.watching import watched

FLAX = """\
dropout = nnx.Dropout(0.5, rngs=nnx.Rngs(1))
first, last = nnx.Linear(4, 8, rngs=nnx.Rngs(0)), nnx.Linear(8, 1, rngs=nnx.Rngs(2))
model = nnx.Sequential(first, dropout, last)
optimizer = nnx.Optimizer(model, optax.sgd(0.1), wrt=nnx.Param)

def loss_fn(model):
    return jnp.mean((model(x)[:, 0] - y) ** 2)

for _ in range(5):
    gradients = nnx.grad(loss_fn)(model)
    optimizer.update(model, gradients)
"""
LINEN = """\
net = nn.Dense(1)
parameters = net.init(jax.random.PRNGKey(0), x)
state = optax.adam(0.1).init(parameters)
for _ in range(3):
    gradients = jax.grad(lambda p: jnp.mean((net.apply(p, x)[:, 0] - y) ** 2))(parameters)
    updates, state = optax.adam(0.1).update(gradients, state)
    parameters = optax.apply_updates(parameters, updates)
kernel = parameters["params"]["kernel"]
"""


def names_of_jax() -> dict[str, Any]:
    jax, optax = pytest.importorskip("jax"), pytest.importorskip("optax")
    nnx, linen = pytest.importorskip("flax.nnx"), pytest.importorskip("flax.linen")
    x = jax.numpy.arange(12.0).reshape(3, 4) / 12
    known = {"jax": jax, "jnp": jax.numpy, "optax": optax, "nnx": nnx, "nn": linen}
    return {"__name__": "__main__", **known, "x": x, "y": x[:, 0]}


@pytest.mark.parametrize(
    ("text", "result"), [(FLAX, "model.layers[0].kernel[...]"), (LINEN, "kernel")]
)
def test_networks_of_flax_learn_the_same_under_watch(text: str, result: str) -> None:
    under_watch, plain = names_of_jax(), names_of_jax()
    assert watched(text, under_watch).findings == ()
    exec(text, plain)
    assert eval(result, under_watch).tolist() == eval(result, plain).tolist()


def test_what_follows_four_steps_of_keras_runs_unwatched() -> None:
    keras, tf = pytest.importorskip("keras"), pytest.importorskip("tensorflow")
    names = {"__name__": "__main__", "tf": tf, "w": tf.Variable([1.0, 2.0])}
    names["optimizer"] = keras.optimizers.SGD(0.1)
    text = (
        "for _ in range(7):\n"
        "    with tf.GradientTape() as tape:\n"
        "        loss = tf.reduce_sum(w**2)\n"
        "    optimizer.apply([tape.gradient(loss, w)], [w])"
    )
    found = watched(text, names)
    assert (found.steps, found.complete, found.findings) == (4, False, ())
    assert names["w"].numpy().tolist() == pytest.approx([0.8**7, 2 * 0.8**7])


def test_steps_of_keras_say_nothing_about_parameters_of_pytorch() -> None:
    keras, tf = pytest.importorskip("keras"), pytest.importorskip("tensorflow")
    net = torch.nn.Linear(2, 1)
    net(torch.ones(3, 2)).sum().backward()
    names = {"tf": tf, "w": tf.Variable([1.0]), "net": net, "sgd": keras.optimizers.SGD(0.1)}
    text = (
        "with tf.GradientTape() as tape:\n    loss = tf.reduce_sum(w**2)\n"
        "sgd.apply([tape.gradient(loss, w)], [w])"
    )
    assert watched(text, names).findings == ()


OUTSIDE = """\
import keras, numpy
from dlmagic.cell.source import CellSource
from dlmagic.magics.tensors.silent.engine import watch_cell
model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, activation="softmax")])
model.compile("sgd", "sparse_categorical_crossentropy")
names = {"model": model, "x": numpy.ones((3, 4), "float32"), "y": numpy.array([1, 2, 3])}
cell = CellSource.from_text("history = model.fit(x, y, verbose=0)")
found = watch_cell(cell, names, lambda file: None, hints=False).mistakes
print(*[each.message for each in found.findings])
"""


def test_class_ids_that_there_are_not_are_found_where_nothing_is_raised() -> None:
    pytest.importorskip("keras")
    pytest.importorskip("jax")
    assert printed_by(OUTSIDE, KERAS_BACKEND="jax") == "y holds class ids outside of 0 to 2."


WITHOUT = """\
import numpy, sys
from dlmagic.cell.source import CellSource
from dlmagic.magics.tensors.silent.engine import watch_cell
cell = CellSource.from_text("a = numpy.ones(3)\\nb = a.sum()\\nb.item()")
watch_cell(cell, {"numpy": numpy}, lambda file: None, hints=True)
print(*{"torch", "tensorflow", "keras", "jax"} & set(sys.modules))
"""


def test_no_framework_is_imported_for_a_cell_without_one() -> None:
    assert printed_by(WITHOUT) == ""


def printed_by(program: str, **environment: str) -> str:
    """What a program prints in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
        env={**os.environ, **environment},
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout.strip()
