"""What a cell does to values of TensorFlow is put back: same objects, same numbers."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from dlmagic.frameworks.tensorflow.ambient import save_ambient, settings
from dlmagic.frameworks.tensorflow.state import save

GRADIENTS = "[(tf.ones_like(w), w)]"
CHANGES = {
    "assign": "w.assign(w * 3)",
    "assign_add": "w.assign_add(tf.ones_like(w))",
    "assign_sub": "w.assign_sub(tf.ones_like(w))",
    "slice": "w[0].assign([7.0, 7.0])",
    "scatter_update": "w.scatter_update(tf.IndexedSlices([[7.0, 7.0]], [0]))",
    "scatter_add": "w.scatter_add(tf.IndexedSlices(tf.constant([[7., 7.]]), tf.constant([1])))",
    "scatter_sub": "w.scatter_sub(tf.IndexedSlices(tf.constant([[7., 7.]]), tf.constant([1])))",
    "scatter_nd_update": "w.scatter_nd_update([[0, 1]], [7.0])",
    "batch_scatter": "w.batch_scatter_update(tf.IndexedSlices([[7.0], [7.0]], [[0], [1]]))",
    "descent": (
        "tf.raw_ops.ResourceApplyGradientDescent(var=w.handle, alpha=0.1, delta=tf.ones_like(w))"
    ),
    "momentum": (
        "tf.raw_ops.ResourceApplyMomentum(var=w.handle, accum=m.handle, lr=0.1, "
        "grad=tf.ones_like(w), momentum=0.9)"
    ),
    "adam": (
        "tf.raw_ops.ResourceApplyAdam(var=w.handle, m=m.handle, v=v.handle, beta1_power=0.9, "
        "beta2_power=0.9, lr=0.1, beta1=0.9, beta2=0.9, epsilon=0.1, grad=tf.ones_like(w))"
    ),
    "in a graph": "tf.function(lambda: w.assign_add(tf.ones_like(w)))()",
    "in XLA": "tf.function(lambda: w.assign_add(tf.ones_like(w)), jit_compile=True)()",
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_what_was_read_is_not_touched_by_any_kind_of_write(bench, change):
    start = [[1.0, 2.0], [3.0, 4.0]]
    w, m, v = (tf.Variable(start) for _ in range(3))
    cell = bench(change + "\ntf.raw_ops.ResourceApplyGradientDescent", w=w, m=m, v=v)
    for _ in range(3):  # the first write copies, later ones may not
        cell.run()
        cell.run()
        assert w.numpy().tolist() != start
        assert any(item.value is w for item in cell.snapshot.changes())
        cell.snapshot.restore()
        assert w.numpy().tolist() == start
        assert m.numpy().tolist() == v.numpy().tolist() == start
    assert not cell.snapshot.changes()
    assert cell.cell.namespace["w"] is w


def test_a_large_variable_that_is_only_read_is_not_copied():
    w = tf.Variable(tf.zeros(1 << 20))
    saved = save(w)
    (w + 1.0).numpy()
    assert not saved.changed()
    shared = np.asarray(saved.contents).__array_interface__["data"]
    assert shared == np.asarray(w.read_value()).__array_interface__["data"]


@pytest.mark.parametrize(
    ("start", "then"),
    [
        (["a", "b"], ["c", "d"]),
        ([True], [False]),
        ([1, 2], [3, 4]),
        ([np.nan, 1.0], [1.0, np.nan]),
        ([0.0], [-0.0]),
    ],
)
def test_variables_of_every_type_come_back(start, then):
    w = tf.Variable(start)
    saved = save(w)
    assert not saved.changed()
    w.assign(then)
    assert saved.changed()
    saved.restore()
    np.testing.assert_array_equal(w.numpy(), tf.constant(start).numpy())
    assert not saved.changed()


def test_a_variable_may_change_its_shape():
    w = tf.Variable([1.0], shape=tf.TensorShape(None))
    saved = save(w)
    w.assign([1.0, 2.0])
    assert saved.changed()
    saved.restore()
    assert w.numpy().tolist() == [1.0]


def test_a_variable_that_only_a_compiled_function_reads_comes_back(bench):
    before = "w = tf.Variable(1.0)\n@tf.function\ndef step(v):\n    return w.assign_add(v)"
    cell = bench("step(x)", before, x=tf.constant(2.0))
    w = cell.cell.namespace["w"]
    for mode in ("eager", "graph"):
        cell.call(cell.prepare(mode))
        assert float(w) == 3.0
        cell.snapshot.restore()
        assert float(w) == 1.0


def test_what_an_assignment_returns_is_a_number_in_every_mode(bench):
    w = tf.Variable(1.0)
    cell = bench("y = w.assign_add(2.0)", w=w)
    for mode in ("eager", "graph", "xla"):
        y = cell.call(cell.prepare(mode))["y"]
        assert cell.framework.as_array(y).values.tolist() == 3.0
        cell.snapshot.restore()


def test_a_concrete_function_leads_to_its_variables(bench):
    before = "w = tf.Variable(1.0)\nf = tf.function(lambda: w.assign_add(1.0))"
    before += "\ng = f.get_concrete_function()"
    cell = bench("g()", before)
    assert any(item.value is cell.cell.namespace["w"] for item in cell.snapshot.reached)


def test_a_module_with_lists_and_dictionaries_comes_back_and_can_be_saved(bench, tmp_path):
    before = (
        "m = tf.Module()\nm.list = [tf.Variable(1.0)]\nm.names = {'a': tf.Variable(2.0)}\n"
        "m.pair = (1, tf.Variable(3.0))\nm.count = 3"
    )
    text = (
        "m.list.append(5)\nm.list[0].assign(9.0)\nm.names['b'] = tf.Variable(6.0)\n"
        "m.names['a'].assign(9.0)\nm.pair[1].assign(9.0)\nm.count = 4\nm.other = 1"
    )
    cell = bench(text, before)
    module = cell.cell.namespace["m"]
    parts = module.list, module.names, module.pair
    cell.run()
    assert module.names.keys() == {"a", "b"}
    cell.snapshot.restore()
    assert (len(module.list), module.names.keys(), module.count) == (1, {"a"}, 3)
    assert [float(v) for v in (module.list[0], module.names["a"], module.pair[1])] == [1, 2, 3]
    assert not hasattr(module, "other")
    assert all(a is b for a, b in zip(parts, (module.list, module.names, module.pair), strict=True))
    tf.train.Checkpoint(m=module).write(str(tmp_path / "saved"))  # its own notes are in order


def test_a_keras_optimiser_comes_back(bench):
    w = keras.Variable([1.0, 2.0])
    optimiser = keras.optimizers.Adam(0.1)
    optimiser.build([w])
    cell = bench("optimiser.apply_gradients([(tf.ones(2), w)])", w=w, optimiser=optimiser)
    before = [v.numpy() for v in optimiser.variables]
    cell.run()
    assert int(optimiser.iterations) == 1
    cell.snapshot.restore()
    assert all(map(np.array_equal, before, [v.numpy() for v in optimiser.variables]))
    assert np.asarray(w.numpy()).tolist() == [1.0, 2.0]


@pytest.mark.parametrize("kind", ["plain", "shuffle", "batch", "map", "numpy"])
def test_an_iterator_goes_on_from_where_it_was(bench, kind):
    data = tf.data.Dataset.range(12)
    made = {
        "plain": data,
        "shuffle": data.shuffle(5),
        "batch": data.batch(2).prefetch(2),
        "map": data.map(lambda v: v * 2, num_parallel_calls=2),
        "numpy": data,
    }[kind]
    it = made.as_numpy_iterator() if kind == "numpy" else iter(made)
    next(it)
    cell = bench("found = [next(it), next(it)]", it=it)
    runs = []
    for _ in range(3):
        found = cell.cell.split(cell.run())[0]["found"]
        runs.append([np.asarray(v).tolist() for v in found])
        cell.snapshot.restore()
    assert runs[0] == runs[1] == runs[2]


def test_a_table_comes_back(bench):
    table = tf.lookup.experimental.MutableHashTable(tf.string, tf.int64, -1)
    table.insert(tf.constant(["a", "b"]), tf.constant([1, 2], tf.int64))
    text = (
        "table.insert(tf.constant(['a', 'c']), tf.constant([9, 9], tf.int64))\n"
        "table.remove(tf.constant(['b']))"
    )
    cell = bench(text, table=table)
    cell.run()
    assert int(table.size()) == 2
    cell.snapshot.restore()
    assert table.lookup(tf.constant(["a", "b", "c"])).numpy().tolist() == [1, 2, -1]


@pytest.mark.parametrize(
    "text",
    [
        "tf.random.normal([2])",
        "tf.random.normal([2], seed=5)",
        "tf.random.get_global_generator().normal([2])",
        "generator.normal([2])",
    ],
)
def test_with_a_global_seed_the_same_numbers_come_again(bench, text):
    tf.random.set_seed(3)
    tf.random.set_global_generator(tf.random.Generator.from_seed(1))
    try:
        cell = bench(text, generator=tf.random.Generator.from_seed(2))
        first = cell.run()[0].numpy().tolist()
        if not text.startswith("generator"):
            assert cell.snapshot.draws_random_numbers() or "seed=5" in text
        cell.snapshot.restore()
        if "seed=5" not in text:
            assert not cell.snapshot.draws_random_numbers()
            assert cell.run()[0].numpy().tolist() == first
    finally:
        forget_seed()


def test_a_seed_that_the_cell_sets_is_taken_back(bench):
    forget_seed()
    cell = bench("tf.random.set_seed(1)\ny = tf.random.normal([2])")
    cell.run()
    assert cell.snapshot.draws_random_numbers()
    cell.snapshot.restore()
    assert not cell.snapshot.draws_random_numbers()
    unseeded = [tf.random.normal([2]).numpy().tolist() for _ in range(2)]
    assert unseeded[0] != unseeded[1]


def forget_seed():
    from dlmagic.frameworks.tensorflow import _compat as compat

    compat.set_random_source(None, None)
    compat.set_global_generator(None)


def test_settings_that_a_cell_changes_are_put_back(bench):
    before = settings(), tf.config.functions_run_eagerly()
    text = (
        "tf.config.run_functions_eagerly(True)\n"
        "tf.config.experimental.enable_tensor_float_32_execution(False)\n"
        "tf.config.set_soft_device_placement(False)\n"
        "tf.config.optimizer.set_experimental_options({'remapping': False})\n"
        "tf.debugging.set_log_device_placement(True)"
    )
    cell = bench(text)
    cell.run()
    assert settings() != before[0]
    cell.snapshot.restore()
    assert (settings(), tf.config.functions_run_eagerly()) == before
    assert "remapping" not in tf.config.optimizer.get_experimental_options()
    assert not tf.debugging.get_log_device_placement()
    assert not any(part.changed() for part in save_ambient())


def test_what_never_changes_is_not_looked_into():
    values = [
        tf.ones(2), tf.data.Dataset.range(2), tf.function(len), tf.Graph(), tf.float32,
        tf.TensorShape([1]), tf.TensorSpec([1]), tf.ragged.constant([[1]]), tf.GradientTape(),
        tf.distribute.get_strategy(), tf.sparse.from_dense([[1]]),
    ]  # fmt: skip
    for value in values:
        saved = save(value)
        assert saved is not None, value
        assert not saved.changed()
        saved.restore()
    assert save(tf.Module()) is None
    assert save(tf.Variable) is None
    assert save([1]) is None
