"""A benchmark leaves everything as it was: after success, a refusal, and Ctrl-C at any step."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from types import ModuleType

import pytest

from dlmagic.cell.output import StreamOutput
from dlmagic.cell.source import CellSource
from dlmagic.errors import CellError, StateError
from dlmagic.magics.bench.engine import bench_cell
from dlmagic.magics.bench.request import Request, Surroundings
from dlmagic.magics.bench.result import BenchResult
from tests.cell import worlds
from tests.cell.corpus import STATE_CHANGES, changes
from tests.cell.corpus.cell import CorpusCell
from tests.cell.corpus.one_way import ONE_WAY
from tests.cell.test_restore import close_files, fingerprint, named, require

# What cells do here; from NumPy 2.5 on it is deprecated.
pytestmark = pytest.mark.filterwarnings("ignore:Setting the .* on a NumPy array:DeprecationWarning")

# Doubles a list with every call, which no memory bears for as long as a measurement lasts.
GROWS_WITHOUT_END = frozenset({"list methods"})
# Delete or use up what the next call would need: said before anything is timed.
RUN_ONCE = frozenset(
    {
        "a parameter group is added and changed",
        "a layer is appended, replaced and deleted",
        "weight_norm",
        "attributes of tensors",
        "shape and type are assigned",
        "a ChainMap, a UserDict and a SimpleNamespace",
        "attributes of objects",
        "slots",
        "attributes of classes",
        "attributes of functions",
        "default arguments",
        "an iterator of the user's class",
        "dict methods",
        "a sparse parameter",
        "a parametrization is removed",
        "a ParameterDict and a ParameterList",
        "an attribute behind __getattr__ and slots of two classes",
        "a module's variable is replaced",
    }
)
# Do so only when called some times more: the arm may fail while it is timed.
RUN_SOME_TIMES = frozenset(
    {
        "an OrderedDict",
        "in-place operations on arrays",  # doubles with every call
        "a function is compiled for another type",  # likewise
        "a deep copy is rebound",
        "a list of lists is sorted and reversed",
        "variables in containers",
    }
)
# Imports PyTorch and computes without it.
PLAIN = frozenset({"numpy over a view of a tensor", "an array over a tensor is reshaped"})

MODES = {
    "torch": ("eager", "trace"),
    "tensorflow": ("eager", "graph"),
    "jax": ("eager", "jit"),
    "numba": ("python", "njit"),
}
CELLS = tuple(cell for cell in STATE_CHANGES if cell.name not in GROWS_WITHOUT_END)
# The same optimisers once more, after a first step: `tests/cell/test_restore.py` has them too.
ON_THEIR_WAY = ("fit on its way: ", "a tape on its way: ")
# Each compiles for seconds: one of each beginning in every test run, all in `make prove`.
LONG = (*ON_THEIR_WAY, "fit from the start: ", "a tape from the start: ")
# Likewise; in its comment the cell that stays in every test run and takes the same way.
LONG_AND_ALIKE = frozenset(
    {
        "fit with its history",  # fit with callbacks
        "fit for the second time",  # fit on its way
        "fit of a model of functions",  # a model that is built by its first fit
        "fit over a dataset",  # a loop over a dataset, and fit
        "momentum on a decaying rate",  # a tape from the start
        "clipping, momentum and a schedule of Optax",  # an optimizer of Optax
        "a jitted step with an optimizer of Flax",  # a step with an optimizer of Flax
        "typed lists in a typed list",  # a typed list
        "a typed list of arrays",  # a typed list
        "a typed dict of arrays",  # a typed dict
    }
)
STEPS = ("reading", "first run", "preparing", "warming up", "round 1")
CALLS = (1, 2, 3, 4, 6)
INTERRUPTED = 7
"""Of so many cells one is interrupted, too, in every test run; all of them in ``make prove``.

