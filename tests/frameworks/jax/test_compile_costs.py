"""What JAX says of its compiling, against phases that take as long as they are told to."""

from __future__ import annotations

import time

import jax
import jax.numpy as jnp
import pytest
from jax.experimental.compilation_cache import compilation_cache
from jax.extend.core import Primitive
from jax.interpreters import mlir

from dlmagic.frameworks.compile_costs import CompileCosts
from dlmagic.frameworks.jax.adapter import JaxFramework
from dlmagic.frameworks.plain.adapter import PlainFramework
from tests.magics.bench.compiled import run_modes

JAX = JaxFramework()
ASLEEP = {"trace": 0.3, "lower": 0.5}
sleeper = Primitive("sleeper")
sleeper.def_impl(lambda value: value)


@sleeper.def_abstract_eval
def traced(value):
    time.sleep(ASLEEP["trace"])
    return value


def lowered(context, value):
    time.sleep(ASLEEP["lower"])
    return [value]


mlir.register_lowering(sleeper, lowered)


def costs_of(act) -> CompileCosts:
    with JAX.counting():
        before = JAX.compile_costs()
        act()
        return JAX.compile_costs().since(before)


@pytest.mark.alone
def test_phases_take_the_time_that_was_planted_and_the_call_none_of_it():
    modes = {"eager": ("eager", JAX), "jit": ("jit", JAX)}
    names = {"x": jnp.ones(10), "sleeper": sleeper}
    result, _ = run_modes(
        "sleeper.bind(x) * 2", names, modes, (JAX, PlainFramework((JAX,))), seconds=0.3
    )
    arm = result["jit"]
    assert arm.compile_phases["trace"] == pytest.approx(ASLEEP["trace"], rel=0.05, abs=0.01)
    assert arm.compile_phases["lower"] == pytest.approx(ASLEEP["lower"], rel=0.05, abs=0.02)
    assert set(arm.compile_phases) == {"trace", "lower", "compile"}
    asleep = sum(ASLEEP.values())
    assert arm.compile_seconds - arm.compile_phases["compile"] == pytest.approx(asleep, rel=0.1)
    assert sum(arm.compile_phases.values()) <= arm.compile_seconds
    assert arm.median < 0.01


def test_what_is_compiled_while_something_else_is_traced_counts_once():
    @jax.jit
    def outer(v):
        with jax.ensure_compile_time_eval():
            fixed = jax.jit(lambda w: sleeper.bind(w) + 2)(jnp.ones(5))
        return v + fixed.sum()

    start = time.perf_counter()
    costs = costs_of(lambda: outer(jnp.ones(3)))
    assert sum(costs.phases.values()) <= time.perf_counter() - start
    assert ASLEEP["lower"] < costs.phases["lower"] < 2 * ASLEEP["lower"]
    assert ASLEEP["trace"] < costs.phases["trace"] < 2 * ASLEEP["trace"]


def test_nothing_compiled_costs_nothing():
    double = jax.jit(lambda v: v * 2)
    x = jnp.ones(3)
    double(x)
    assert costs_of(lambda: double(x)) == CompileCosts()


@pytest.fixture
def persistent_cache(tmp_path):
    settings = {
        "jax_compilation_cache_dir": str(tmp_path),
        "jax_persistent_cache_min_compile_time_secs": 0.0,
        "jax_persistent_cache_min_entry_size_bytes": -1,
    }
    before = {name: getattr(jax.config, name) for name in settings}
    for name, value in settings.items():
        jax.config.update(name, value)
    compilation_cache.reset_cache()
    yield
    for name, value in before.items():
        jax.config.update(name, value)
    compilation_cache.reset_cache()


def named(constant):
    def in_the_cache(v):
        return v * 3 + constant

    return jax.jit(in_the_cache)


def test_a_program_is_written_to_the_persistent_cache_and_found_there(persistent_cache):
    x = jnp.ones(7)
    assert costs_of(lambda: named(1.0)(x)).cache == "cold"
    assert costs_of(lambda: named(1.0)(x)).cache == "warm"
    assert costs_of(lambda: named(2.0)(x)).cache == "cold"


def test_without_a_persistent_cache_there_is_none():
    x = jnp.ones(7)
    assert costs_of(lambda: named(3.0)(x)).cache is None


def test_listeners_are_taken_away():
    from jax._src import monitoring

    before = list(monitoring.get_event_listeners())
    with JAX.counting():
        assert len(monitoring.get_event_listeners()) == len(before) + 1
    assert monitoring.get_event_listeners() == before
