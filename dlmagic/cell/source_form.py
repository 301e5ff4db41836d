"""The function of a cell as text, for tools that read ``inspect.getsource``.

AutoGraph and TorchScript parse a function's source. Their form of the cell is the
user's own text, one level further in, with the function's first line in place of the
magic line and its return at the end: every line keeps its number.
"""

from __future__ import annotations

import ast
import io
import tokenize
from collections.abc import Iterable, Iterator
from types import FunctionType

from dlmagic.cell.build import MISSING, compiling_again, optional_names
from dlmagic.cell.layout import Layout
from dlmagic.cell.source import CellSource, register_text
from dlmagic.errors import CellError

_INDENT = "    "


def function_with_source(
    source: CellSource, layout: Layout, namespace: dict[str, object], flags: int
) -> FunctionType:
    """Compile a cell from generated text that ``inspect.getsource`` finds.

    Raises:
        CellError: The cell needs the namespace while it runs, or does something at its top
            level that means something else inside a function.
    """
    _require_plain(layout)
    text = function_text(source, layout)
    filename = register_text(text, " as a function")
    scope: dict[str, object] = {}
    with compiling_again():
        try:
            code = compile(text, filename, "exec", flags, dont_inherit=True)
        except SyntaxError as error:  # such as a form feed in the indentation
            raise CellError(f"The cell's text cannot be indented: {error.msg}.") from None
    exec(code, scope)
    made = scope["cell"]
    assert isinstance(made, FunctionType)
    defaults = (MISSING,) * len(made.__defaults__ or ())
    return FunctionType(made.__code__, namespace, "cell", defaults)


def function_text(source: CellSource, layout: Layout) -> str:
    """The text of the function; a cell without a magic line moves down by one line."""
    lines = source.python.split("\n")
    if lines[0].strip():
        lines.insert(0, "")
        moved = 1
    else:
        moved = 0
    removed = {line + moved for line in _lines_of(layout.definitions)}
    _write_return(lines, layout, moved)
    inside = _inside_strings("\n".join(lines))
    for number in range(2, len(lines) + 1):
        if number in removed:
            lines[number - 1] = ""
        elif number not in inside and lines[number - 1].strip():
            lines[number - 1] = _INDENT + lines[number - 1]
    optional = [f"{name}=None" for name in optional_names(layout)]
    lines[0] = f"def cell({', '.join([*layout.parameters, *optional])}):"
    return "\n".join(lines).rstrip() + "\n"


def require_no_namespace(layout: Layout) -> None:
    """Refuse a cell that needs the notebook's namespace while it runs.

    Raises:
        CellError: The reason.
    """
    if layout.as_module:
        raise CellError(
            "The cell reads names by text (exec, globals(), % or ! lines).",
            "Write the names out, or move that line to a cell of its own.",
        )
    if layout.shared:
        names = ", ".join(layout.shared)
        raise CellError(
            f"Functions use {names} through the notebook while the cell runs.",
            f"Hand {names} to them as arguments, or make it in an earlier cell.",
        )


def _require_plain(layout: Layout) -> None:
    require_no_namespace(layout)
    if any(isinstance(node, ast.AnnAssign | ast.Global) for node in _own_nodes(layout.body)):
        raise CellError(
            "An annotation or a global statement means something else in a function.",
            "Take it out of the cell.",
        )
    together = _lines_of(layout.definitions) & _lines_of(layout.body)
    if together:
        raise CellError(
            f"Line {min(together)} of the cell holds a definition beside other code.",
            "Give each a line of its own.",
        )
    if layout.deleted:
        names = ", ".join(layout.deleted)
        raise CellError(
            f"The cell deletes {names}, which a function can't show.",
            "Move the del to a cell below.",
        )


def _own_nodes(nodes: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """The nodes of a cell that are not inside a function or class of its own."""
    for node in nodes:
        yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            yield from _own_nodes(ast.iter_child_nodes(node))


def _lines_of(nodes: Iterable[ast.stmt]) -> set[int]:
    """The lines that statements stand on, decorators included."""
    lines: set[int] = set()
    for node in nodes:
        decorators = getattr(node, "decorator_list", [])
        first = min([node.lineno, *(decorator.lineno for decorator in decorators)])
        lines.update(range(first, (node.end_lineno or node.lineno) + 1))
    return lines


def _write_return(lines: list[str], layout: Layout, moved: int) -> None:
    """Return the last expression's value and the outputs."""
    outputs = "".join(f", {name}" for name in layout.outputs)
    last = layout.body[-1] if layout.body else None
    if not isinstance(last, ast.Expr) or last.end_lineno is None:
        lines.append(f"return (None,{outputs[1:]})")
        return
    end, start = last.end_lineno + moved - 1, last.lineno + moved - 1
    lines[end] = _insert(lines[end], last.end_col_offset or 0, f"){outputs or ','})")
    lines[start] = _insert(lines[start], last.col_offset, "return ((")


def _insert(line: str, column: int, text: str) -> str:
    """Insert at a column counted in UTF-8 bytes, as the parser counts."""
    data = line.encode()
    return (data[:column] + text.encode() + data[column:]).decode()


def _inside_strings(text: str) -> set[int]:
    """Lines that begin inside a string, which must keep their own first column."""
    inside: set[int] = set()
    starts: list[int] = []
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        name = tokenize.tok_name[token.type]
        if name in {"FSTRING_START", "TSTRING_START"}:
            starts.append(token.start[0])
        elif name in {"FSTRING_END", "TSTRING_END"}:
            inside.update(range(starts.pop() + 1, token.end[0] + 1))
        elif name == "STRING":
            inside.update(range(token.start[0] + 1, token.end[0] + 1))
    return inside
