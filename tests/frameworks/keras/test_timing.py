"""What is reported is what a stopwatch around the user's own call says."""

from __future__ import annotations

import statistics
import time

import keras
import numpy as np
import pytest

from dlmagic import bench

ATTEMPTS = 4  # a busy machine may disturb one of the two, not all of them


def by_hand(model, x, y):
    """Seconds of one call, the median of some."""
    seconds = []
    for _ in range(9):
        start = time.perf_counter()
        model.fit(x, y, verbose=0)
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


@pytest.mark.alone
def test_the_time_of_a_fit_is_that_of_a_loop_around_it():
    keras.utils.set_random_seed(0)
    x = np.random.default_rng(0).random((512, 16), dtype=np.float32)
    y = x.sum(axis=1, keepdims=True)
    model = keras.Sequential([keras.Input((16,)), keras.layers.Dense(32), keras.layers.Dense(1)])
    model.compile(optimizer="sgd", loss="mse")
    model.fit(x, y, verbose=0)
    names = {"model": model, "x": x, "y": y, "__name__": "__main__"}
    ratios = []
    for _ in range(ATTEMPTS):
        before = by_hand(model, x, y)
        result = bench("model.fit(x, y)", namespace=names, modes=["graph"], time=0.6, check=False)
        hand = (before + by_hand(model, x, y)) / 2
        ratios.append(result["graph"].median / hand)
        if 0.8 < ratios[-1] < 1.25:
            return
    raise AssertionError(f"times reported over times of a stopwatch: {ratios}")
