"""From an operation back to the user's expression, and to what its line becomes."""

from __future__ import annotations

import ast
from collections.abc import Mapping

from dlmagic.frameworks.captured import Frame
from dlmagic.frameworks.operations import Operation
from dlmagic.magics.tensors.explain.edits import in_brackets, line_with
from dlmagic.magics.tensors.explain.sites import Place
from dlmagic.magics.tensors.silent.rule import After

_LONGEST_NAME = 30


def expression_of(after: After, operation: Operation) -> ast.expr | None:
    """The expression in the cell that an operation was computed for; None in other files."""
    span = operation.span
    if span is None:
        return None
    line, end_line, column, end_column = span
    ending = [
        node
        for node in ast.walk(after.tree)
        if isinstance(node, ast.expr) and (node.end_lineno, node.end_col_offset) == span[1::2]
    ]
    exact = [node for node in ending if (node.lineno, node.col_offset) == (line, column)]
    # Of a method on a line of its own, Python tells the line of the method alone.
    chained = [node for node in ending if isinstance(node, ast.Call) and node.lineno < line]
    return next(iter(exact or chained), None)


def argument(call: ast.Call, position: int, name: str) -> ast.expr | None:
    """The argument of a call at a position, or by its name."""
    given = next((each.value for each in call.keywords if each.arg == name), None)
    if given is not None or len(call.args) <= position:
        return given
    unclear = any(isinstance(each, ast.Starred) for each in call.args[: position + 1])
    return None if unclear else call.args[position]


def callee(after: After, call: ast.Call) -> str:
    """The last name of what is called; of a layer or a loss object, that of its class."""
    function = call.func
    made = _made_by(after.tree, function)
    if made is not None:
        return _last_name(made)
    match function:
        case ast.Call(made_by):  # nn.MSELoss()(prediction, target)
            return _last_name(made_by)
        case ast.Name(name) if name in after.namespace:
            value = after.namespace[name]
            module = type(value).__module__
            return type(value).__name__ if module.startswith("torch.nn.modules.") else name
        case _:
            return _last_name(function)


def _made_by(tree: ast.Module, name: ast.expr) -> ast.expr | None:
    """The class in ``name = nn.MSELoss()``, if the cell says that once."""
    text = ast.unparse(name)
    assigned = [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and text in map(ast.unparse, node.targets)
    ]
    match assigned:
        case [ast.Call(made_by)]:
            return made_by
        case _:
            return None


def _last_name(node: ast.expr) -> str:
    match node:
        case ast.Attribute(_, name) | ast.Name(name):
            return name
        case _:
            return ""


def with_method(node: ast.expr, method: str) -> str:
    """The code of an expression with a method called on it."""
    return f"{in_brackets(node, ast.unparse(node))}.{method}"


def short(node: ast.expr | None) -> str | None:
    """The code of an expression as a name for it; None where it is too long for that."""
    text = ast.unparse(node) if node is not None else ""
    return text if 0 < len(text) <= _LONGEST_NAME else None


def rewritten(
    frame: Frame | None, changes: Mapping[ast.expr, str]
) -> tuple[Frame | None, str | None]:
    """The line that changes and what it becomes; the same line and None where that is no line."""
    lines = {node.lineno for node in changes}
    if frame is None or len(lines) != 1:
        return frame, None
    changed = Frame(frame.file, lines.pop(), "")
    code = line_with(Place("", frame.file, changed.line, ""), changes)
    return (frame, None) if code is None or _says_nothing(code) else (changed, code)


def _says_nothing(code: str) -> bool:
    """Whether a line gives a name to itself: ``p = p``."""
    try:
        statements = ast.parse(code).body
    except SyntaxError:  # a part of a statement of several lines
        return False
    match statements:
        case [ast.Assign([target], value)]:
            return ast.unparse(target) == ast.unparse(value)
        case _:
            return False
