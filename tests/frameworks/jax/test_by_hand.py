"""The times of JAX's modes are those of a loop that is written by hand."""

from __future__ import annotations

import statistics
import time

import jax
import jax.numpy as jnp
import pytest

from dlmagic.magics.bench.measure import measure


def chain(x, w):
    for _ in range(5):
        x = jnp.tanh(x @ w)
    return x


def rows(x, w):
    return jax.vmap(lambda row: jnp.sort(row @ w).cumsum())(x).sum()


def descent(x, w):
    def loss(w):
        return (jnp.tanh(x @ w) ** 2).mean()

    for _ in range(3):
        w = w - 0.1 * jax.grad(loss)(w)
    return w


class ByHand:
    """Takes part in the same rounds, and reads the clock by itself.

    Calls in a row are timed together and waited for once, as dlmagic does: on a busy machine
    the mean of many calls is more than the median of single ones, and a wait after each call
    costs short calls 8 %.
    """

    def __init__(self, name, call, arguments):
        self.name, self.call, self.arguments = name, call, arguments
        self.times = []

    def run(self, calls):
        if not calls:  # dlmagic asks so how long it waits for the devices
            return
        start = time.perf_counter()
        for _ in range(calls):
            result = self.call(*self.arguments)
        jax.block_until_ready(result)
        self.times.append((calls, (time.perf_counter() - start) / calls))

    @property
    def median(self):
        most = max(calls for calls, _ in self.times)
        return statistics.median(mean for calls, mean in self.times if calls == most)

    def restore(self):
        pass

    def synchronise(self):
        pass

    def events(self):
        return {}


@pytest.mark.alone
@pytest.mark.parametrize("function", [chain, rows, descent])
def test_a_loop_by_hand_takes_as_long(bench, function):
    """Within a quarter, the best of three attempts: others use the machine as well."""
    x = jax.random.normal(jax.random.key(0), (200, 200))
    w = jax.random.normal(jax.random.key(1), (200, 200)) * 0.1
    cell = bench("y = f(x, w)", f=function, x=x, w=w)
    calls = {"eager": function, "jit": jax.jit(function)}
    ratios = {}
    for _ in range(3):
        by_hand = {mode: ByHand(f"{mode} by hand", call, (x, w)) for mode, call in calls.items()}
        runners = [*map(cell.runner, calls), *by_hand.values()]
        for runner in runners:  # compiled before anything is timed
            runner.run(1)
            runner.synchronise()
        for hand in by_hand.values():
            hand.times.clear()
        measured = measure(runners, seconds=1.0)
        assert not measured.failures
        ratios = {
            mode: statistics.median(measured.samples(mode)) / hand.median
            for mode, hand in by_hand.items()
        }
        if all(0.8 < ratio < 1.25 for ratio in ratios.values()):
            return
    pytest.fail(f"dlmagic's median over the one by hand: {ratios}")
