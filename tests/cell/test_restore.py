"""After success, an error and Ctrl-C the state is what it was, at the same addresses."""

from __future__ import annotations

import importlib.util
import io
import sys
from collections.abc import Iterator

import pytest

from dlmagic.cell.function import CellFunction, compile_cell
from dlmagic.cell.snapshot import take_snapshot
from dlmagic.cell.source import CellSource
from dlmagic.errors import StateError
from dlmagic.frameworks.registry import loaded_frameworks
from tests.cell import worlds
from tests.cell.corpus import STATE_CHANGES
from tests.cell.corpus.cell import CorpusCell
from tests.cell.corpus.changes import MOVED
from tests.cell.corpus.one_way import ONE_WAY
from tests.cell.fingerprint import Fingerprint

pytestmark = [
    pytest.mark.usefixtures("only_new_objects_are_searched"),
    # What a cell does here; from NumPy 2.5 on it is deprecated.
    pytest.mark.filterwarnings("ignore:Setting the .* on a NumPy array:DeprecationWarning"),
]

CELLS = STATE_CHANGES
ENDINGS = {
    "success": "",
    "error": "\nraise RuntimeError('in the middle')",
    "interrupt": "\nraise KeyboardInterrupt",
}

WAYS = (
    "fit from the start: ",
    "fit on its way: ",
    "a tape from the start: ",
    "a tape on its way: ",
)

RAISED = {"success": "", "error": "RuntimeError: in the middle", "interrupt": "KeyboardInterrupt: "}


def named(cells: tuple[CorpusCell, ...]) -> list[object]:
    return [pytest.param(cell, id=cell.name) for cell in cells]


def require(cell: CorpusCell) -> None:
    for package in cell.needs:
        if importlib.util.find_spec(package) is None:
            pytest.skip(f"{package} is not installed")


def compiled(here: worlds.World, text: str) -> CellFunction:
    source = CellSource.from_text(
        f"%%proof\n{text}", magic=True, transform=here.shell.transform_cell
    )
    return compile_cell(source, here.shell.user_ns)


def fingerprint(here: worlds.World) -> Fingerprint:
    return Fingerprint.of(here.shell.user_ns, besides=worlds.SHELL_NAMES)


def test_there_are_more_than_270_cells() -> None:
    assert len({cell.name for cell in CELLS}) == len(CELLS) > 270


def proven() -> list[object]:
    """All cells with their numbers; some long ones only under ``make prove``.

    Each optimizer of Keras has four cells: fit or by hand, from the start or on its way. Part of
    every test run is one of fit and one by hand, by turns: each optimizer starts in one of them,
    and is on its way in the other.
    """
    long = [cell.name for cell in CELLS if cell.name.startswith(WAYS)]
    assert len(long) % 4 == 0
    kept = {name for k, name in enumerate(long) if k % 8 in (0, 3, 5, 6)}
    return [
        pytest.param(
            number,
            cell,
            id=cell.name,
            marks=[pytest.mark.prove] if cell.name in {*long} - kept else [],
        )
        for number, cell in enumerate(CELLS)
    ]


@pytest.mark.parametrize(("number", "cell"), proven())
def test_nothing_differs_after_restoring(number: int, cell: CorpusCell) -> None:
    """After success, and after an error and an interrupt by turns."""
    nothing_differs(cell, ("success", ("error", "interrupt")[number % 2]))


@pytest.mark.prove
@pytest.mark.parametrize("cell", named(CELLS))
def test_nothing_differs_after_any_ending(cell: CorpusCell) -> None:
    nothing_differs(cell, tuple(ENDINGS))


def nothing_differs(cell: CorpusCell, endings: tuple[str, ...]) -> None:
    for ending, left in differences_after_each(endings, cell):
        if left:
            pytest.fail("\n".join([f"After {ending}:", *left[:20]]), pytrace=False)


@pytest.mark.parametrize("cell", named(MOVED))
def test_contents_come_back_where_the_memory_cannot(cell: CorpusCell) -> None:
    for ending, left in differences_after_each(tuple(ENDINGS), cell):
        assert [line for line in left if " layout was " not in line] == [], ending


def differences_after_each(
    endings: tuple[str, ...], cell: CorpusCell
) -> Iterator[tuple[str, list[str]]]:
    """Ways for a cell to end, each with what it leaves behind after its snapshot is restored.

    The next run starts from what was restored, as a notebook goes on.
    """
    require(cell)
    with worlds.world() as here:
        error = here.run("set-up", cell.setup)
        assert error is None, f"the set-up fails: {error}"
        for ending in endings:
            yield ending, differences_after(here, cell, ending)
        close_files(here)


def differences_after(here: worlds.World, cell: CorpusCell, ending: str) -> list[str]:
    """What a cell leaves behind that ends in one of three ways."""
    made = compiled(here, cell.text + ENDINGS[ending])
    before = fingerprint(here)
    snapshot = take_snapshot(
        here.shell.user_ns,
        made.reads,
        frameworks=loaded_frameworks(),
        cell_text=made.source.python,
    )
    with snapshot.copying_first_writes():
        raised = outcome(made)
    changed = before.differences(fingerprint(here))
    snapshot.restore()
    assert raised == RAISED[ending]
    assert changed, "the cell changes nothing: a blind test"
    return before.differences(fingerprint(here))


def close_files(here: worlds.World) -> None:
    for value in here.shell.user_ns.values():
        if isinstance(value, io.IOBase) and value not in (sys.stdout, sys.stderr):
            value.close()


def outcome(made: CellFunction) -> str:
    """Run the cell; the exception that it raised, in words."""
    try:
        made.commit()
    except (Exception, KeyboardInterrupt) as error:
        return f"{type(error).__name__}: {error}"
    return ""


@pytest.mark.parametrize("cell", named(ONE_WAY))
@pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning")
def test_what_cannot_be_put_back_is_named_before_anything_runs(cell: CorpusCell) -> None:
    require(cell)
    with worlds.world() as here:
        assert here.run("set-up", cell.setup) is None
        made = compiled(here, cell.text)
        before = fingerprint(here)
        with pytest.raises(StateError) as refused:
            take_snapshot(
                here.shell.user_ns,
                made.reads,
                frameworks=loaded_frameworks(),
                cell_text=cell.text,
            )
        assert before.differences(fingerprint(here)) == []
        message = str(refused.value)
        assert "source" in message
        assert len(message.splitlines()) == 1
        here.run("close", "getattr(source, 'close', len)() if hasattr(source, 'close') else 0")
