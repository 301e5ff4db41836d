"""The fingerprint is not blind to TensorFlow, Keras, JAX, Flax and numba either."""

from __future__ import annotations

import importlib.util

import pytest

from tests.cell import worlds
from tests.cell.corpus import framework_changes as cells
from tests.cell.fingerprint import Fingerprint

pytestmark = pytest.mark.usefixtures("only_new_objects_are_searched")

# Each with what finds it and, for a global setting, how it is undone.
TENSORFLOW = [
    ("v[0, 0].assign(5.0)", "v values", ""),
    ("v.assign_add(v)", "v values", ""),
    ("v.note = 1", "v own attributes", ""),
    ("v = tf.Variable(v)", "v was", ""),
    ("net.w.assign(net.w * 2)", "net.w values", ""),
    ("net.rows.append(tf.Variable(0.0))", "net.rows length", ""),
    ("net.table['b'] = tf.Variable(0.0)", "keys", ""),
    ("net.calls += 1", "net.calls", ""),
    ("g.normal((1,))", "g", ""),
    ("x = x + 0", "x was", ""),
    ("tf.random.set_seed(99)", "tensorflow: seed", "tf.random.set_seed(3)"),
    (
        "tf.config.run_functions_eagerly(True)",
        "tensorflow: functions run eagerly",
        "tf.config.run_functions_eagerly(False)",
    ),
]
KERAS = [
    ("model.layers[0].kernel.assign(model.layers[0].kernel * 2)", "values", ""),
    ("model.optimizer.learning_rate = 0.7", "values", ""),
    ("model.optimizer.iterations.assign_add(1)", "values", ""),
    ("model.layers[0].trainable = False", "rainable", ""),
    ("model.stop_training = True", "stop_training", ""),
    ("model.run_eagerly = True", "run_eagerly", ""),
    ("m.update_state([3.0])", "values", ""),
    ("keras.random.normal((1,), seed=seeds)", "values", ""),
    ("layers.Dense(1)", "keras: names given", ""),
    ("keras.config.set_epsilon(0.5)", "keras: epsilon", "keras.config.set_epsilon(1e-7)"),
    (
        "keras.config.set_floatx('float64')",
        "keras: float type",
        "keras.config.set_floatx('float32')",
    ),
    (
        "keras.config.set_dtype_policy('mixed_bfloat16')",
        "keras: policy",
        "keras.config.set_dtype_policy('float32')",
    ),
]
JAX = [
    ("params['w'] = params['w'] + 0", "params['w'] was", ""),
    ("x.delete()", "x values", ""),
    ("params['b'].append(1)", "params['b'] length", ""),
    ("model.first.kernel[...] = model.first.kernel[...] + 1", "model.first.kernel", ""),
    ("model.drop(x)", "model.drop", ""),
    ("model.eval()", "model.", ""),
    (
        "jax.config.update('jax_enable_x64', True)",
        "jax: jax_enable_x64",
        "jax.config.update('jax_enable_x64', False)",
    ),
]
NUMBA = [
    ("rows.append(3.0)", "rows items", ""),
    ("table['a'] = 2", "table items", ""),
    ("nested[0].append(9)", "nested items", ""),
    ("arrays[0][0] = 9.0", "arrays items", ""),
]
SETUPS = {
    "tensorflow": cells._TENSORFLOW + "g = tf.random.Generator.from_seed(1)\n",
    "keras": cells._KERAS
    + "model = make()\nm = keras.metrics.Mean()\nseeds = keras.random.SeedGenerator(1)\n",
    "flax": cells._JAX + cells._NNX,
    "numba": cells._NUMBA
    + "rows = numba.typed.List([1.0])\ntable = numba.typed.Dict()\ntable['a'] = 1\n"
    "nested = numba.typed.List([numba.typed.List([1])])\narrays = numba.typed.List([a])\n",
}
PLANTED = [
    pytest.param(package, change, where, undo, id=change)
    for package, changes in zip(SETUPS, (TENSORFLOW, KERAS, JAX, NUMBA), strict=True)
    for change, where, undo in changes
]


@pytest.mark.parametrize(("package", "change", "where", "undo"), PLANTED)
def test_a_planted_difference_is_found(package: str, change: str, where: str, undo: str) -> None:
    if importlib.util.find_spec(package) is None:
        pytest.skip(f"{package} is not installed")
    with worlds.world() as here:
        assert here.run("set-up", SETUPS[package]) is None
        before = Fingerprint.of(here.shell.user_ns, besides=worlds.SHELL_NAMES)
        again = Fingerprint.of(here.shell.user_ns, besides=worlds.SHELL_NAMES)
        assert before.differences(again) == []
        raised = here.run("change", f"{change}\n0")
        after = Fingerprint.of(here.shell.user_ns, besides=worlds.SHELL_NAMES)
        found = before.differences(after)
        assert here.run("undo", undo) is None
        assert raised is None
    assert any(where in line for line in found), found
