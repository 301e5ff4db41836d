"""Keras' settings in another process."""

from __future__ import annotations

import pickle

import keras

from dlmagic.frameworks.keras import portable


def test_settings_of_another_process_are_taken_over() -> None:
    before = portable.settings()
    keras.config.set_epsilon(1e-5)
    keras.config.set_dtype_policy("mixed_bfloat16")
    told = pickle.loads(pickle.dumps(portable.settings()))
    portable.take_over(before)
    assert portable.settings() == before
    try:
        portable.take_over(told)
        assert keras.config.dtype_policy().name == "mixed_bfloat16"
        assert portable.settings() == told
    finally:
        portable.take_over(before)
