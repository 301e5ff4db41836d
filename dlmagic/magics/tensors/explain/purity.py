"""What has no effect: the functions of the libraries that compute, and nothing large."""

from __future__ import annotations

import ast
from types import ModuleType
from typing import Any

from dlmagic.magics.tensors.explain.sites import Site
from dlmagic.magics.tensors.explain.values import MISSING, value_of

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
METHODS = frozenset({
    "add", "all", "any", "argmax", "astype", "clip", "copy", "divide", "flatten", "item", "max",
    "mean", "min", "multiply", "power", "prod", "ravel", "reshape", "set", "squeeze", "std", "sum",
    "swapaxes", "tolist", "transpose", "var",
})  # fmt: skip
"""Of tensors; what writes to a tensor writes to a copy."""
VIEWS = frozenset({"T", "mT", "at", "real", "shape", "ndim", "size", "dtype"})
_SIZED = frozenset({
    "arange", "broadcast_to", "eye", "full", "identity", "linspace", "one_hot", "ones", "tile",
    "to_categorical", "zeros",
})  # fmt: skip
"""Functions whose result can be larger than what they are given."""
_CONVERSIONS = {"float": float, "int": int, "bool": bool, "len": len}
_LARGEST = 1_000_000
_PLAIN = (int, float, complex, bool, str, bytes, slice, range, type(None), type(Ellipsis))


def library_value(node: ast.expr, site: Site) -> Any:
    """A value, also of a library's module, which may load a part of itself when asked."""
    if isinstance(node, ast.Attribute):
        owner = library_value(node.value, site)
        if isinstance(owner, ModuleType) and library_of(owner) is not None:
            return getattr(owner, node.attr, MISSING)
    return value_of(node, site)


def library_of(module: object) -> str | None:
    """The library that a module belongs to, if it is one of those known here."""
    if not isinstance(module, ModuleType):
        return None
    root = module.__name__.partition(".")[0]
    return root if root in _LIBRARIES else None


def is_plain(value: object) -> bool:
    """Whether a value is a number, a text, a type of the libraries, or holds only such."""
    if type(value) in (list, tuple):
        return all(map(is_plain, value))  # type: ignore[call-overload]
    if type(value) in _PLAIN:
        return True
    kind = value if isinstance(value, type) else type(value)
    if kind is value and kind.__module__ == "builtins":
        return True
    return kind.__module__.partition(".")[0] in _LIBRARIES - {"keras"}


def is_pure(node: ast.expr, function: object, site: Site) -> bool:
    """Whether a function of a library computes and does nothing else."""
    if isinstance(node, ast.Name):
        return _CONVERSIONS.get(node.id) is function
    if not isinstance(node, ast.Attribute) or node.attr not in _FUNCTIONS:
        return False
    return library_of(library_value(node.value, site)) is not None


def is_small_shape(node: ast.Call, site: Site) -> bool:
    """Whether the numbers that a new array is asked for by are known, and make no large one."""
    if ast.unparse(node.func).rpartition(".")[2] not in _SIZED:
        return True
    given = [*node.args, *(each.value for each in node.keywords)]
    product = 1
    for value in (library_value(each, site) for each in given):
        if value is MISSING:
            return False
        numbers = value if isinstance(value, tuple | list) else [value]
        for each in numbers:
            product *= max(1, abs(int(each))) if isinstance(each, int | float) else 1
    return product <= _LARGEST


def is_large(node: ast.AST) -> bool:
    """Whether a number would make a large array."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow | ast.LShift):
        return True
    whole = isinstance(node, ast.Constant) and isinstance(node.value, int)
    return whole and abs(node.value) > _LARGEST  # type: ignore[attr-defined]
