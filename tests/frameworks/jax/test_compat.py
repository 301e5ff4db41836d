"""Fails where a later JAX has moved a private name that dlmagic uses."""

from __future__ import annotations

import gc

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax._src import monitoring, xla_bridge

from dlmagic.frameworks.jax import _compat as compat
from dlmagic.frameworks.jax import donation


def test_the_events_of_compiling_have_their_names():
    seen = []

    def listen(event, seconds, **details):
        seen.append((event, details.get("fun_name")))

    def named(a):
        return a + 1.25

    x = jnp.ones(3)
    jax.monitoring.register_event_duration_secs_listener(listen)
    jax.jit(named)(x)
    assert compat.unregister(listen)
    assert (compat.TRACED, "named") in seen
    assert (compat.LOWERED, "jit(named)") in seen
    assert (compat.COMPILED, "jit(named)") in seen
    assert listen not in monitoring.get_event_duration_listeners()


def test_it_tells_whether_it_has_started():
    assert jnp.ones(1).sum() == 1
    assert xla_bridge.backends_are_initialized()
    assert compat.is_started()


def test_flags_can_be_listed_and_set():
    flags = compat.flags()
    assert {"jax_enable_x64", "jax_debug_nans", "jax_default_device"} <= flags.keys()
    assert len(flags) > 50


def test_a_jitted_function_tells_what_it_donates():
    def f(a, b):
        return a + b

    assert compat.donates(jax.jit(f, donate_argnums=0))
    assert compat.donates(jax.jit(f, donate_argnames="b"))
    assert not compat.donates(jax.jit(f))
    assert not compat.donates(f)


def test_an_array_can_be_another_in_place():
    assert compat.can_put()
    array, other = jnp.arange(3.0), jnp.arange(3.0) * 2
    np.asarray(array)  # JAX remembers what NumPy got
    alias = compat.alias_of(array)
    assert compat.put(array, other)
    assert array.tolist() == [0.0, 2.0, 4.0]
    assert np.asarray(array).tolist() == [0.0, 2.0, 4.0]
    assert compat.put(array, alias)
    assert array.tolist() == [0.0, 1.0, 2.0]


@pytest.mark.usefixtures("changing_types")
def test_an_array_can_be_one_of_another_type_in_place():
    array, other = jnp.arange(3.0), jnp.arange(4) * 2
    alias = compat.alias_of(array)
    assert compat.put(array, other)
    assert (array.shape, array.dtype, array.tolist()) == ((4,), jnp.int32, [0, 2, 4, 6])
    assert compat.put(array, alias)
    assert array.tolist() == [0.0, 1.0, 2.0]


def test_an_array_that_is_refused_another_stays_as_it_is():
    array, other = jnp.arange(3.0), jnp.arange(4)
    if not compat.put(array, other):
        assert array.tolist() == [0.0, 1.0, 2.0]
        assert other.tolist() == [0, 1, 2, 3]


def test_an_array_that_was_handed_over_can_come_back():
    array = jnp.arange(3.0)
    other = jnp.copy(array)
    jax.jit(lambda a: a + 1, donate_argnums=0)(array)
    assert array.is_deleted()
    assert compat.put(array, other)
    assert (array + 1).tolist() == [1.0, 2.0, 3.0]


def test_arrays_live_well_after_many_were_replaced_in_place():
    """Another way to do it corrupted JAX's memory, which only showed later."""
    arrays = [jnp.arange(3.0) + number for number in range(20)]
    for _ in range(10):
        for array in arrays:
            alias = compat.alias_of(array)
            assert compat.put(array, jnp.arange(3.0) * 2)
            assert compat.put(array, alias)
        arrays = arrays[1::2] + [jnp.copy(array) for array in arrays[::2]]
        gc.collect(1)
        assert len(jax.live_arrays()) >= len(arrays)
    assert all(array.shape == (3,) for array in arrays)


def test_an_array_over_other_memory_is_of_the_kind_of_the_first():
    """Python's numbers give way to other types, and what was put on a device stays there."""
    for kind in (jnp.asarray(2.0), jax.device_put(jnp.ones(()), jax.devices()[0])):
        made = compat.alias_of(jnp.zeros(()), kind=kind)
        assert (made.weak_type, made.committed) == (kind.weak_type, kind.committed)
        assert compat.put(kind, made)
        assert float(kind) == 0.0


def test_an_array_keeps_its_kind_of_type_through_a_copy():
    """Python's numbers make arrays whose type gives way to others."""
    array = jnp.asarray(2.0) * 1
    weak = array.weak_type
    (copy,) = donation.copies([array])
    compat.put(array, copy)
    assert array.weak_type == weak
    assert jnp.asarray(2.0).weak_type == donation.copies([jnp.asarray(2.0)])[0].weak_type


def test_a_key_has_an_array_under_it():
    under = compat.under_key(jax.random.key(3))
    assert (under.dtype, under.tolist()) == (jnp.uint32, [0, 3])
    x = jnp.ones(1)
    assert compat.under_key(x) is x


