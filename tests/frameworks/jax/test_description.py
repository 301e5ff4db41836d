"""Arrays of JAX, described by their metadata; deleted and traced ones too."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import pytest

from dlmagic.frameworks.description import Description
from dlmagic.frameworks.jax.description import describe


@pytest.mark.usefixtures("on_processor")
def test_an_array() -> None:
    found = describe(jnp.zeros((2, 3)))
    assert found == Description("Array", (2, 3), "float32", "cpu:0", nbytes=24)
    assert describe(jnp.asarray(1.0)).remark == "weak type"  # type: ignore[union-attr]
    assert describe(1.0) is None


def test_a_deleted_array_and_a_random_key() -> None:
    gone = jnp.ones(3)
    gone.delete()
    found = describe(gone)
    assert found is not None
    assert (found.shape, found.dtype, found.remark) == ((3,), "float32", "deleted")
    key = describe(jax.random.key(0))
    assert key is not None
    assert (key.shape, key.dtype) == ((), "key<fry>")


def test_a_traced_array() -> None:
    seen: list[Description | None] = []

    @jax.jit
    def function(x: jax.Array) -> jax.Array:
        seen.append(describe(x))
        return x

    function(jnp.ones(3))
    (found,) = seen
    assert found is not None
    assert (found.kind, found.shape, found.remark) == ("Tracer", (3,), "traced")
