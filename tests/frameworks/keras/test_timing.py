"""What is reported is what a stopwatch around the user's own call says."""

from __future__ import annotations

import statistics
import time

import keras
import numpy as np
import pytest

from dlmagic import bench

ATTEMPTS = 4  # a busy machine may disturb one of the two, not all of them


CELLS = {
    "model.fit(x, y)": lambda model, x, y: model.fit(x, y, verbose=0),
    "model.evaluate(x, y)": lambda model, x, y: model.evaluate(x, y, verbose=0),
    "model.predict(x)": lambda model, x, _y: model.predict(x, verbose=0),
}


def by_hand(call, model, x, y):
    """Seconds of one call, the median of some."""
    seconds = []
    for _ in range(9):
        start = time.perf_counter()
        call(model, x, y)
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


@pytest.mark.alone
@pytest.mark.parametrize("cell", CELLS)
def test_the_time_of_a_cell_is_that_of_a_loop_around_it(cell):
    keras.utils.set_random_seed(0)
    x = np.random.default_rng(0).random((512, 16), dtype=np.float32)
    y = x.sum(axis=1, keepdims=True)
    model = keras.Sequential([keras.Input((16,)), keras.layers.Dense(32), keras.layers.Dense(1)])
    model.compile(optimizer="sgd", loss="mse")
    call = CELLS[cell]
    call(model, x, y)
    names = {"model": model, "x": x, "y": y, "__name__": "__main__"}
    ratios = []
    for _ in range(ATTEMPTS):
        before = by_hand(call, model, x, y)
        result = bench(cell, namespace=names, modes=["graph"], time=0.6, check=False)
        hand = (before + by_hand(call, model, x, y)) / 2
        ratios.append(result["graph"].median / hand)
        if 0.8 < ratios[-1] < 1.25:
            return
    raise AssertionError(f"times reported over times of a stopwatch: {ratios}")
