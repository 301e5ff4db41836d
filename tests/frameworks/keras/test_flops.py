"""What a model's own training computes, and the settings that decide about its types."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from dlmagic import bench

BATCH, INPUT, HIDDEN, OUTPUT, BATCHES = 32, 16, 24, 4, 3


@pytest.fixture
def trained():
    model = keras.Sequential(
        [keras.Input((INPUT,)), keras.layers.Dense(HIDDEN), keras.layers.Dense(OUTPUT)]
    )
    model.compile(optimizer="sgd", loss="mse")
    x = np.ones((BATCH * BATCHES, INPUT), np.float32)
    y = np.ones((BATCH * BATCHES, OUTPUT), np.float32)
    return {"model": model, "x": x, "y": y, "keras": keras, "__name__": "__main__"}


@pytest.mark.parametrize(
    ("cell", "passes"),
    [
        (f"model.fit(x, y, batch_size={BATCH})", (2, 3)),
        (f"model.predict(x, batch_size={BATCH})", (1, 1)),
    ],
)
def test_training_and_predicting_are_counted_batch_by_batch(trained, cell, passes):
    result = bench(cell, namespace=trained, modes=["graph"], time=0.05, flops=True, check=False)
    first, second = 2 * BATCH * INPUT * HIDDEN, 2 * BATCH * HIDDEN * OUTPUT
    formula = BATCHES * (passes[0] * first + passes[1] * second)
    assert result["graph"].flops == pytest.approx(formula, rel=1e-3), result.notes
    assert 0 < result["graph"].roofline_share <= 1


def test_a_mixed_policy_is_found_in_the_result(trained):
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        result = bench("model.predict(x)", namespace=trained, modes=["graph"], time=0.02)
    finally:
        keras.config.set_dtype_policy(before)
    assert result.environment.settings["keras"]["dtype policy"] == "mixed_bfloat16"
