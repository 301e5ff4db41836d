"""Where in the code the way from a loss to the weights is cut."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import CodeType
from typing import Any

from dlmagic.frameworks.description import told
from dlmagic.magics.tensors.explain.computing import value_of
from dlmagic.magics.tensors.explain.edits import line_with
from dlmagic.magics.tensors.explain.sites import NameOfCell, Place, Site
from dlmagic.magics.tensors.explain.sources import Code, code_of, place_of

_CUTTING = frozenset({"detach", "item", "numpy", "tolist", "argmax"})
_REMOVABLE = frozenset({"detach", "item"})
_MODES = ("no_grad", "inference_mode")
_SWITCHES_OFF = frozenset({"torch.no_grad()", "torch.inference_mode()"})
_SWITCHES_ON = "torch.enable_grad()"


@dataclass(frozen=True)
class Cut:
    """Where the way to the weights ends.

    Attributes:
        place: The line.
        text: What stands there.
        instead: What to do about it.
        line: What the line becomes without it, or None.
    """

    place: Place
    text: str
    instead: str
    line: str | None = field(default=None)


def cuts(place: Place, node: ast.expr, site: Site, name_of_cell: NameOfCell) -> Iterator[Cut]:
    """What cuts a value off from the weights, in one expression that it comes from.

    Args:
        place: The line of the expression.
        node: The expression.
        site: Where the error was raised: what names stand for.
        name_of_cell: What the user calls the code of a file; None for code of others.
    """
    for part in ast.walk(node):
        match part:
            case ast.Call(ast.Attribute(owner, name)) if name in _CUTTING:
                text = ast.unparse(owner)
                line = line_with(place, {part: text}) if name in _REMOVABLE else None
                yield _left_out(place, f".{name}()", line)
            case ast.Attribute(owner, "data"):
                yield _left_out(place, ".data", line_with(place, {part: ast.unparse(owner)}))
            case ast.Call(ast.Attribute(_, "tensor"), [inner]) if _is_computed(inner):
                kept = ast.unparse(inner).removesuffix(".item()")
                yield _left_out(place, "torch.tensor(…)", line_with(place, {part: kept}))
            case ast.Call(ast.Call() as mode, [inner]) if _is_mode(mode):
                yield _left_out(
                    place, ast.unparse(mode), line_with(place, {part: ast.unparse(inner)})
                )
            case ast.Call(called):
                yield from _decorators_of(called, place, site, name_of_cell)
    yield from _around(place)


def _left_out(place: Place, text: str, line: str | None = None) -> Cut:
    return Cut(place, text, f"Leave out {text}.", line)


def _switched_on(decorator: Place, function: str) -> Cut:
    text = f"{decorator.source} above {function}()"
    if decorator.source.removeprefix("@") not in _SWITCHES_OFF:
        return _left_out(decorator, text)
    instead = f"Leave out {text}, or switch gradients on within it."
    return Cut(decorator, text, instead, f"@{_SWITCHES_ON}")


def _outside(block: Place, mode: str) -> Cut:
    instead = f"Compute it outside of {mode}"
    if mode not in _SWITCHES_OFF or block.source != f"with {mode}:":
        return Cut(block, mode, f"{instead}.")
    return Cut(block, mode, f"{instead}, or switch gradients on in it.", f"with {_SWITCHES_ON}:")


def _is_computed(node: ast.expr) -> bool:
    return any(isinstance(each, ast.Name | ast.Call) for each in ast.walk(node))


def _decorators_of(
    called: ast.expr, place: Place, site: Site, name_of_cell: NameOfCell
) -> Iterator[Cut]:
    """``@torch.no_grad()`` above a function that is called, or above the forward of a model."""
    function: CodeType | None = told(lambda: _code_behind(value_of(called, site)))
    if function is None:
        return
    file, line = function.co_filename, function.co_firstlineno  # of the first decorator
    cell = name_of_cell(file)
    code = code_of(file, cell or "") if place_of("", file, line).source.startswith("@") else None
    for node in ast.walk(code.tree) if code is not None else ():
        first = getattr(node, "decorator_list", None)
        if code is None or not first or first[0].lineno != line:
            continue
        found = list(_modes(code, node))
        if found and cell is None:
            text = f"{ast.unparse(called)}(), which runs without gradients,"
            found = [Cut(place, text, "Compute it by what runs with gradients.")]
        yield from found


def _code_behind(value: object) -> CodeType | None:
    """The code that a function, a method, or a model runs, below its decorators."""
    function: Any = getattr(value, "forward", value)
    return getattr(inspect.unwrap(function), "__code__", None)


def _around(place: Place) -> Iterator[Cut]:
    """A ``with torch.no_grad()`` around a line, or such a decorator of the function around it."""
    code = code_of(place.file, place.cell)
    for node in ast.walk(code.tree) if code is not None else ():
        if code is not None and _holds(node, place.line):
            yield from _modes(code, node)


def _holds(node: ast.AST, line: int) -> bool:
    first, last = getattr(node, "lineno", line), getattr(node, "end_lineno", 0)
    return first < line <= last


def _modes(code: Code, node: ast.AST) -> Iterator[Cut]:
    match node:
        case ast.With(items=[item, *_]) if _is_mode(item.context_expr):
            yield _outside(code.place(node), ast.unparse(item.context_expr))
        case ast.FunctionDef(name, decorator_list=decorators):
            for each in filter(_is_mode, decorators):
                yield _switched_on(code.place(each), name)


def _is_mode(node: ast.expr) -> bool:
    text = ast.unparse(node)
    return any(mode in text for mode in _MODES)
