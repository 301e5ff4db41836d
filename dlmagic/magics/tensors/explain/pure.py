"""Expressions that can be computed again without an effect: functions of the libraries alone."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

from dlmagic.magics.tensors.explain.sites import Site
from dlmagic.magics.tensors.explain.trying import Tried, tried
from dlmagic.magics.tensors.explain.values import MISSING, is_tensor, value_of

_LIBRARIES = frozenset({"numpy", "jax", "tensorflow", "keras", "math"})
_FUNCTIONS = frozenset({
    "abs", "add", "all", "any", "arange", "argmax", "array", "asarray", "astype", "broadcast_to",
    "cast", "clip", "concat", "concatenate", "constant", "convert_to_tensor", "cos", "divide",
    "dot", "dstack", "einsum", "exp", "expand_dims", "eye", "flip", "float32", "float64", "full",
    "gather", "hstack", "identity", "int32", "int64", "linspace", "log", "logical_and",
    "logical_not", "logical_or", "matmul", "matrix_transpose", "max", "maximum", "mean", "min",
    "minimum", "moveaxis", "multiply", "one_hot", "ones", "ones_like", "prod", "ravel",
    "reduce_all", "reduce_any", "reduce_max", "reduce_mean", "reduce_min", "reduce_prod",
    "reduce_sum", "relu", "reshape", "sigmoid", "sigmoid_cross_entropy_with_logits", "sin",
    "softmax", "softmax_cross_entropy_with_logits", "sparse_softmax_cross_entropy_with_logits",
    "split", "sqrt", "square", "squeeze", "stack", "std", "subtract", "sum", "swapaxes", "take",
    "tan", "tanh", "tile", "to_categorical", "transpose", "tril", "triu", "var", "vstack",
    "where", "zeros", "zeros_like",
})  # fmt: skip
"""Of the libraries; those that draw random numbers, read or write are not among them."""
_METHODS = frozenset({
    "add", "all", "any", "argmax", "astype", "clip", "copy", "divide", "flatten", "item", "max",
    "mean", "min", "multiply", "power", "prod", "ravel", "reshape", "set", "squeeze", "std", "sum",
    "swapaxes", "tolist", "transpose", "var",
})  # fmt: skip
"""Of tensors; what writes to a tensor writes to a copy."""
_VIEWS = frozenset({"T", "mT", "at", "real", "shape", "ndim", "size", "dtype"})
_PLAIN = (
    ast.BinOp, ast.UnaryOp, ast.Compare, ast.Subscript, ast.Slice, ast.Tuple, ast.List,
    ast.Constant, ast.keyword, ast.operator, ast.unaryop, ast.cmpop, ast.expr_context,
)  # fmt: skip
_SIZED = frozenset({
    "arange", "broadcast_to", "eye", "full", "identity", "linspace", "one_hot", "ones", "tile",
    "to_categorical", "zeros",
})  # fmt: skip
"""Functions whose result can be larger than what they are given."""
_CONVERSIONS = {"float": float, "int": int, "bool": bool, "len": len}
_LARGEST = 1_000_000


@dataclass(frozen=True)
class Computation:
    """An expression as a function of its tensors.

    Attributes:
        function: The function.
        tensors: The user's values for it.
    """

    function: Callable[..., object] = field(repr=False)
    tensors: tuple[Any, ...] = field(repr=False)


class _ImpureError(Exception):
    """A part of the expression may have an effect, or is not known."""


def computation(code: str, site: Site) -> Computation | None:
    """The expression as a function of tensors; None where a part of it may have an effect."""
    lifting = _Lifting(site)
    try:
        node = ast.parse(code, mode="eval").body
        if isinstance(node, ast.Name | ast.Constant):
            return None
        tree = ast.fix_missing_locations(ast.Expression(lifting.visit(node)))
    except (_ImpureError, SyntaxError):
        return None
    compiled = compile(tree, "<expression>", "eval")
    names = list(lifting.tensors)

    def function(*tensors: Any) -> object:
        return eval(compiled, {**lifting.constants}, dict(zip(names, tensors, strict=True)))

    return Computation(function, tuple(lifting.tensors.values()))


def computed(node: ast.expr, site: Site) -> object:
    """The value of an expression, or :data:`MISSING`.

    Of large parts, and of those that have no numbers yet, it has the shape and type alone.
    """
    found = computation(ast.unparse(node), site)
    results: list[object] = []
    if found is not None:
        outcome = tried(lambda *tensors: results.append(found.function(*tensors)), *found.tensors)
        if outcome in ("verified", "shape-verified"):
            return results[-1]
    return MISSING


def check_of(code: str, site: Site | None) -> Callable[[], Tried] | None:
    """A trial of an expression; None where it may have an effect."""
    found = computation(code, site) if site is not None else None
    return None if found is None else lambda: tried(found.function, *found.tensors)


class _Lifting(ast.NodeTransformer):
    """Puts a fresh name in the place of every value that is known."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.tensors: dict[str, Any] = {}
        self.constants: dict[str, Any] = {}

    def visit(self, node: ast.AST) -> Any:
        if isinstance(node, ast.Call):
            return self._call(node)
        if isinstance(node, ast.Name | ast.Attribute):
            return self._known(node) or self._view(node)
        if isinstance(node, ast.Subscript):
            return self._known(node) or self.generic_visit(node)
        if not isinstance(node, _PLAIN) or _is_large(node):
            raise _ImpureError
        return self.generic_visit(node)

    def _known(self, node: ast.expr) -> ast.Name | None:
        value = library_value(node, self.site)
        if value is MISSING:
            return None
        return self._named(value)

    def _named(self, value: Any) -> ast.Name:
        kept = self.tensors if is_tensor(value) else self.constants
        name = f"_{len(self.tensors)}_{len(self.constants)}"
        kept[name] = value
        return ast.Name(name, ast.Load())

    def _view(self, node: ast.expr) -> ast.expr:
        if not isinstance(node, ast.Attribute) or node.attr not in _VIEWS:
            raise _ImpureError
        return ast.Attribute(self.visit(node.value), node.attr, ast.Load())

    def _call(self, node: ast.Call) -> ast.Call:
        if _name(node) in _SIZED and not _is_small_shape(node, self.site):
            raise _ImpureError
        arguments = [self.visit(each) for each in node.args]
        keywords = [ast.keyword(each.arg, self.visit(each.value)) for each in node.keywords]
        return ast.Call(self._callee(node.func), arguments, keywords)

    def _callee(self, node: ast.expr) -> ast.expr:
        function = library_value(node, self.site)
        if function is not MISSING and is_pure(node, function, self.site):
            return self._named(function)
        if isinstance(node, ast.Attribute) and node.attr in _METHODS:
            owner = library_value(node.value, self.site)
            if owner is MISSING or is_tensor(owner):
                return ast.Attribute(self.visit(node.value), node.attr, ast.Load())
        raise _ImpureError


