"""Fails where a later TensorFlow has moved a private name that dlmagic uses."""

from __future__ import annotations

import tensorflow as tf

from dlmagic.frameworks.tensorflow import _compat as compat


def test_the_context_tells_whether_it_has_started():
    tf.ones(1)
    assert compat.context() is not None
    assert hasattr(compat.context(), "_initialized")
    assert compat.is_started()


def test_random_numbers_come_from_where_they_did():
    context = compat.context()
    assert hasattr(context, "clear_kernel_cache")
    before = compat.random_source()
    tf.random.set_seed(1)
    try:
        seeded = compat.random_source()
        tf.random.normal([1])
        assert compat.random_source() != seeded
        assert seeded[0] == 1
    finally:
        compat.set_random_source(*before)
    assert compat.random_source()[0] == before[0]


def test_the_global_generator_is_where_it_was():
    generator = tf.random.get_global_generator()
    assert compat.global_generator() is generator
    compat.set_global_generator(None)
    assert compat.global_generator() is None


def test_iterators_tell_their_position():
    it = iter(tf.data.Dataset.range(3))
    assert isinstance(it, compat.iterator_kind())
    next(it)
    position = compat.position_of(it)
    assert position is not None
    next(it)
    compat.set_position(it, position)
    assert int(next(it)) == 1


def test_dictionaries_of_modules_are_known():
    module = tf.Module()
    module.names = {"a": 1}
    assert compat.dictionary_in(module.names) == {"a": 1}
    assert type(compat.dictionary_in(module.names)) is dict
    assert compat.dictionary_in({}) is None


def test_a_new_graph_tells_its_python_function():
    seen = []

    def listen(concrete):
        seen.append((concrete.name, compat.python_function_being_traced()))

    def mine(v):
        return v

    listeners = compat.callbacks()
    listeners.append(listen)
    try:
        tf.function(mine)(tf.ones(1))
    finally:
        listeners.remove(listen)
    ((name, function),) = seen
    assert b"mine" in name if isinstance(name, bytes) else "mine" in name
    assert function is mine


def test_data_sets_are_composite():
    assert isinstance(tf.data.Dataset.range(1), compat.composite_kinds())
    assert len(compat.composite_kinds()) == 4


def test_a_variable_is_read():
    w = tf.Variable([1.0])
    assert compat.contents_of(w).numpy().tolist() == [1.0]


def test_random_operations_are_made_where_they_were():
    names = {name for _, name, _ in compat.random_functions()}
    assert {
        "random_standard_normal", "random_uniform", "random_shuffle", "truncated_normal",
        "stateless_random_normal_v2", "stateless_random_uniform_v2", "stateful_uniform_int",
    } <= names  # fmt: skip
    assert not {name for name in names if name.startswith("_") or name.endswith("fallback")}


def test_tracing_is_timed_and_what_autograph_rewrites_is_kept():
    before, kept = compat.tracing_seconds(), len(compat.converted_functions())

    @tf.function
    def traced(v):
        return v + 1

    traced(tf.ones(2))
    assert compat.tracing_seconds() > before
    assert len(compat.converted_functions()) > kept


def test_operations_tell_that_they_ran():
    seen = []

    def note(kind, inputs, attributes, outputs, op_name=None, graph=None):
        seen.append((kind, len(inputs), tuple(outputs[0].shape)))

    with compat.operations_told(note) as told:
        assert told
        tf.linalg.matmul(tf.ones((2, 3)), tf.ones((3, 4)))
    tf.linalg.matmul(tf.ones((2, 3)), tf.ones((3, 4)))
    assert [entry for entry in seen if entry[0] == "MatMul"] == [("MatMul", 2, (2, 4))]


def test_determinism_can_be_told():
    assert compat.is_deterministic() is False


def test_a_call_in_a_graph_leads_to_the_graph_that_it_calls():
    inner = tf.function(lambda v: tf.sin(v))
    outer = tf.function(lambda v: inner(v) + 1.0).get_concrete_function(tf.ones(2))
    called = [compat.graph_called_by(op) for op in outer.graph.get_operations()]
    (graph,) = [each for each in called if each is not None]
    assert "Sin" in {op.type for op in graph.get_operations()}


def test_steps_with_a_gradient_of_their_own_are_told_of():
    @tf.custom_gradient
    def own(x):
        return x * 2, lambda given: given

    told = []
    with (
        tf.GradientTape() as tape,
        compat.custom_gradients_told(
            lambda kind, function, inputs, outputs: told.append((kind, function.__name__, outputs))
        ) as possible,
    ):
        assert possible
        x = tf.constant(3.0)
        tape.watch(x)
        y = own(x)
    assert [(kind, name, outputs[0] is y) for kind, name, outputs in told] == [("own", "own", True)]


def test_a_tape_tells_what_it_kept():
    told = []
    x = tf.constant(3.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.exp(x)
        z = tf.round(y)
    with compat.gradients_told(lambda *each: told.append(each)) as possible:
        assert possible
        assert tape.gradient(z, x) is None
    assert [(kind, len(given)) for kind, _, given in told] == [("Round", 0)]
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.exp(x)
    with compat.gradients_told(lambda *each: told.append(each)):
        tape.gradient(y, x)
    kind, kept, given = told[-1]
    assert (kind, [each is y for each in kept], len(given)) == ("Exp", [True], 1)


def test_it_is_known_what_has_a_gradient():
    assert compat.has_gradient("Exp")
    assert not compat.has_gradient("Range")
    assert compat.has_gradient("no such operation")


def test_a_tape_tells_how_it_was_made():
    assert compat.is_persistent(tf.GradientTape(persistent=True))
    assert not compat.is_persistent(tf.GradientTape())
    assert compat.watches_variables(tf.GradientTape())
    assert not compat.watches_variables(tf.GradientTape(watch_accessed_variables=False))


def test_tapes_tell_what_they_record():
    weight, other = tf.constant(1.0), tf.constant(2.0)
    with tf.GradientTape() as tape:
        tape.watch(weight)
        assert compat.is_recorded(weight)
        assert not compat.is_recorded(other)
    assert not compat.is_recorded(weight)


def test_it_tells_how_far_it_has_got_with_its_devices():
    tf.ones(1)
    assert hasattr(compat.context(), "_physical_devices")
    devices = compat.devices()
    assert devices.taken
    assert "CPU" in devices.listed


def test_calls_of_functions_are_told_from_outside_and_put_back():
    kind = type(tf.function(lambda x: x))
    before, told, compiled = kind.__call__, [], []

    @tf.function
    def inner(x):
        compiled.append(compat.is_compiled_by_xla())
        return x + 1

    outer = tf.function(lambda x: inner(x) * 2, jit_compile=True)
    with compat.functions_told(lambda: told.append("called")) as possible:
        assert possible
        assert float(outer(tf.constant(1.0))) == 4.0
        assert float(inner(tf.constant(1.0))) == 2.0
    assert told == ["called", "called"]
    assert compiled[0] is True
    assert kind.__call__ is before
    assert not compat.is_compiled_by_xla()
