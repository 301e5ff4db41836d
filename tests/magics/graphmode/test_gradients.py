"""Gradients of a graph against those of a plain run: in agreement, wrong, and where none can be."""

from __future__ import annotations

from typing import Any

import pytest

import dlmagic
from dlmagic.magics.graphmode.result import GraphReport
from tests.magics.graphmode.corpus.jax_jit import JAX
from tests.magics.graphmode.corpus.tensorflow_graph import TENSORFLOW

WRONG_IN_JAX = """
@jax.custom_vjp
def wrong(v):
    return v * 2
def forward(v):
    return v * 2, None
def backward(_, gradient):
    return (gradient * (3 if isinstance(gradient, jax.core.Tracer) else 2),)
wrong.defvjp(forward, backward)
"""
WRONG_IN_TENSORFLOW = """
@tf.custom_gradient
def wrong(v):
    def backward(gradient):
        return gradient * (2 if tf.executing_eagerly() else 3)
    return v * 2, backward
"""
MODEL = """
import keras
keras.utils.set_random_seed(0)
model = keras.Sequential([keras.layers.Input((4,)), keras.layers.Dense(3, "tanh")])
optimizer = keras.optimizers.Adam()
"""
STEP = """
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(model(m, training=True) ** 2)
gradients = tape.gradient(loss, model.trainable_variables)
optimizer.apply_gradients(zip(gradients, model.trainable_variables))
""".strip()

in_each = pytest.mark.parametrize(
    ("setup", "mode"), [(JAX, "jit"), (TENSORFLOW, "graph"), (TENSORFLOW, "xla")]
)
in_tensorflow = pytest.mark.parametrize("mode", ["graph", "xla"])


def report(setup: str, mode: str, text: str) -> tuple[GraphReport, dict[str, Any]]:
    namespace: dict[str, Any] = {"__name__": "__main__"}
    if setup != JAX:
        pytest.importorskip("tensorflow")
    exec(setup, namespace)
    return dlmagic.graphmode(text, namespace=namespace, mode=mode), namespace


@in_each
def test_those_of_a_clean_cell_agree(setup: str, mode: str) -> None:
    found, _ = report(setup, mode, "y = m * x\nz = {'a': [y @ m], 'n': n}")
    assert found.check.gradients_agree is True, found.check.gradients_reason
    assert "gradients agree" in repr(found)
    assert (found.findings, found.runs) == ((), 6)


@in_each
def test_a_wrong_one_is_found_though_the_values_are_right(setup: str, mode: str) -> None:
    planted = WRONG_IN_JAX if mode == "jit" else WRONG_IN_TENSORFLOW
    found, _ = report(setup + planted, mode, "y = wrong(x)")
    assert found.check.agrees is True
    assert found.check.gradients_agree is False
    (finding,) = found.findings
    assert finding.kind == "gradient-mismatch"
    assert finding.message.startswith("The gradients of the graph differ: x: 4 of 4 values")
    assert "gradients do not agree" in repr(found)


@in_each
def test_whole_numbers_have_none(setup: str, mode: str) -> None:
    whole = "x = jnp.arange(4)" if mode == "jit" else "x = tf.range(4)"
    found, _ = report(f"{setup}\n{whole}", mode, "y = x + 1")
    assert found.check.gradients_agree is None
    assert found.check.gradients_reason == (
        "no gradients: the cell reads nothing that could have a gradient"
    )
    assert "gradients" not in repr(found).splitlines()[0]


@pytest.mark.parametrize(
    ("setup", "mode", "text"),
    [
        (JAX, "jit", "y = jax.lax.stop_gradient(x) * 2"),
        (TENSORFLOW, "graph", "y = tf.stop_gradient(x) * 2"),
        (TENSORFLOW, "graph", "y = tf.argmax(x)"),
    ],
)
def test_outputs_that_depend_on_nothing_have_none(setup: str, mode: str, text: str) -> None:
    found, _ = report(setup, mode, text)
    assert found.check.gradients_reason == (
        "no gradients: no output depends on what could have one"
    )


@pytest.mark.parametrize(
    ("setup", "mode", "text"),
    [
        (JAX, "jit", "y = jax.lax.while_loop(lambda v: v.sum() < 99, lambda v: v * 2, x)"),
        (TENSORFLOW, "xla", "y = x\nwhile tf.reduce_sum(y) < 99:\n    y = y * 2"),
    ],
)
def test_what_cannot_be_differentiated_is_no_alarm(setup: str, mode: str, text: str) -> None:
    found, _ = report(setup, mode, text)
    assert (found.check.agrees, found.findings) == (True, ())
    assert found.check.gradients_reason.startswith("no gradients: they could not be taken: ")


