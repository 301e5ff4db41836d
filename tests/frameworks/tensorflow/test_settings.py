from __future__ import annotations

import pytest
import tensorflow as tf

from dlmagic import bench
from dlmagic.frameworks.tensorflow.ambient import save_ambient, settings

experimental = tf.config.experimental
CHANGES = {
    "TF32": lambda: experimental.enable_tensor_float_32_execution(False),
    "XLA in graphs": lambda: tf.config.optimizer.set_jit("autoclustering"),
    "functions run eagerly": lambda: tf.config.run_functions_eagerly(True),
    "soft device placement": lambda: tf.config.set_soft_device_placement(False),
}


@pytest.fixture(autouse=True)
def as_before():
    saved = list(save_ambient())
    yield
    for setting in saved:
        setting.restore()


@pytest.mark.parametrize("name", CHANGES)
def test_a_changed_setting_is_found_in_the_result(name):
    x = tf.ones(2)
    before = bench("x + 1", namespace={"x": x}, modes=["eager"], time=0.02)
    CHANGES[name]()
    after = bench("x + 1", namespace={"x": x}, modes=["eager"], time=0.02)
    told = [result.environment.settings["tensorflow"][name] for result in (before, after)]
    assert told[0] != told[1]


def test_threads_and_determinism_are_told():
    told = settings()
    assert told["deterministic operations"] == "off"
    assert told.keys() >= {"inter-op threads", "intra-op threads"}
