"""Statements that are a call which changes nothing, and nothing else."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

_SHAPING = (
    *(
        "view",
        "reshape",
        "permute",
        "transpose",
        "t",
        "squeeze",
        "unsqueeze",
        "flatten",
        "swapaxes",
    ),
    *("unflatten", "movedim", "expand", "repeat", "flip", "roll", "narrow", "view_as"),
)
_CONVERTING = (
    *("to", "cuda", "cpu", "float", "double", "half", "long", "int", "bool", "bfloat16", "type"),
    *("contiguous", "clone", "detach", "astype", "type_as"),
)
_ELEMENTWISE = (
    *("clamp", "clamp_min", "clamp_max", "clip", "round", "abs", "relu", "sigmoid", "tanh"),
    *("softmax", "log_softmax", "add", "sub", "mul", "div", "sqrt", "exp", "log", "neg"),
    *("masked_fill", "index_fill", "scatter", "scatter_add", "index_add", "nan_to_num"),
    *("normalize", "dropout", "gelu", "leaky_relu", "tril", "triu", "sort", "cumsum", "where"),
)
METHODS = frozenset({*_SHAPING, *_CONVERTING, *_ELEMENTWISE, "apply_updates"})
"""Methods of tensors and arrays, and functions, that give something new."""
OF_ARRAYS = METHODS - {"sort"}
"""Those of them that change nothing in arrays either."""
_UPDATES = frozenset(
    {"set", "add", "subtract", "multiply", "divide", "power", "min", "max", "apply"}
)
SIGNS = METHODS | _UPDATES
"""What a cell must call for such a statement to be in it."""
_BEFORE_OUT = {
    **dict.fromkeys(("exp", "sqrt", "log", "tanh", "abs"), 1),
    **dict.fromkeys(("add", "round"), 2),
    **dict.fromkeys(("clip", "cumsum"), 3),
}
"""Arguments that functions of NumPy take ahead of the one that they write to."""
_ROOTS = frozenset({"torch", "F", "np", "numpy", "jnp", "functional", "optax"})
_TIMING = frozenset({"perf_counter", "timeit", "synchronize", "profile", "profiler", "Timer"})
_RAISING = frozenset({"raises", "assertRaises", "suppress", "assertRaisesRegex"})


@dataclass(frozen=True)
class Thrown:
    """One such statement.

    Attributes:
        node: It.
        method: Of which method or function.
        owner: What it belongs to, or the function's first argument.
        module: The module of a function, such as ``"torch"``; empty for a method.
        is_update: Whether it is JAX's ``x.at[i].set(value)``.
    """

    node: ast.Expr
    method: str
    owner: ast.expr
    module: str = ""
    is_update: bool = False


def thrown_in(tree: ast.Module) -> Iterator[Thrown]:
    """All of a cell but the last, which is shown; none in a cell that takes times."""
    if _takes_times(tree):
        return
    lines: dict[int, int] = {}
    for each in ast.walk(tree):
        if isinstance(each, ast.stmt):
            lines[each.lineno] = lines.get(each.lineno, 0) + 1
    for node in _statements(tree):
        found = _thrown(node)
        if found is not None and lines[node.lineno] == 1:
            yield found


def _thrown(node: ast.Expr) -> Thrown | None:
    match node.value:
        case ast.Call(ast.Attribute(ast.Subscript(ast.Attribute(owner, "at")), method)):
            is_update = method in _UPDATES and _is_path(owner)
            return Thrown(node, f"at[...].{method}", owner, is_update=True) if is_update else None
        case ast.Call(ast.Attribute(module, method), [first, *rest], keywords) if _is_module(
            module
        ):
            changes = any(each.arg in ("out", "inplace") for each in keywords)
            changes |= any(isinstance(each, ast.Constant) and each.value is True for each in rest)
            changes |= 1 + len(rest) > _BEFORE_OUT.get(method, 1 + len(rest))
            if method in METHODS and _is_path(first) and not changes:
                return Thrown(node, method, first, ast.unparse(module))
        case ast.Call(ast.Attribute(owner, method)) if method in METHODS:
            path = _behind_calls(owner)
            return Thrown(node, method, path) if path is not None else None
        case _:
            pass
    return None


def _behind_calls(owner: ast.expr) -> ast.expr | None:
    """What a chain of such methods belongs to: ``x`` of ``x.squeeze().float()``."""
    while True:
        match owner:
            case ast.Call(ast.Attribute(inner, method)) if method in METHODS:
                owner = inner
            case _:
                return owner if _is_path(owner) else None


def _is_path(node: ast.expr) -> bool:
    """Whether it is a name, or leads from one by attributes and indices alone."""
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return isinstance(node, ast.Name)


def _is_module(node: ast.expr) -> bool:
    while isinstance(node, ast.Attribute):
        node = node.value
    return isinstance(node, ast.Name) and node.id in _ROOTS


def _takes_times(tree: ast.Module) -> bool:
    nodes = list(ast.walk(tree))
    names = {node.id for node in nodes if isinstance(node, ast.Name)}
    return bool(_TIMING & (names | {n.attr for n in nodes if isinstance(n, ast.Attribute)}))


def _statements(tree: ast.Module) -> Iterator[ast.Expr]:
    """Statements that are expressions, but where an error is waited for."""
    last = tree.body[-1] if tree.body else None
    waiting: list[ast.AST] = [node for node in tree.body if node is not last]
    waiting += [] if isinstance(last, ast.Expr) or last is None else [last]
    while waiting:
        node = waiting.pop(0)
        if isinstance(node, ast.Expr):
            yield node
        elif isinstance(node, ast.Try) and node.handlers:
            waiting += [*node.handlers, *node.orelse, *node.finalbody]
        elif not (isinstance(node, ast.With) and _waits_for_an_error(node)):
            waiting += list(ast.iter_child_nodes(node))


def _waits_for_an_error(node: ast.With) -> bool:
    calls = [item.context_expr for item in node.items]
    names = {ast.unparse(each.func).split(".")[-1] for each in calls if isinstance(each, ast.Call)}
    return bool(_RAISING & names)
