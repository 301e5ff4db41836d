"""The function that source-reading tools see has the user's text at the user's lines."""

from __future__ import annotations

import ast
import inspect
import traceback

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlmagic.cell.function import compile_cell
from dlmagic.cell.source import CellSource
from dlmagic.cell.source_form import function_text
from dlmagic.errors import CellError
from tests.cell.cells import cell_of, namespace_of

MAGIC = "%%dlbench"


def text_of(text: str, **names: object) -> list[str]:
    """Lines of the function's text, counted from 1, for a cell with a magic line."""
    cell = compile_cell(CellSource.from_text(f"{MAGIC}\n{text}", magic=True), namespace_of(**names))
    return ["", *function_text(cell.source, cell.layout).split("\n")]


def test_lines_keep_their_numbers() -> None:
    lines = text_of("y = x + 1\n\nz = y", x=1)
    assert lines[1] == "def cell(x):"
    assert lines[2] == "    y = x + 1"
    assert lines[4] == "    z = y"
    assert lines[5] == "    return (None, y, z)"


def test_a_cell_without_a_magic_line_moves_down_by_one() -> None:
    cell = cell_of("y = x + 1", namespace_of(x=1))
    assert inspect.getsource(cell.with_source()).split("\n")[1] == "    y = x + 1"


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("y = x + 1\ny * 2", {"x": 3}),
        ("y = [\n    x,\n    2,\n]\nsum(\n    y\n)", {"x": 3}),
        ("t = '''a\n  b\nc'''\nt", {}),
        ("t = f'''a\n  {x}\nc'''", {"x": 3}),
        ("def helper(v):\n    return v * 2\n\nhelper(x)", {"x": 3}),
        ("if x:\n\ty = 1\nelse:\n\ty = 2\ny", {"x": 3}),
        ("y = x; z = y; z", {"x": 3}),
        ("z = 'ä'; ('ö',\n x)", {"x": 3}),
        ("y = x  # a comment\n# another\n", {"x": 3}),
        ("x", {"x": 3}),
        ("y = 1 + \\\n    x\ny", {"x": 3}),
    ],
)
@pytest.mark.parametrize("magic", [True, False])
def test_it_computes_what_the_cell_computes(text: str, names: dict[str, object], magic) -> None:
    source = CellSource.from_text(f"{MAGIC}\n{text}" if magic else text, magic=magic)
    cell = compile_cell(source, namespace_of(**names))
    cell.define()
    assert cell.with_source()(*cell.arguments()) == cell.function(*cell.arguments())


def test_multi_line_strings_are_unchanged() -> None:
    (value,) = cell_of("'''one\n two\n\tthree'''").with_source()()
    assert value == "one\n two\n\tthree"


def test_definitions_leave_empty_lines() -> None:
    lines = text_of("import math\n@staticmethod\ndef f(v):\n    return v\ny = f(1)")
    assert lines[2:6] == ["", "", "", ""]
    assert lines[6] == "    y = f(1)"


def test_tracebacks_show_the_users_line() -> None:
    cell = cell_of("y = 1\nz = y / x", namespace_of(x=0))
    with pytest.raises(ZeroDivisionError) as caught:
        cell.with_source()(*cell.arguments())
    frame = traceback.extract_tb(caught.value.__traceback__)[-1]
    assert (frame.lineno, frame.line) == (3, "z = y / x")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("exec('y = 1')", "by text"),
        ("y = 1\nf = lambda: y\nf()", "y"),
        ("y = 1\ndel y", "deletes y"),
    ],
)
def test_what_needs_the_namespace_is_refused_in_one_line(text: str, words: str) -> None:
    with pytest.raises(CellError, match=words) as caught:
        cell_of(text).with_source()
    assert "\n" not in str(caught.value)


@given(st.lists(st.sampled_from(["a = b", "", "b = a + 1", "# note", "a, b = b, a"]), min_size=1))
def test_every_line_of_any_cell_keeps_its_number(lines: list[str]) -> None:
    written = text_of("\n".join(lines), a=1, b=2)
    for number, line in enumerate(lines, start=2):
        assert written[number].strip() == line


def test_torchscript_reads_it() -> None:
    torch = pytest.importorskip("torch")
    import warnings

    namespace = namespace_of(torch=torch, x=torch.arange(3.0))
    cell = cell_of("y = torch.relu(x - 1)\ny * 2", namespace)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*torch.jit.script")
        scripted = torch.jit.script(cell.with_source())
    last, y = scripted(*cell.arguments())
    assert torch.equal(y, torch.tensor([0.0, 0.0, 1.0]))
    assert torch.equal(last, 2 * y)


def test_the_text_is_python_at_the_users_columns() -> None:
    lines = text_of("y = (1 +\n  2)\ny")
    ast.parse("\n".join(lines[1:]))
    assert lines[3] == "      2)"


def for_compiler(text: str, outputs: str, constants: str = "", **names: object) -> object:
    cell = cell_of(text, namespace_of(**names))
    function = cell.for_compiler(outputs.split(), constants.split(), dict(cell.namespace))
    return function(*cell.arguments())


def test_a_compiler_gets_the_outputs_that_it_asks_for() -> None:
    text = "if x > 5:\n    big = 1\nt = x + 1\ny = t\ndel t\ny"
    assert for_compiler(text, "y", x=3) == (4, 4)
    cell = cell_of(text, namespace_of(x=3))
    function = cell.for_compiler(["y"], [], {})
    assert function.__defaults__ in (None, ())
    assert function.__code__.co_filename == cell.source.filename
    assert function.__code__.co_name == "cell"


def test_a_compiler_may_read_parameters_as_globals() -> None:
    cell = cell_of("y = double(x)", namespace_of(x=3, double=lambda v: 2 * v))
    function = cell.for_compiler(["y"], ["double"], {"double": lambda v: 20 * v})
    assert function(*(None if name == "double" else 3 for name in cell.parameters)) == (None, 60)


def test_what_is_deleted_of_a_container_is_deleted_for_a_compiler() -> None:
    assert for_compiler("d = {1: 2, 3: 4}\nt = d\ndel d[1], t", "d") == (None, {3: 4})


@pytest.mark.parametrize(
    "text", ["globals()", "n = 0\ndef f():\n    return n\nfor n in range(3): f()"]
)
def test_a_compiler_gets_no_cell_that_needs_the_namespace(text: str) -> None:
    with pytest.raises(CellError):
        for_compiler(text, "")
