"""TensorFlow's settings in another process."""

from __future__ import annotations

import pickle

import tensorflow as tf

from dlmagic.frameworks.tensorflow import portable


def test_settings_of_another_process_are_taken_over() -> None:
    before = portable.settings()
    tf.config.experimental.enable_tensor_float_32_execution(False)
    tf.config.set_soft_device_placement(False)
    told = pickle.loads(pickle.dumps(portable.settings()))
    assert told != before
    portable.take_over(before)
    assert portable.settings() == before
    try:
        portable.take_over(told)
        assert portable.settings() == told
    finally:
        portable.take_over(before)