def library_value(node: ast.expr, site: Site) -> Any:
    """A value, also of a library's module, which may load a part of itself when asked."""
    if isinstance(node, ast.Attribute):
        owner = library_value(node.value, site)
        if isinstance(owner, ModuleType) and library_of(owner) is not None:
            return getattr(owner, node.attr, MISSING)
    return value_of(node, site)


def library_of(module: object) -> str | None:
    """The library that a module belongs to, if it is one of those known here."""
    root = str(getattr(module, "__name__", "")).partition(".")[0]
    return root if isinstance(module, ModuleType) and root in _LIBRARIES else None


def is_pure(node: ast.expr, function: object, site: Site) -> bool:
    """Whether a function of a library computes and does nothing else."""
    if isinstance(node, ast.Name):
        return _CONVERSIONS.get(node.id) is function
    if not isinstance(node, ast.Attribute) or node.attr not in _FUNCTIONS:
        return False
    return library_of(library_value(node.value, site)) is not None


def _name(node: ast.Call) -> str:
    return ast.unparse(node.func).rpartition(".")[2]


def _is_small_shape(node: ast.Call, site: Site) -> bool:
    """Whether the numbers that a new array is asked for by are known, and make no large one."""
    given = [*node.args, *(each.value for each in node.keywords)]
    product = 1
    for value in (library_value(each, site) for each in given):
        if value is MISSING:
            return False
        numbers = value if isinstance(value, tuple | list) else [value]
        for each in numbers:
            product *= max(1, abs(int(each))) if isinstance(each, int | float) else 1
    return product <= _LARGEST


def _is_large(node: ast.AST) -> bool:
    """Whether a number would make a large array."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow | ast.LShift):
        return True
    whole = isinstance(node, ast.Constant) and isinstance(node.value, int)
    return whole and abs(node.value) > _LARGEST  # type: ignore[attr-defined]
