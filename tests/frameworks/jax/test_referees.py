"""The runs that decide whether a difference between two modes is an error."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dlmagic.errors import ModeUnavailable
from dlmagic.frameworks.jax import _compat as compat


@pytest.mark.usefixtures("changing_types")
def test_in_float64_every_array_is_wide_wherever_it_stands(in_notebook):
    bench = in_notebook(
        "x = jnp.arange(3.0)\nw = jnp.array([1 + 1j], jnp.complex64)\n"
        "h = jnp.ones(1, jnp.bfloat16)\n"
        "class Held:\n    pass\nheld = Held()\nheld.a = jnp.ones(2)\n"
        "n = jnp.array(2, jnp.int32)\n"
        "def helper():\n    return held.a.sum() + x.sum()\n",
        "y = helper()\nz = w * 2\nm = n * n\nk = h + jnp.ones(1)",
    )
    x = bench.cell.namespace["x"]
    with bench.snapshot.in_float64() as widen:
        found = bench.run({name: widen(value) for name, value in bench.arguments.items()})
        types = [str(value.dtype) for value in found[1:]]
        assert x.dtype == "float64"
    assert types == ["float64", "complex128", "int32", "float64"]
    assert (x.dtype, x.tolist()) == ("float32", [0.0, 1.0, 2.0])
    assert np.asarray(x).dtype == np.float32
    assert jnp.ones(1).dtype == "float32"
    assert not bench.snapshot.changes()


def test_a_cell_with_random_numbers_has_no_float64_referee(in_notebook):
    for before in ("key = jax.random.key(0)", "key = jax.random.PRNGKey(0)"):
        bench = in_notebook(before, "y = jax.random.normal(key)")
        with pytest.raises(ModeUnavailable), bench.snapshot.in_float64():
            pass
    bench = in_notebook("", "y = jax.random.normal(jax.random.key(0))")
    with pytest.raises(ModeUnavailable), bench.snapshot.in_float64():
        bench.run()
    assert not jax.config.jax_enable_x64
    assert jax.random.key(0).shape == ()


@pytest.mark.usefixtures("wide")
def test_a_cell_in_float64_has_no_referee_that_is_more_exact(in_notebook):
    """It is nudged instead: a residual of rounding errors alone differs between right modes."""
    bench = in_notebook("x = jnp.arange(3.0)\nn = jnp.array(2)", "y = x * n")
    assert bench.cell.namespace["x"].dtype == "float64"
    with pytest.raises(ModeUnavailable), bench.snapshot.in_float64():
        pass


@pytest.mark.usefixtures("wide", "changing_types")
def test_a_cell_of_which_a_part_is_float64_has_one(in_notebook):
    bench = in_notebook("x = jnp.arange(3.0)\nh = jnp.ones(3, jnp.float32)", "y = x * h")
    with bench.snapshot.in_float64():
        assert bench.cell.namespace["h"].dtype == "float64"
    assert bench.cell.namespace["h"].dtype == "float32"
    assert bench.cell.namespace["x"].tolist() == [0.0, 1.0, 2.0]


def test_nudged_values_move_in_their_last_digits_and_come_back(in_notebook):
    bench = in_notebook("x = jnp.array([1.0, 0.0, 1e6])\nn = jnp.array(3)", "y = x * n")
    x = bench.cell.namespace["x"]
    before = np.array(x)
    moved = []
    for seed in (0, 0, 1):
        with bench.snapshot.nudged(seed):
            moved.append(np.array(x))
        assert np.array_equal(x, before)
    assert np.array_equal(moved[0], moved[1])
    assert not np.array_equal(moved[0], moved[2])
    assert not np.array_equal(moved[0], before)
    assert moved[0][1] == 0.0
    relative = np.abs(moved[0] - before)[[0, 2]] / before[[0, 2]]
    assert relative.max() <= 5 * np.finfo(np.float32).eps


@pytest.mark.usefixtures("changing_types")
def test_an_interrupt_leaves_no_wide_array_behind(in_notebook):
    bench = in_notebook("x = jnp.ones(3)", "y = x + 1")
    with pytest.raises(KeyboardInterrupt), bench.snapshot.in_float64():
        raise KeyboardInterrupt
    assert bench.cell.namespace["x"].dtype == "float32"
    assert not jax.config.jax_enable_x64


def test_where_types_cannot_change_in_place_there_is_none_and_nothing_is_left(
    in_notebook, monkeypatch
):
    monkeypatch.setattr(compat, "put", lambda _array, _source: False)
    bench = in_notebook("x = jnp.ones(3)", "y = x + 1")
    with pytest.raises(ModeUnavailable, match="replaced in place"), bench.snapshot.in_float64():
        pass
    assert bench.cell.namespace["x"].dtype == "float32"
    assert not jax.config.jax_enable_x64
    assert not bench.snapshot.changes()
