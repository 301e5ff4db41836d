"""JAX's settings in another process."""

from __future__ import annotations

import pickle

import jax

from dlmagic.frameworks.jax import portable
from dlmagic.frameworks.jax.ambient import SavedFlags


def test_settings_of_another_process_are_taken_over() -> None:
    before = SavedFlags()
    jax.config.update("jax_enable_x64", True)
    jax.config.update("jax_default_matmul_precision", "float32")
    told = pickle.loads(pickle.dumps(portable.settings()))
    before.restore()
    assert not jax.config.jax_enable_x64
    try:
        portable.take_over(told)
        assert jax.config.jax_enable_x64
        assert portable.settings() == told
    finally:
        before.restore()


def test_a_flag_that_cannot_be_set_is_left_alone() -> None:
    before = portable.settings()
    portable.take_over({"jax_no_such_flag": 1, "jax_default_matmul_precision": "nonsense"})
    assert portable.settings() == before
