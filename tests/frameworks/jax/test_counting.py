"""What JAX compiles is counted, and nothing is left listening."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax._src import monitoring

from dlmagic.frameworks.jax.adapter import JaxFramework
from dlmagic.magics.bench.block import run_block
from dlmagic.magics.bench.clock import WallClock


def counted(run, framework):
    before = framework.events()
    run()
    after = framework.events()
    return {name: after[name] - before[name] for name in after if after[name] > before[name]}


def test_compiling_and_compiling_again_are_told_apart():
    framework = JaxFramework()
    three, four = jnp.ones(3), jnp.ones(4)

    def first_of_its_name(a):
        return a * 3 + 1

    function = jax.jit(first_of_its_name)
    with framework.counting():
        assert counted(lambda: function(three), framework) == {"compile": 1}
        assert counted(lambda: function(three), framework) == {}
        assert counted(lambda: function(four), framework) == {"recompile": 1}


def test_a_retrace_within_a_timed_block_is_seen(in_notebook):
    bench = in_notebook(
        "size = [4]\ndef longer(a):\n    return a + 1\ngrown = jax.jit(longer)",
        "size[0] += 1\ny = grown(np.ones(size[0], np.float32))",
    )
    framework, runner = bench.framework, bench.runner("eager")
    with framework.counting():
        block = run_block(runner, WallClock(), 5)
        again = run_block(runner, WallClock(), 5)
    assert block.touch_events == {"compile": 1}
    assert block.events == {"recompile": 5}
    assert again.clean
    bench.snapshot.restore()


def test_functions_without_a_name_are_compiled_not_recompiled():
    framework = JaxFramework()
    x = jnp.ones(3)
    with framework.counting():
        for factor in (1.5, 2.5):
            fresh = jax.jit(lambda a, factor=factor: a * factor)
            assert counted(lambda fresh=fresh: fresh(x), framework) == {"compile": 1}


def test_waiting_counts_as_nothing():
    framework = JaxFramework()
    with framework.counting():
        assert counted(framework.synchronise, framework) == {}


def test_counting_may_be_entered_twice_and_leaves_nothing():
    framework, x = JaxFramework(), jnp.ones(3)
    before = list(monitoring.get_event_duration_listeners())
    with framework.counting():
        with framework.counting():
            assert counted(lambda: jax.jit(lambda a: a + 7)(x), framework) == {"compile": 1}
        assert counted(lambda: jax.jit(lambda a: a + 8)(x), framework) == {"compile": 1}
    assert list(monitoring.get_event_duration_listeners()) == before
    assert counted(lambda: jax.jit(lambda a: a + 9)(x), framework) == {}
