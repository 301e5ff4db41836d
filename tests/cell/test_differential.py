"""A cell leaves behind, prints, shows and raises the same through the machinery as plainly."""

from __future__ import annotations

import ast
import functools
import importlib.util
import inspect
import linecache
import re
from collections.abc import Sequence
from types import FunctionType

import pytest
from hypothesis import HealthCheck, given, settings
from IPython.core.interactiveshell import InteractiveShell

from dlmagic.cell.function import CellFunction, compile_cell
from dlmagic.cell.source import CellSource
from dlmagic.errors import CellError
from tests.cell import generated, worlds
from tests.cell.corpus import CORPUS
from tests.cell.corpus.cell import CorpusCell
from tests.cell.describe import differences

REFUSED = [cell for cell in CORPUS if cell.name.startswith("syntax: ")]
ACCEPTED = [cell for cell in CORPUS if cell not in REFUSED]
# What the written form changes by being the body of a function: columns and qualified names.
ONE_LEVEL_FURTHER_IN = re.compile(r"/positions/|cell\.<locals>\.")
EVERY_GENERATED = settings(
    derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck)
)


plain_run = functools.cache(worlds.plain)
pytestmark = pytest.mark.usefixtures("only_new_objects_are_searched")


def named(cells: list[CorpusCell]) -> list[object]:
    return [pytest.param(cell, id=cell.name) for cell in cells]


def some(cells: list[CorpusCell]) -> list[object]:
    """Every other cell in every test run, all of them in ``make prove``."""
    return [
        pytest.param(cell, id=cell.name, marks=[pytest.mark.prove] if number % 2 else [])
        for number, cell in enumerate(cells)
    ]


def expect_no_differences(plain: object, through: object, text: str = "") -> None:
    found = "\n".join(differences(plain, through))
    if found:
        pytest.fail(f"{found}\n{text}", pytrace=False)


def expect_nothing(found: list[str]) -> None:
    if found:
        pytest.fail("\n".join(found), pytrace=False)


def require(cell: CorpusCell) -> None:
    for package in cell.needs:
        if importlib.util.find_spec(package) is None:
            pytest.skip(f"{package} is not installed")


def test_the_proof_has_more_than_200_cells_with_names_of_their_own() -> None:
    names = [cell.name for cell in CORPUS]
    assert len(names) >= 160
    assert len(set(names)) == len(names)
    assert len(names) + generated.IN_TESTS > 200


@pytest.mark.parametrize("cell", named(ACCEPTED))
def test_like_a_plain_run(cell: CorpusCell) -> None:
    require(cell)
    plain = plain_run(cell.setup, cell.text, cell.after)
    through = worlds.machinery(cell.setup, cell.text, cell.after)
    if cell.name in worlds.FREED_AT_THE_END:
        assert list(differences(plain, through)), "it no longer differs: take it off the list"
        return
    expect_no_differences(plain, through)


@pytest.mark.parametrize("cell", named(REFUSED))
def test_a_syntax_error_is_the_plain_one_and_nothing_runs(cell: CorpusCell) -> None:
    plain = plain_run(cell.setup, cell.text, cell.after)
    through = worlds.machinery(cell.setup, cell.text, cell.after)
    expect_no_differences(plain["cell"], through["cell"])
    untouched = worlds.plain(cell.setup, "", cell.after)
    expect_no_differences(untouched["namespace"], through["namespace"])


@pytest.mark.parametrize("cell", some(ACCEPTED))
def test_the_same_function_with_source(cell: CorpusCell) -> None:
    """Cells whose function can be written down: same outcome, same lines, source found."""
    require(cell)
    refused: list[CellError] = []
    written: list[tuple[CellFunction, FunctionType]] = []

    def commit(made: CellFunction, shifts: dict[str, int]) -> object:
        try:
            function = made.with_source()
        except CellError as error:
            refused.append(error)
            return None
        written.append((made, function))
        shifts[function.__code__.co_filename] = 1
        made.define()
        outputs, last = made.split(function(*made.arguments()))
        made.namespace.update(outputs)
        return last

    through = worlds.machinery(cell.setup, cell.text, cell.after, commit)
    if refused:
        assert len(str(refused[0]).splitlines()) == 1
        return
    if cell.name in worlds.OTHERWISE_WHEN_WRITTEN:
        return
    for made, function in written:
        _check_source(made, function)
    plain = plain_run(cell.setup, cell.text, cell.after)
    if plain["cell"]["error"] is None:
        found = differences(plain, through)
    else:  # what a failing function leaves is for its caller
        found = differences(_error_of(plain), _error_of(through))
    expect_nothing([line for line in found if not ONE_LEVEL_FURTHER_IN.search(line)])


