"""Arrays as NumPy sees them, settings, and what belongs to JAX."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import nnx

from dlmagic.frameworks.jax.adapter import JaxFramework

framework = JaxFramework()


@pytest.mark.usefixtures("on_processor")
@pytest.mark.parametrize(
    ("dtype", "seen"),
    [
        ("float32", "float32"), ("int32", "int32"), ("bool", "bool"), ("complex64", "complex64"),
        ("float16", "float16"), ("bfloat16", "float32"), ("float8_e4m3fn", "float32"),
        ("int4", "int8"),
    ],
)  # fmt: skip
def test_every_type_has_numbers(dtype, seen):
    array = jnp.array([0, 1, 1]).astype(dtype)
    view = framework.as_array(array)
    assert (view.dtype, view.shape, view.device) == (dtype, (3,), "cpu")
    assert view.values.dtype == seen
    assert view.values.tolist() == [0, 1, 1]


def test_a_key_is_the_numbers_it_is_made_of():
    view = framework.as_array(jax.random.key(5))
    assert (view.dtype, view.shape) == ("key<fry>", ())
    assert view.values.tolist() == [0, 5]


def test_what_has_no_numbers_is_no_array():
    seen = []
    jax.jit(lambda a: seen.append(framework.as_array(a)))(jnp.ones(1))
    gone = jnp.ones(1)
    gone.delete()
    assert seen == [None]
    assert framework.as_array(gone) is None
    assert framework.as_array(np.ones(1)) is None
    assert framework.as_array(1.0) is None


def test_what_belongs_to_jax():
    theirs = [jnp.ones(1), jax.jit(abs), nnx.Linear(1, 1, rngs=nnx.Rngs(0)), optax.sgd(0.1)]
    assert all(map(framework.owns, theirs))
    assert not any(map(framework.owns, [np.ones(1), 1.0, [jnp.ones(1)]]))


def test_settings_are_texts():
    told = framework.settings()
    assert told["jax_enable_x64"] == "False"
    assert told["platform"] == jax.default_backend()
    with jax.default_matmul_precision("highest"):
        assert framework.settings()["jax_default_matmul_precision"] == "highest"
