from __future__ import annotations

import jax
import jax.numpy as jnp
import pytest

from dlmagic import bench
from dlmagic.frameworks.jax.adapter import JaxFramework
from dlmagic.frameworks.jax.ambient import SavedFlags


@pytest.fixture(autouse=True)
def as_before():
    saved = SavedFlags()
    yield
    saved.restore()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("jax_enable_x64", True),
        ("jax_default_matmul_precision", "highest"),
        ("jax_numpy_dtype_promotion", "strict"),
        ("jax_disable_jit", True),
    ],
)
def test_a_changed_setting_is_found_in_the_result(name, value):
    x = jnp.ones(2)
    before = bench("x + x", namespace={"x": x}, modes=["eager"], time=0.02)
    jax.config.update(name, value)
    after = bench("x + x", namespace={"x": x}, modes=["eager"], time=0.02)
    told = [result.environment.settings["jax"][name] for result in (before, after)]
    assert told[0] != told[1] == str(value)


def test_threads_are_those_of_the_environment(monkeypatch):
    for name in ("NPROC", "OMP_NUM_THREADS"):
        monkeypatch.delenv(name, raising=False)
    assert JaxFramework().settings()["threads"] == "chosen by XLA"
    monkeypatch.setenv("NPROC", "3")
    told = JaxFramework().settings()
    assert (told["threads"], told["NPROC"]) == ("set by environment", "3")
