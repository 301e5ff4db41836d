"""Work is waited for, also where its result was dropped; JAX is not started for it."""

from __future__ import annotations

import subprocess
import sys
import time

import jax
import jax.numpy as jnp
import pytest

from dlmagic.frameworks.jax.adapter import JaxFramework


@jax.jit
def long(x):
    return jax.lax.fori_loop(0, 150, lambda _, a: jnp.tanh(a @ a), x)


@pytest.mark.alone
def test_a_result_that_was_dropped_is_waited_for():
    framework, x = JaxFramework(), jnp.full((400, 400), 0.01)
    framework.synchronise(long(x))
    start = time.perf_counter()
    framework.synchronise(long(x))
    whole = time.perf_counter() - start
    asked, waited = 0.0, 0.0
    for _ in range(3):
        start = time.perf_counter()
        long(x)
        middle = time.perf_counter()
        framework.synchronise()
        asked, waited = asked + middle - start, waited + time.perf_counter() - middle
    assert asked + waited > 3 * 0.5 * whole
    assert waited > asked


@pytest.mark.alone
def test_a_callback_is_waited_for():
    seen = []

    def slow(a):
        time.sleep(0.1)
        seen.append(a)

    framework = JaxFramework()
    x = jnp.ones(())
    jax.jit(lambda a: jax.debug.callback(slow, a))(x)
    framework.synchronise()
    assert len(seen) == 1


def test_nothing_is_started_by_being_asked():
    code = """
import jax
from dlmagic.frameworks.jax.adapter import JaxFramework
from jax._src import xla_bridge
framework = JaxFramework()
framework.synchronise({"a": 1})
assert framework.settings()["platform"] == "not started"
framework.save_ambient()
with framework.counting():
    framework.events()
assert not xla_bridge.backends_are_initialized()
"""
    subprocess.run([sys.executable, "-c", code], check=True)
