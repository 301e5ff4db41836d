"""From a traceback to the user's own expression that failed."""

from __future__ import annotations

import ast
import builtins
import linecache
import re
from collections import ChainMap
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from types import CodeType, FrameType, TracebackType

NameOfCell = Callable[[str], str | None]
_CELL_MAGIC = re.compile(r"\A%%[^\n]*")
_MOST_SITES = 20  # of a function that calls itself without end
_Span = tuple[int | None, int | None, int | None, int | None]


@dataclass(frozen=True)
class Place:
    """A line of the user's own code.

    Attributes:
        cell: What the user calls the code, such as ``"Cell In[3]"``.
        file: Its name in tracebacks.
        line: Counted from 1.
        source: The text of the line.
    """

    cell: str
    file: str
    line: int
    source: str


@dataclass(frozen=True)
class Site(Place):
    """A place in the user's own code that an error passed through.

    Attributes:
        frame: The running code, for the values of its variables; only while it is looked at.
        node: The expression that failed, as far as the interpreter tells.
        statement: The statement that it stands in.
        assumed: Values that names are taken to have instead of their own.
    """

    frame: FrameType = field(repr=False)
    node: ast.expr | None = field(default=None, repr=False)
    statement: ast.stmt | None = field(default=None, repr=False)
    assumed: Mapping[str, object] = field(default_factory=dict, repr=False)

    @property
    def names(self) -> Mapping[str, object]:
        """What every name stands for there."""
        frame = self.frame
        own = dict(self.assumed)
        return ChainMap[str, object](own, frame.f_locals, frame.f_globals, vars(builtins))


@dataclass(frozen=True)
class LibraryFrame:
    """A step of the error inside a library, below the user's own code.

    Attributes:
        module: The name of the Python module.
        function: The function's name.
        frame: The running code.
    """

    module: str
    function: str
    frame: FrameType = field(repr=False)

    def local(self, name: str) -> object | None:
        """The value of one of its variables, or None."""
        return self.frame.f_locals.get(name)


def sites_of(traceback: TracebackType | None, name_of_cell: NameOfCell) -> list[Site]:
    """The places of the user's own code on the way of an error, the innermost last."""
    own = [
        (step, name)
        for step in steps(traceback)
        if (name := name_of_cell(step.tb_frame.f_code.co_filename)) is not None
    ]
    return [_site(step, name) for step, name in own[-_MOST_SITES:]]


def library_frames(traceback: TracebackType | None, name_of_cell: NameOfCell) -> list[LibraryFrame]:
    """The steps below the user's innermost code, the outermost first."""
    found: list[LibraryFrame] = []
    for step in steps(traceback):
        frame = step.tb_frame
        if name_of_cell(frame.f_code.co_filename) is not None:
            found.clear()
            continue
        module = str(frame.f_globals.get("__name__", ""))
        found.append(LibraryFrame(module, frame.f_code.co_name, frame))
    return found


def steps(traceback: TracebackType | None) -> Iterator[TracebackType]:
    """The steps of a traceback, the outermost first."""
    while traceback is not None:
        yield traceback
        traceback = traceback.tb_next


def _site(step: TracebackType, cell: str) -> Site:
    frame = step.tb_frame
    span = _span(step)
    tree = tree_of(frame.f_code.co_filename, frame)
    statement = statement_at(tree, step.tb_lineno, span) if tree else None
    node = _expression(statement, span)
    return site_at(cell, frame.f_code.co_filename, step.tb_lineno, frame, statement, node)


def site_at(
    cell: str,
    file: str,
    line: int,
    frame: FrameType,
    statement: ast.stmt | None,
    node: ast.expr | None,
) -> Site:
    """A place in the user's code; the line's text is looked up."""
    source = linecache.getline(file, line, frame.f_globals).strip()
    return Site(cell, file, line, source, frame, node, statement)


def spanned(tree: ast.AST, step: TracebackType) -> ast.expr | None:
    """The expression of a tree that a step of a traceback stands at."""
    span = _span(step)
    found = (each for each in ast.walk(tree) if isinstance(each, ast.expr))
    return next((each for each in found if span is not None and _span_of_node(each) == span), None)


def tree_of(file: str, frame: FrameType) -> ast.Module | None:
    """The code of a file as a tree; None where it is IPython's own syntax."""
    return parsed("".join(linecache.getlines(file, frame.f_globals)))


@lru_cache(maxsize=32)
def parsed(text: str) -> ast.Module | None:
    """The statements of a text; None where it is not Python.

    The line of a cell magic is left out: what stands below runs as Python, with its own lines.
    """
    try:
        return ast.parse(_CELL_MAGIC.sub("", text, count=1))
    except (SyntaxError, ValueError, RecursionError):  # IPython's own syntax
        return None


def _span(step: TracebackType) -> _Span | None:
    """First and last line, first and last column of the instruction that failed.

    None before Python 3.11, and where the error was raised again, which is another instruction.
    """
    span = _span_of_code(step.tb_frame.f_code, step.tb_lasti)
    if span is None or span[0] is None or span[1] is None:
        return None
    return span if span[0] <= step.tb_lineno <= span[1] else None


def _span_of_code(code: CodeType, instruction: int) -> _Span | None:
    positions = getattr(code, "co_positions", None)
    if positions is None or instruction < 0:
        return None
    for k, span in enumerate(positions()):
        if k == instruction // 2:
            line, end_line, column, end_column = span
            return (line, end_line, column, end_column)
    return None


def statement_at(tree: ast.Module, line: int, span: _Span | None = None) -> ast.stmt | None:
    """The innermost statement of a line, and of a span of it where several share the line."""
    around = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.stmt) and node.lineno <= line <= (node.end_lineno or node.lineno)
    ]
    exact = [node for node in around if _holds(node, span)] or around
    return max(exact, key=lambda node: (node.lineno, node.col_offset), default=None)


def _holds(node: ast.stmt, span: _Span | None) -> bool:
    if span is None or None in span:
        return True
    line, end_line, column, end_column = span
    start, end = (node.lineno, node.col_offset), (node.end_lineno, node.end_col_offset)
    return start <= (line, column) and (end_line, end_column) <= end


def _expression(statement: ast.stmt | None, span: _Span | None) -> ast.expr | None:
    """The expression of exactly this span; without one, the only one that can have failed."""
    if statement is None:
        return None
    found = [node for node in ast.walk(statement) if isinstance(node, ast.expr)]
    if span is not None:
        exact = (each for each in found if _span_of_node(each) == span)
        return next(exact, None)
    return only_expression(statement)


def only_expression(statement: ast.stmt) -> ast.expr | None:
    """The one expression of a statement that can have failed, if it is one."""
    kinds = ast.Call | ast.BinOp | ast.Subscript
    may_fail = [each for each in ast.walk(statement) if isinstance(each, kinds)]
    return may_fail[0] if len(may_fail) == 1 else None


def _span_of_node(node: ast.expr) -> _Span:
    return (node.lineno, node.end_lineno, node.col_offset, node.end_col_offset)
