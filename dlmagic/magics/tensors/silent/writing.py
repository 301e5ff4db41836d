"""From an operation back to the user's expression, and to what its line becomes."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from types import BuiltinFunctionType, FunctionType, ModuleType

from dlmagic.frameworks.captured import Frame
from dlmagic.frameworks.operations import Operation
from dlmagic.magics.tensors.explain.edits import in_brackets, line_with
from dlmagic.magics.tensors.explain.sites import Place
from dlmagic.magics.tensors.silent.rule import After

_LONGEST_NAME = 30
_USUAL_MODULES = frozenset({"torch", "F", "nn"})


def expression_of(after: After, operation: Operation) -> ast.expr | None:
    """The expression in the cell that an operation was computed for; None in other files."""
    span = operation.span
    if span is None:
        return None
    line, column = span[0], span[2]
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
        return last_name(made)
    match function:
        case ast.Call(made_by):  # nn.MSELoss()(prediction, target)
            return last_name(made_by)
        case ast.Name(name) if name in after.namespace:
            value = after.namespace[name]
            if type(value).__module__.startswith("torch.nn.modules."):
                return type(value).__name__
            if isinstance(value, FunctionType | BuiltinFunctionType):
                return value.__name__  # loss_fn = F.mse_loss
            return name
        case _:
            return last_name(function)


def _made_by(tree: ast.Module, name: ast.expr) -> ast.expr | None:
    """The class in ``name = nn.MSELoss()``, if the cell says that once."""
    text = ast.unparse(name)
    assignments = (node for node in ast.walk(tree) if isinstance(node, ast.Assign))
    assigned = [
        value
        for node in assignments
        for target, value in _pairs(node)
        if ast.unparse(target) == text
    ]
    match assigned:
        case [ast.Call(made_by)]:
            return made_by
        case _:
            return None


def _pairs(node: ast.Assign) -> Iterator[tuple[ast.expr, ast.expr]]:
    """What is assigned to what, also in ``a, b = 1, 2``."""
    for target in node.targets:
        match target, node.value:
            case ast.Tuple(names), ast.Tuple(values) if len(names) == len(values):
                yield from zip(names, values, strict=True)
            case _:
                yield target, node.value


def last_name(node: ast.expr) -> str:
    """The name that a dotted name ends with; empty for another expression."""
    match node:
        case ast.Attribute(_, name) | ast.Name(name):
            return name
        case _:
            return ""


def operand(after: After, call: ast.Call) -> ast.expr | None:
    """What a method is called on, or else the first argument: ``x.softmax(1)``, ``softmax(x, 1)``.

    None where the cell does not tell the one from the other: ``x.softmax(axis)`` in a function.
    """
    given = argument(call, 0, "input")
    match call.func:
        case ast.Attribute(owner, _):
            if given is None or _is_number(after, given):
                return owner
            of_layer = _made_by(after.tree, call.func) is not None
            return given if of_layer or _is_namespace(after, owner) else None
        case _:
            return given


def _is_number(after: After, node: ast.expr) -> bool:
    match node:
        case ast.Constant(value) | ast.UnaryOp(ast.USub(), ast.Constant(value)):
            return isinstance(value, int)
        case ast.Name(name):
            return isinstance(after.namespace.get(name), int)
        case _:
            return False


def _is_namespace(after: After, node: ast.expr) -> bool:
    """Whether it is a Python module, such as ``torch.nn.functional``."""
    match node:
        case ast.Name(name):
            return isinstance(after.namespace.get(name), ModuleType) or name in _USUAL_MODULES
        case ast.Attribute(owner, _):
            return _is_namespace(after, owner)
        case _:
            return False


def input_of(after: After, loss: Operation, layer: str) -> ast.expr | None:
    """The first argument of the user's call of a loss, if that is what the line says.

    Args:
        after: The cell.
        loss: The operation.
        layer: The class that the loss has, too, such as ``"NLLLoss"``.
    """
    node = expression_of(after, loss)
    if not isinstance(node, ast.Call) or callee(after, node) not in (loss.name, layer):
        return None
    return argument(node, 0, "input")


def code_of(after: After, node: ast.expr) -> str:
    """An expression as the user wrote it; on one line, where that took several."""
    text = ast.get_source_segment(after.text, node)
    return ast.unparse(node) if text is None or "\n" in text else text


def with_method(after: After, node: ast.expr, method: str) -> str:
    """The code of an expression with a method called on it."""
    return f"{in_brackets(node, code_of(after, node))}.{method}"


def in_place_of(after: After, node: ast.expr, inner: ast.expr) -> str:
    """The code of an expression that takes the place of one around it."""
    tight = ast.Attribute | ast.BinOp | ast.UnaryOp | ast.Subscript | ast.Compare
    parents = (each for each in ast.walk(after.tree) if node in ast.iter_child_nodes(each))
    code = code_of(after, inner)
    return in_brackets(inner, code) if isinstance(next(parents, None), tight) else code


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
