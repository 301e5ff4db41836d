"""A cell of JAX with its starting state, as the adapter meets it."""

from __future__ import annotations

import builtins
import gc
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import nnx

from dlmagic.cell.function import CellFunction, compile_cell
from dlmagic.cell.snapshot import Snapshot, take_snapshot
from dlmagic.cell.source import CellSource
from dlmagic.frameworks.jax import _compat as compat
from dlmagic.frameworks.jax import donation
from dlmagic.frameworks.jax.adapter import JaxFramework
from dlmagic.frameworks.plain.adapter import PlainFramework
from dlmagic.frameworks.protocol import Prepared

LIBRARIES: dict[str, object] = {"jax": jax, "jnp": jnp, "np": np, "optax": optax, "nnx": nnx}


@pytest.fixture(autouse=True)
def nothing_was_donated_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """Once a cell has given arrays away, later ones are looked at more closely."""
    monkeypatch.setattr(donation, "_seen", [])


@dataclass
class Bench:
    """One cell and what it starts from."""

    cell: CellFunction
    snapshot: Snapshot
    framework: JaxFramework

    @property
    def arguments(self) -> dict[str, object]:
        return dict(zip(self.cell.parameters, self.cell.arguments(), strict=True))

    def run(self, replaced: Mapping[str, object] | None = None) -> tuple[object, ...]:
        values = {**self.arguments, **(replaced or {})}
        return self.cell.function(*(values[name] for name in self.cell.parameters))

    def outputs(self) -> dict[str, Any]:
        """Run the cell as it is; its outputs by name."""
        return self.named(self.run())

    def run_once(self, replaced: Mapping[str, object]) -> object:
        try:
            return self.run(replaced)
        finally:
            self.snapshot.restore()

    def prepare(self, mode: str) -> Prepared:
        return self.framework.prepare(mode, self.cell, self.arguments, self.run_once)

    def call(self, prepared: Prepared) -> dict[str, Any]:
        """Run prepared once; the outputs by name, the last expression under ``""``."""
        with prepared.active():
            return self.named(prepared.function(*self.cell.arguments()))

    def jitted(self) -> dict[str, Any]:
        return self.call(self.prepare("jit"))

    def named(self, returned: tuple[object, ...]) -> dict[str, Any]:
        outputs, last = self.cell.split(returned)
        return {**outputs, "": last}

    def runner(self, mode: str) -> Runner:
        return Runner(mode, self, self.prepare(mode))

    def failure(self, mode: str) -> tuple[str, int | None]:
        """Why a mode fails, and in which line, in the words for the user."""
        with pytest.raises(Exception) as caught:
            self.call(self.prepare(mode))
        explained = self.framework.explain_failure(caught.value, self.cell.source.filename)
        self.snapshot.restore()
        assert explained is not None, caught.value
        return explained


@dataclass
class Runner:
    """One mode of a cell, as a measurement sees it."""

    name: str
    bench: Bench
    prepared: Prepared
    last: object = None

    def restore(self) -> None:
        self.bench.snapshot.restore()

    def run(self, calls: int) -> None:
        arguments, function = self.bench.cell.arguments(), self.prepared.function
        for _ in range(calls):
            self.last = function(*arguments)

    def synchronise(self) -> None:
        self.bench.framework.synchronise(self.last)

    def events(self) -> Mapping[str, int]:
        return self.bench.framework.events()


@pytest.fixture
def bench() -> Callable[..., Bench]:
    """Make a :class:`Bench` from a cell's text and the names that it finds."""

    def make(text: str, /, **names: object) -> Bench:
        namespace = {"__name__": "__main__", "__builtins__": builtins, **LIBRARIES, **names}
        return of_namespace(text, namespace)

    return make


@pytest.fixture
def wide() -> Iterator[None]:
    """JAX as after ``jax.config.update("jax_enable_x64", True)``."""
    jax.config.update("jax_enable_x64", True)
    yield
    jax.config.update("jax_enable_x64", False)


@pytest.fixture
def on_processor() -> Iterator[None]:
    """Arrays are made in main memory, also where there is a GPU."""
    with jax.default_device(jax.devices("cpu")[0]):
        yield


@pytest.fixture
def changing_types() -> None:
    """Skips where an array cannot be one of another type in place: from JAX 0.11.2 on."""
    if not compat.put(jnp.ones(1), jnp.ones(1, jnp.int32)):
        pytest.skip("This JAX replaces arrays by those of the same type alone.")


@pytest.fixture
def in_notebook() -> Callable[[str, str], Bench]:
    """Make a :class:`Bench` from a cell's text and the text of the cells before it.

    Functions of the notebooks of other tests, which may donate, are gone.
    """
    jax.clear_caches()
    gc.collect()

    def make(before: str, text: str) -> Bench:
        namespace: dict[str, object] = {"__name__": "__main__", **LIBRARIES}
        exec(before, namespace)
        return of_namespace(text, namespace)

    return make


def of_namespace(text: str, namespace: dict[str, object]) -> Bench:
    framework = JaxFramework()
    frameworks = (framework, PlainFramework((framework,)))
    cell = compile_cell(CellSource.from_text(text), namespace)
    cell.define()
    snapshot = take_snapshot(namespace, cell.reads, frameworks=frameworks, cell_text=text)
    return Bench(cell, snapshot, framework)


def same(left: object, right: object) -> bool:
    """Whether two trees have the same containers, types and numbers."""
    first, second = jax.tree_util.tree_flatten(left), jax.tree_util.tree_flatten(right)
    return first[1] == second[1] and all(map(same_leaf, first[0], second[0]))


def same_leaf(left: Any, right: Any) -> bool:
    if type(left) is not type(right):
        return False
    if not isinstance(left, jax.Array):
        return bool(left == right)
    if jax.dtypes.issubdtype(left.dtype, jax.dtypes.prng_key):
        left, right = jax.random.key_data(left), jax.random.key_data(right)
    return left.dtype == right.dtype and np.allclose(left, right, rtol=1e-5)


@pytest.fixture(name="same")
def same_fixture() -> Callable[[object, object], bool]:
    return same
