"""What cells of TensorFlow and Keras leave below ``%%graphmode``, to the last digit."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from dlmagic.cell.compare import Tolerance, compare
from dlmagic.cell.frozen import FrozenContainer, freeze
from dlmagic.cell.output import StreamOutput
from dlmagic.cell.source import CellSource
from dlmagic.errors import InputError
from dlmagic.frameworks.registry import loaded_frameworks
from dlmagic.magics.graphmode.engine import graphmode_cell
from dlmagic.magics.graphmode.request import Request, Surroundings
from tests.cell import worlds
from tests.cell.corpus import STATE_CHANGES
from tests.cell.corpus.cell import CorpusCell
from tests.cell.test_restore import require

CELLS = tuple(c for c in STATE_CHANGES if c.needs and c.needs[0] == "tensorflow")
IN_TESTS = 6
"""Of so many cells one is part of every test run; all of them of ``make prove``."""


def proven() -> list[object]:
    return [
        pytest.param(cell, id=cell.name, marks=[pytest.mark.prove] if number % IN_TESTS else [])
        for number, cell in enumerate(CELLS)
    ]


@pytest.fixture(autouse=True)
def clean_process() -> Iterator[None]:
    """What cells set for the whole process does not outlive them."""
    yield
    set_as_at_the_start()


def set_as_at_the_start() -> None:
    """What is set for the whole process, in which another cell may have run."""
    keras, tf = pytest.importorskip("keras"), pytest.importorskip("tensorflow")
    tf.random.set_seed(0)
    tf.random.set_global_generator(tf.random.Generator.from_seed(0))
    tf.config.run_functions_eagerly(False)
    keras.config.set_dtype_policy("float32")
    keras.config.set_floatx("float32")


def left(cell: CorpusCell, *, as_graph: bool) -> FrozenContainer:
    """The values of all names after the cell, frozen."""
    set_as_at_the_start()
    with worlds.world() as here:
        error = here.run("set-up", cell.setup)
        assert error is None, f"the set-up fails: {error}"
        if as_graph:
            run_as_graph(here, cell.text)
        else:
            error = here.run("cell", cell.text)
            assert error is None
        names = {
            name: described(value)
            for name, value in here.shell.user_ns.items()
            if name not in worlds.SHELL_NAMES | {"Out"} and not name.startswith("_")
        }
        frozen = freeze(names, loaded_frameworks())
        assert isinstance(frozen, FrozenContainer)
        return frozen


def described(value: object) -> object:
    """Models and optimisers by their numbers: Keras gives their parts new names in each run."""
    weights = getattr(value, "get_weights", None)
    if callable(weights) and not isinstance(value, type):
        optimizer = getattr(value, "optimizer", None)
        return [*weights(), *(variable.numpy() for variable in getattr(optimizer, "variables", ()))]
    if hasattr(value, "apply_gradients") and not isinstance(value, type):
        return [variable.numpy() for variable in value.variables]
    return value


def run_as_graph(here: worlds.World, text: str) -> None:
    source = CellSource.from_text(text, transform=here.shell.transform_cell)
    request = Request(source, here.shell.user_ns, mode="graph")
    try:
        graphmode_cell(request, Surroundings(StreamOutput()))
    except InputError:  # a cell that imports TensorFlow and computes without it
        assert here.run("cell", text) is None


@pytest.mark.parametrize("cell", proven())
def test_values_are_those_of_a_plain_run(cell: CorpusCell) -> None:
    require(cell)
    plain, graph = left(cell, as_graph=False), left(cell, as_graph=True)
    agreement = compare(plain, graph, Tolerance(0.0, 0.0))
    assert agreement.agrees is not False, agreement.reason
