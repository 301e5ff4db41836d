"""From a traceback to the user's own expression that failed."""

from __future__ import annotations

import ast
import builtins
import linecache
from collections import ChainMap
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from types import CodeType, FrameType, TracebackType

NameOfCell = Callable[[str], str | None]
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
    steps = [
        (step, name)
        for step in _steps(traceback)
        if (name := name_of_cell(step.tb_frame.f_code.co_filename)) is not None
    ]
    return [_site(step, name) for step, name in steps[-_MOST_SITES:]]


def library_frames(traceback: TracebackType | None, name_of_cell: NameOfCell) -> list[LibraryFrame]:
    """The steps below the user's innermost code, the outermost first."""
    found: list[LibraryFrame] = []
    for step in _steps(traceback):
        frame = step.tb_frame
        if name_of_cell(frame.f_code.co_filename) is not None:
            found.clear()
            continue
        module = str(frame.f_globals.get("__name__", ""))
        found.append(LibraryFrame(module, frame.f_code.co_name, frame))
    return found


def _steps(traceback: TracebackType | None) -> Iterator[TracebackType]:
    while traceback is not None:
        yield traceback
        traceback = traceback.tb_next


def _site(step: TracebackType, cell: str) -> Site:
    frame, line = step.tb_frame, step.tb_lineno
    file = frame.f_code.co_filename
    tree = parsed("".join(linecache.getlines(file, frame.f_globals)))
    span = _span(frame.f_code, step.tb_lasti)
    statement = _statement(tree, line, span) if tree else None
    return Site(
        cell=cell,
        file=file,
        line=line,
        source=linecache.getline(file, line, frame.f_globals).strip(),
        frame=frame,
        node=_expression(statement, span),
        statement=statement,
    )


@lru_cache(maxsize=32)
def parsed(text: str) -> ast.Module | None:
    """The statements of a text; None where it is not Python."""
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):  # IPython's own syntax
        return None


def _span(code: CodeType, instruction: int) -> _Span | None:
    """First and last line, first and last column of an instruction; None before Python 3.11."""
    positions = getattr(code, "co_positions", None)
    if positions is None or instruction < 0:
        return None
    for k, span in enumerate(positions()):
        if k == instruction // 2:
            line, end_line, column, end_column = span
            return (line, end_line, column, end_column)
    return None


def _statement(tree: ast.Module, line: int, span: _Span | None) -> ast.stmt | None:
    """The innermost statement on a line; of several on one line, that around the span."""
    around = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.stmt) and node.lineno <= line <= (node.end_lineno or node.lineno)
    ]
    column = span[2] if span is not None and span[0] == line else None
    begun = [
        node for node in around if column is None or node.lineno < line or node.col_offset <= column
    ]
    return max(begun or around, key=lambda node: (node.lineno, node.col_offset), default=None)


def may_have_failed(tree: ast.Module, line: int) -> tuple[ast.stmt | None, ast.expr | None]:
    """The statement on a line, and its only expression that can have failed."""
    statement = _statement(tree, line, None)
    return statement, _expression(statement, None)


def _expression(statement: ast.stmt | None, span: _Span | None) -> ast.expr | None:
    """The expression of exactly this span; without one, the only one that can have failed."""
    if statement is None:
        return None
    found = [node for node in ast.walk(statement) if isinstance(node, ast.expr)]
    if span is not None:
        exact = (each for each in found if _place(each) == span)
        return next(exact, None)
    may_fail = [each for each in found if isinstance(each, ast.Call | ast.BinOp | ast.Subscript)]
    return may_fail[0] if len(may_fail) == 1 else None


def _place(node: ast.expr) -> _Span:
    return (node.lineno, node.end_lineno, node.col_offset, node.end_col_offset)