def _error_of(seen: dict[str, object]) -> object:
    """Type, message and lines; inside a function a name without a value has other words."""
    error = seen["cell"]["error"]
    if error is None:
        return None
    words, lines, *_ = error
    unbound = words[1][2] in {"NameError", "UnboundLocalError"}
    return ("missing name" if unbound else words, lines)


def _check_source(made: CellFunction, function: FunctionType) -> None:
    """inspect finds a text in which the user's line k is line k."""
    lines = linecache.getlines(function.__code__.co_filename)
    assert inspect.getsource(function) in "".join(lines)
    (definition,) = ast.parse("".join(lines)).body
    assert isinstance(definition, ast.FunctionDef)
    assert definition.name == function.__name__
    where = _lines_of(made.layout.body, 0)
    for number, text in _lines_of(definition.body, 0).items():
        assert where.pop(number, None) == text, f"line {number} is {text}"
    assert not where, f"lines that are missing: {where}"


def _lines_of(statements: Sequence[ast.stmt], moved: int) -> dict[int, list[str]]:
    """What begins in which line, as names and constants of the user's; the return left out."""
    found: dict[int, list[str]] = {}
    for statement in statements:
        if isinstance(statement, ast.Return):
            statement = ast.Expr(statement.value.elts[0])
        for node in ast.walk(statement):
            if isinstance(node, ast.Name):
                found.setdefault(node.lineno, []).append(node.id)
            elif isinstance(node, ast.Constant) and node.value is not None:
                found.setdefault(node.lineno, []).append(repr(node.value))
    return {number + moved: sorted(names) for number, names in found.items()}


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a = 1\nawait run()", 3),
        ("async with run() as r:\n    pass", 2),
        ("\nasync for r in run():\n    pass", 3),
        ("a = [v async for v in run()]", 2),
        ("a = [await v for v in run()]", 2),
        ("if True:\n    for v in [1]:\n        b = await run()", 4),
        ("f = lambda: 1\nb = {v: 1 async for v in run()}", 3),
        ("def f(v=await run()):\n    pass", 2),
        ("@(await run())\ndef f():\n    pass", 2),
        ("class K:\n    v = 1\nx = f'{await run()}'", 4),
    ],
)
def test_await_at_the_top_is_refused_in_one_line(
    shell: InteractiveShell, text: str, line: int
) -> None:
    before = dict(shell.user_ns)
    source = CellSource.from_text(f"%%proof\n{text}", magic=True, transform=shell.transform_cell)
    with pytest.raises(CellError) as refused:
        compile_cell(source, shell.user_ns)
    assert "\n" not in str(refused.value)
    assert f"ine {line} " in str(refused.value)
    assert "await" in str(refused.value)
    assert shell.user_ns == before


@settings(EVERY_GENERATED, max_examples=generated.IN_TESTS)
@given(generated.cells())
def test_generated_cells_like_a_plain_run(text: str) -> None:
    compare_generated(text)


@pytest.mark.prove
@settings(EVERY_GENERATED, derandomize=False, max_examples=5000)
@given(generated.cells(depth=4))
def test_thousands_of_generated_cells_like_a_plain_run(text: str) -> None:
    compare_generated(text)


def compare_generated(text: str) -> None:
    plain = worlds.plain(generated.SETUP, text, generated.AFTER)
    through = worlds.machinery(generated.SETUP, text, generated.AFTER)
    expect_no_differences(plain, through, text)