@in_tensorflow
@pytest.mark.parametrize("draw", ["uniform((4,))", "stateless_uniform((4,), seed=(1, 2))"])
def test_other_random_numbers_are_no_wrong_gradients(mode: str, draw: str) -> None:
    found, _ = report(TENSORFLOW, mode, f"y = x * tf.random.{draw}")
    assert found.findings == ()


def test_gradients_that_no_run_repeats_are_no_wrong_ones() -> None:
    draw = "import os\ndef draw():\n    return int.from_bytes(os.urandom(4), 'big') / 2**31\n"
    wrong = WRONG_IN_TENSORFLOW.replace("(2 if tf.executing_eagerly() else 3)", "draw()")
    found, _ = report(draw + TENSORFLOW + wrong, "graph", "y = wrong(x)")
    assert found.findings == ()
    assert found.check.gradients_reason == ("no gradients: those of the plain run do not repeat")


# Cells that take gradients themselves


def test_a_step_of_jax_agrees_and_leaves_what_a_plain_one_leaves() -> None:
    setup = f"{JAX}\ndef loss(w):\n    return jnp.tanh(m @ w).sum()\nw = x\n"
    text = "value, g = jax.value_and_grad(loss)(w)\nw = w - 0.1 * g"
    found, namespace = report(setup, "jit", text)
    assert (found.findings, found.check.gradients_agree) == ((), True)
    plain: dict[str, Any] = {}
    exec(setup + text, plain)
    assert (namespace["w"] == plain["w"]).all()


@in_tensorflow
def test_a_step_of_keras_agrees_and_leaves_what_a_plain_one_leaves(mode: str) -> None:
    found, namespace = report(TENSORFLOW + MODEL, mode, STEP)
    assert found.findings == ()
    assert found.check.gradients_agree is True, found.check.gradients_reason
    assert found.runs == 6
    plain: dict[str, Any] = {}
    exec(TENSORFLOW + MODEL + STEP, plain)
    for name in ("model", "optimizer"):
        one, other = (each[name].variables for each in (namespace, plain))
        assert len(one) == len(other)
        for left, right in zip(one, other, strict=True):
            assert (left.numpy() == right.numpy()).all(), left.path


def test_a_print_is_lost_also_where_the_optimiser_is_new() -> None:
    found, _ = report(TENSORFLOW + MODEL, "graph", f"{STEP}\nprint('step')")
    (finding,) = found.findings
    assert (finding.kind, finding.line) == ("lost-side-effect", 5)


@in_tensorflow
def test_a_wrong_gradient_of_a_variable_is_found(mode: str) -> None:
    found, _ = report(TENSORFLOW + WRONG_IN_TENSORFLOW, mode, "y = wrong(v * x)\nv.assign_add(x)")
    assert found.check.agrees is True
    assert {each.kind for each in found.findings} == {"gradient-mismatch"}
    assert "(and 1 more)" in found.check.gradients_reason


@in_tensorflow
def test_a_loop_that_makes_names_takes_six_runs_too(mode: str) -> None:
    found, _ = report(TENSORFLOW, mode, "for k in tf.range(3):\n    y = x * 2\nz = y + 1")
    assert (found.findings, found.check.gradients_agree, found.runs) == ((), True, 6)


def test_names_are_the_users_own() -> None:
    held = """
class Model:
    def __init__(self):
        self.weight = x * 2
    def __call__(self, v):
        return wrong(v * self.weight)
model = Model()
"""
    found, _ = report(JAX + WRONG_IN_JAX + held, "jit", "y = model(2.0)")
    assert found.check.gradients_reason.startswith("model.weight: 4 of 4 values")


def test_one_array_under_two_names_has_a_gradient_for_each() -> None:
    setup = f"{JAX}{WRONG_IN_JAX}\nw = x"
    found, _ = report(setup, "jit", "y = wrong(x) + wrong(w)")
    assert found.check.gradients_reason.endswith("(and 1 more)")


@in_tensorflow
def test_a_number_that_the_graph_makes_a_tensor_has_no_gradient_to_compare(mode: str) -> None:
    found, _ = report(TENSORFLOW, mode, "y = m * x\nvalue = float(tf.reduce_sum(y))\nz = value * 2")
    assert (found.findings, found.check.gradients_agree) == ((), True)


@in_tensorflow
def test_a_wrong_gradient_beside_such_a_number_is_found(mode: str) -> None:
    text = "value = float(tf.reduce_sum(m))\ny = wrong(m)"
    found, _ = report(TENSORFLOW + WRONG_IN_TENSORFLOW, mode, text)
    assert "gradient-mismatch" in {each.kind for each in found.findings}
