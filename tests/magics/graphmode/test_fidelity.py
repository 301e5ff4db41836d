"""Below ``%%graphmode`` a cell leaves, prints, shows and raises what it does plainly."""

from __future__ import annotations

import importlib

import pytest

from dlmagic.cell.function import CellFunction
from dlmagic.cell.output import StreamOutput
from dlmagic.errors import InputError
from dlmagic.magics.graphmode.engine import graphmode_cell
from dlmagic.magics.graphmode.request import Request, Surroundings
from tests.cell import worlds
from tests.cell.corpus import STATE_CHANGES
from tests.cell.corpus.cell import CorpusCell
from tests.cell.describe import differences
from tests.cell.test_restore import require
from tests.magics.graphmode.mixed_cells import MIXED
from tests.magics.graphmode.test_fidelity_tensorflow import CELLS as CELLS_OF_TENSORFLOW

MODES = {"torch": "compile:eager", "jax": "jit", "numba": "njit"}
# TensorFlow and Keras number their variables and layers through the whole process, so that no two
# runs describe alike; `test_tensorflow.py` compares what their cells leave.
NOT_DESCRIBED_ALIKE = frozenset(
    {
        "the default device",  # under "meta" the state of the random generator cannot be read
        "compiled random numbers",  # numba's generator goes on from one world to the next
        "a compiled module is trained and evaluated",  # PyTorch's own marks are described, too
    }
)
CHANGES = tuple(
    cell
    for cell in STATE_CHANGES
    if cell.needs and cell.needs[0] in MODES and cell.name not in NOT_DESCRIBED_ALIKE
)
CELLS = (*MIXED, *CHANGES)
# What IPython keeps of values shown before, unless another test has put a name into builtins.
LAST_VALUES = ("namespace._: ", "namespace.__: ", "namespace.___: ")
# What compiled code needs beside it in the notebook's globals, under names that nobody types.
OF_COMPILED_CODE = ("namespace.___module_", "namespace.__subclass_", "namespace.__compiled_fn_")
# A warning that is given once in a process comes in the first of two worlds alone.
OF_THE_PROCESS = ("set-up.warnings: ",)
NOT_OF_THE_CELL = (*LAST_VALUES, *OF_COMPILED_CODE, *OF_THE_PROCESS)
IN_TESTS = 7
"""Of so many cells one is part of every test run; all of them of ``make prove``."""


def proven() -> list[object]:
    return [
        pytest.param(cell, id=cell.name, marks=[pytest.mark.prove] if number % IN_TESTS else [])
        for number, cell in enumerate(CELLS)
    ]


def through_graphmode(made: CellFunction, mode: str) -> object:
    request = Request(made.source, made.namespace, mode=mode)
    try:
        return graphmode_cell(request, Surroundings(StreamOutput())).last
    except InputError:  # such as a cell that imports PyTorch and computes without it
        return made.commit()


@pytest.mark.parametrize("cell", proven())
def test_like_a_plain_run(cell: CorpusCell) -> None:
    require(cell)
    for package in cell.needs:  # to import one draws random numbers, in the first world alone
        module = importlib.import_module(package)
        if package == "numba":
            module.get_num_threads()  # starts its threads, which sets those of PyTorch, once
    mode = MODES[cell.needs[0]]
    plain = worlds.plain(cell.setup, cell.text, cell.after)
    through = worlds.machinery(
        cell.setup, cell.text, cell.after, lambda made, _shifts: through_graphmode(made, mode)
    )
    found = [each for each in differences(plain, through) if not each.startswith(NOT_OF_THE_CELL)]
    assert not found, "\n".join(found)


def test_there_are_enough() -> None:
    assert len({cell.name for cell in (*CELLS, *CELLS_OF_TENSORFLOW)}) >= 200
