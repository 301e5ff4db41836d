"""What a framework's compiler says about a cell, in words that all frameworks share."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from types import CodeType, FrameType

from dlmagic.cell.source import is_of_dlmagic, is_of_others

Span = tuple[int, int, int, int]
"""First and last line, first and last column of an expression, as Python's trees count them."""


@dataclass(frozen=True)
class Frame:
    """One step of a stack of Python code.

    Attributes:
        file: The code's file name; for a cell, the name under which its text is kept.
        line: Counted from 1.
        function: The function's name.
    """

    file: str
    line: int
    function: str


def innermost_frame(
    filename: str, frame: FrameType | None, *, but_below: Iterable[str] = ()
) -> Frame | None:
    """The innermost line of a file on a running stack, or None.

    The frame has no function: compilers give names of their own to what goes on after a break.

    Args:
        filename: The file's name in tracebacks.
        frame: Where the stack is looked at from.
        but_below: Code of files whose names contain one of these ends the search.
    """
    found = innermost_code(filename, frame, but_below=but_below)
    return None if found is None else Frame(filename, found.f_lineno, "")


def innermost_code(
    filename: str, frame: FrameType | None, *, but_below: Iterable[str] = ()
) -> FrameType | None:
    """The innermost running code of a file on a stack, or None.

    Args:
        filename: The file's name in tracebacks.
        frame: Where the stack is looked at from.
        but_below: Code of files whose names contain one of these ends the search.
    """
    while frame is not None:
        found = frame.f_code.co_filename
        if any(part in found for part in but_below):
            return None
        if found == filename:
            return frame
        frame = frame.f_back
    return None


def is_called_by(code: FrameType, frame: FrameType | None) -> bool:
    """Whether only installed packages stand between running code and where a stack is looked at.

    Args:
        code: The running code, which is on the stack.
        frame: Where the stack is looked at from.
    """
    while frame is not None and frame is not code:
        if not is_of_others(frame.f_code.co_filename):
            return False
        frame = frame.f_back
    return frame is code


def span_of(frame: FrameType) -> Span | None:
    """Which expression running code is at; None where Python does not know."""
    code = frame.f_code
    line, end_line, column, end_column = _positions(code, code.co_linetable)[frame.f_lasti // 2]
    if line is None or end_line is None or column is None or end_column is None:
        return None
    return (line, end_line, column, end_column)


@lru_cache(maxsize=64)
def _positions(code: CodeType, _table: bytes) -> tuple[tuple[int | None, ...], ...]:
    """Those of all instructions; codes that only stand elsewhere are equal but for the table."""
    return tuple(code.co_positions())


@dataclass(frozen=True)
class Call:
    """A call in the user's code, and where it stands.

    Attributes:
        frames: The user's code alone, the outermost first.
        position: Which instruction of the innermost: two calls of a line have two.
    """

    frames: tuple[Frame, ...] = ()
    position: int = 0


def users_call(frame: FrameType | None) -> Call:
    """The user's code on a running stack, from dlmagic's own to where dlmagic called it.

    Args:
        frame: Where the stack is looked at from, in dlmagic.
    """
    while frame is not None and is_of_dlmagic(frame.f_code.co_filename):
        frame = frame.f_back
    found: list[Frame] = []
    position = 0
    while frame is not None and not is_of_dlmagic(frame.f_code.co_filename):
        code = frame.f_code
        if not is_of_others(code.co_filename):
            position = position if found else frame.f_lasti
            found.append(Frame(code.co_filename, frame.f_lineno, code.co_name))
        frame = frame.f_back
    return Call(tuple(reversed(found)), position)


@dataclass(frozen=True)
class GraphBreak:
    """One place where a compiler left a graph and let Python go on.

    Attributes:
        cause: The compiler's own short name of the reason, such as
            ``"Data-dependent branching"``.
        explanation: Its explanation, one sentence or more.
        hints: What it advises.
        context: What it was looking at, for developers.
        frames: The code that it was reading, the outermost first.
        skipped: Whether the whole function runs eagerly for it.
    """

    cause: str
    explanation: str = ""
    hints: tuple[str, ...] = ()
    context: str = ""
    frames: tuple[Frame, ...] = ()
    skipped: bool = False


@dataclass(frozen=True)
class Recompilation:
    """One function that was compiled once more, because what it was compiled for had changed.

    Attributes:
        reason: What differed from the last time, in the compiler's words, such as
            ``"tensor 'x' size mismatch at index 0. expected 3, actual 4"``; or an empty text.
        frames: The code that depends on it, or else where the function begins; the outermost
            first.
    """

    reason: str = ""
    frames: tuple[Frame, ...] = ()


@dataclass(frozen=True)
class CapturedNode:
    """One operation of a graph.

    Attributes:
        name: Its name in the graph, unique there.
        operation: What it does, such as ``"linear"``; ``"input"`` and ``"output"`` at the ends.
        inputs: Names of the nodes whose results it takes.
        shape: Elements per axis of its result, a text for an axis of variable length; None
            where the result is no single array.
        dtype: Of its result, or None.
        module: The module that called it, such as ``"model.layers.0"``; empty for none.
        frames: The code that made it, the outermost first.
        flops: Floating point operations, or None where they were not counted.
    """

    name: str
    operation: str
    inputs: tuple[str, ...] = ()
    shape: tuple[int | str, ...] | None = None
    dtype: str | None = None
    module: str = ""
    frames: tuple[Frame, ...] = ()
    flops: int | None = None


@dataclass(frozen=True)
class CapturedGraph:
    """One graph.

    Attributes:
        nodes: In the order in which they run.
        code: The same as text, in the framework's own notation.
    """

    nodes: tuple[CapturedNode, ...]
    code: str = ""