It has no factor in common with the ten ways to be interrupted: each way gets its cells.
"""

Tell = Callable[[str], object]


@pytest.fixture(scope="module")
def frozen() -> Iterator[None]:
    yield
    gc.unfreeze()


@pytest.fixture(autouse=True)
def only_new_objects_are_searched(frozen: None) -> None:
    """Spare the garbage collector all that was there before: it runs before every block."""
    gc.collect()
    gc.freeze()


def bench(here: worlds.World, cell: CorpusCell, more: str = "", tell: Tell = len) -> BenchResult:
    request = Request(
        CellSource.from_text(cell.text + more, transform=here.shell.transform_cell),
        here.shell.user_ns,
        modes=modes_of(cell),
        seconds=0.01,
    )
    return bench_cell(request, Surroundings(StreamOutput(), tell))


def modes_of(cell: CorpusCell) -> tuple[str, ...]:
    """The reference and one graph; of PyTorch the one that is made in no time."""
    if cell.name in PLAIN or not cell.needs:
        return ("python",)
    return MODES[cell.needs[0]]


def set_up(here: worlds.World, cell: CorpusCell) -> None:
    require(cell)
    error = here.run("set-up", cell.setup)
    assert error is None, f"the set-up fails: {error}"


def test_most_cells_are_timed() -> None:
    names = {cell.name for cell in CELLS}
    assert names >= RUN_ONCE | RUN_SOME_TIMES | PLAIN | LONG_AND_ALIKE
    assert len(names - RUN_ONCE - RUN_SOME_TIMES) > 150


def proven() -> list[object]:
    """All cells, the long ones but for the first of each beginning only under ``make prove``."""
    seen: set[str] = set()
    return [
        pytest.param(cell, id=cell.name, marks=[pytest.mark.prove] if again(cell, seen) else [])
        for cell in CELLS
    ]


def again(cell: CorpusCell, seen: set[str]) -> bool:
    """Whether a long cell is like another, or has the beginning of one that was seen."""
    if cell.name in LONG_AND_ALIKE:
        return True
    beginning = next((each for each in LONG if cell.name.startswith(each)), None)
    if beginning is None or beginning in seen:
        return beginning is not None
    seen.add(beginning)
    return False


def test_every_way_to_be_interrupted_has_its_cells() -> None:
    ways = {number % (2 * len(STEPS)) for number in range(0, len(CELLS), INTERRUPTED)}
    assert ways == set(range(2 * len(STEPS)))


@pytest.mark.parametrize("cell", proven())
def test_nothing_differs_after_a_benchmark(cell: CorpusCell) -> None:
    """Short of some that take the same way as others; `make prove` has them, and interrupts all."""
    nothing_differs(cell, interrupted=CELLS.index(cell) % INTERRUPTED == 0)


@pytest.mark.prove
@pytest.mark.parametrize("cell", named(CELLS))
def test_nothing_differs_after_an_interrupt(cell: CorpusCell) -> None:
    nothing_differs(cell, interrupted=True)


def nothing_differs(cell: CorpusCell, interrupted: bool) -> None:
    """After a whole benchmark, then after one that is interrupted."""
    with worlds.world() as here:
        set_up(here, cell)
        calls = here.shell.user_ns["calls"] = ModuleType("calls")
        before = fingerprint(here)
        if cell.name in RUN_ONCE:
            with pytest.raises(CellError, match="runs once but not again"):
                bench(here, cell)
        else:
            status = bench(here, cell).arms[0].status
            assert status == "ok" or cell.name in RUN_SOME_TIMES
        assert before.differences(fingerprint(here)) == []
        if interrupted:
            assert is_interrupted(here, cell, calls)
            assert before.differences(fingerprint(here)) == []
        close_files(here)


def is_interrupted(here: worlds.World, cell: CorpusCell, calls: ModuleType) -> bool:
    """Whether a benchmark ends early, by an interrupt or because the cell cannot go on.

    Every other cell is interrupted at one of five steps, the others inside one of their calls.
    """
    turn, inside = divmod(CELLS.index(cell) % (2 * len(STEPS)), 2)
    calls.count = interrupting_at_call(CALLS[turn])  # type: ignore[attr-defined]
    try:
        if inside:
            result = bench(here, cell, more="\ncalls.count()")
        else:
            result = bench(here, cell, tell=interrupting_at_step(STEPS[turn]))
    except KeyboardInterrupt:
        return True
    except CellError:
        return cell.name in RUN_ONCE
    return result.partial or cell.name in RUN_SOME_TIMES


def interrupting_at_step(words: str) -> Tell:
    def tell(line: str) -> None:
        if line.startswith(words):
            raise KeyboardInterrupt

    return tell


def interrupting_at_call(number: int) -> Callable[[], None]:
    """A function of a module: what is inside one is nobody's state."""
    left = iter(range(1, number))

    def count() -> None:
        if next(left, None) is None:
            raise KeyboardInterrupt

    return count


@pytest.mark.parametrize("cell", named(changes.MOVED))
def test_contents_come_back_where_the_memory_cannot(cell: CorpusCell) -> None:
    with worlds.world() as here:
        set_up(here, cell)
        before = fingerprint(here)
        assert bench(here, cell).arms[0].status == "ok"
        left = before.differences(fingerprint(here))
        assert [line for line in left if " layout was " not in line] == []


@pytest.mark.parametrize("cell", named(ONE_WAY))
@pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning")
def test_what_cannot_be_put_back_is_refused_before_anything_runs(cell: CorpusCell) -> None:
    told: list[str] = []
    with worlds.world() as here:
        set_up(here, cell)
        before = fingerprint(here)
        with pytest.raises(StateError, match="source"):
            bench(here, cell, tell=told.append)
        assert told == ["reading what the cell uses"]
        assert before.differences(fingerprint(here)) == []
        here.run("close", "getattr(source, 'close', len)() if hasattr(source, 'close') else 0")