def test_names_that_are_gone_cost_no_error(monkeypatch):
    for name in [name for name in dir(jax.monitoring) if name.startswith("unregister")]:
        monkeypatch.delattr(jax.monitoring, name)
    monkeypatch.setattr(compat, "_private", lambda module, name: None)
    assert compat.is_started()
    assert not compat.unregister(print)
    assert compat.alias_of(object()) is None
    assert not compat.put(object(), object())


def test_an_array_can_be_put_in_place_of_itself():
    """JAX itself ends the process: ``astype`` gives the same array where the type fits."""
    array = jnp.ones(3)
    assert compat.put(array, array)
    assert array.tolist() == [1.0, 1.0, 1.0]


def test_a_traced_function_may_wait_and_nothing_is_left_behind():
    def waits(x):
        return (x + 1).block_until_ready()

    with compat.waiting_is_done():
        assert jax.jit(waits)(jnp.ones(2)).tolist() == [2.0, 2.0]
    assert "block_until_ready" not in vars(jax.core.Tracer)


def test_operations_and_gradients_are_told_of_while_they_run():
    operations, asked = [], []

    def note(primitive, functions, inputs, params, outputs):
        operations.append((primitive.name, params.get("name"), len(functions)))

    def note_asked(function, arguments, result):
        asked.append((compat.differentiated(function), arguments, float(result)))

    def square(x):
        return x * x

    @jax.custom_jvp
    def own(x):
        return x

    own.defjvp(lambda primals, tangents: (primals[0], tangents[0]))
    x = jnp.float32(3)
    state = jax.extend.core.get_opaque_trace_state()
    with compat.operations_told(note, note_asked) as possible:
        assert possible
        assert jax.extend.core.get_opaque_trace_state() == state, "Flax sees no tracing"
        y = own(x + x)
        jax.grad(square)(x)
    assert operations[:2] == [("jit", "add", 0), ("custom_jvp_call", None, 2)]
    assert asked == [(("square", ["x"]), (x,), 9.0)]
    count = len(operations)
    assert y + y == 12
    assert len(operations) == count, "nothing is told of afterwards"


def test_operations_can_compute_once_more():
    told = []
    with compat.operations_told(lambda *each: told.append(each), lambda *_: None):
        jnp.float32(3) * jnp.float32(4)
    primitive, functions, inputs, params, outputs = told[-1]
    assert compat.bind(primitive, functions, inputs, params) == [outputs[0]] == [12]
    (equation,) = jax.make_jaxpr(lambda a: jnp.sin(a))(1.0).jaxpr.eqns
    assert compat.bind_equation(equation, [jnp.float32(0)]) == [0]


def test_a_compiled_function_tells_its_source():
    def named(a):
        return a + 1

    (equation,) = jax.make_jaxpr(jax.jit(named))(1.0).jaxpr.eqns
    name, file = compat.source_of(equation.params["jaxpr"].jaxpr)
    assert name.endswith("named")
    assert file == __file__
    assert compat.source_of(named) == ("", "")


def test_the_platforms_of_its_devices_are_known():
    assert jnp.ones(1).sum() == 1
    assert isinstance(xla_bridge._backends, dict)
    assert compat.platforms_made() == tuple(xla_bridge._backends)
    assert "cpu" in compat.platforms_made()
    assert isinstance(xla_bridge._backend_factories, dict)
    assert compat.is_built_for("cpu")
    assert not compat.is_built_for("no such platform")


def test_gradients_are_told_and_static_arguments_known():
    told = []

    def step(x, y):
        return x

    with compat.gradients_told(lambda *each: told.append(each)) as possible:
        jax.grad(lambda w: w**2)(3.0)
    assert possible
    ((primals, found, value),) = told
    assert (float(primals[0]), float(found[0]), float(value)) == (3.0, 6.0, 9.0)
    jitted = jax.jit(step, static_argnums=1, static_argnames="y")
    assert set(compat.static_arguments(jitted)) >= {1, "y"}
    assert compat.static_arguments(step) is None


def test_what_is_traced_apart_is_neither_taken_from_before_nor_kept_for_later():
    traced = []
    inner = jax.jit(lambda x: traced.append(x) or x + 1)

    def trace_apart():
        with compat.traced_apart():
            jax.jit(lambda x: inner(x)).trace(1.0)
        return len(traced)

    inner(1.0)
    assert [trace_apart(), trace_apart()] == [2, 3]
    inner(1.0)
    jax.jit(lambda x: inner(x))(1.0)
    assert len(traced) == 3


def test_a_traced_value_knows_its_trace():
    found = []

    def function(x):
        found.append(compat.trace_of([x, 1.0]))
        jax.grad(lambda y: found.append(compat.trace_of(y)) or y * x)(x)
        found.append(compat.trace_of(x + 1))
        return x

    jax.jit(function)(1.0)
    outside, inside, again = found
    assert outside is again is not None
    assert inside is not outside
    assert compat.trace_of(1.0) is None
