"""Values of the user's expressions, found without calling anything of the user's."""

from __future__ import annotations

import ast
import operator
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np

from dlmagic.frameworks.description import describers, told
from dlmagic.magics.tensors.explain.pure import is_plain_tensor, pure_function, stays_small
from dlmagic.magics.tensors.explain.sites import Site

_SMALL = 4_000_000  # bytes
_MOST_ITEMS = 1000
_ARITHMETIC: dict[type[ast.operator], tuple[str, Callable[[Any, Any], object]]] = {
    ast.Add: ("add", operator.add),
    ast.Sub: ("sub", operator.sub),
    ast.Mult: ("mul", operator.mul),
    ast.Div: ("div", operator.truediv),
    ast.MatMult: ("matmul", operator.matmul),
}
_COMPARISONS: dict[type[ast.cmpop], Callable[[Any, Any], object]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
MISSING = object()
"""Stands for a value that cannot be known without running code."""

_VIEWS = frozenset(
    {"T", "mT", "H", "mH", "real", "shape", "dtype", "device", "data", "grad", "ndim"}
)
"""Attributes of tensors that compute nothing."""


def value_of(node: ast.expr | None, site: Site) -> Any:
    """The value of an expression where it failed, or :data:`MISSING`.

    Names, attributes that are merely stored, constants, items of plain containers, and what can be
    computed of small tensors without an effect: arithmetic, and functions that only compute.
    """
    match node:
        case ast.Constant(value):
            return value
        case ast.Name(name):
            return _of_name(name, site)
        case ast.Attribute(owner, name):
            return _of_attribute(value_of(owner, site), name)
        case ast.Subscript(owner, index):
            return _item(value_of(owner, site), value_of(index, site))
        case ast.Slice(first, last, step):
            parts = [value_of(part, site) if part else None for part in (first, last, step)]
            return MISSING if any(part is MISSING for part in parts) else slice(*parts)
        case ast.Tuple(items) | ast.List(items):
            values = [value_of(item, site) for item in items]
            missing = any(value is MISSING for value in values)
            return (
                MISSING if missing else (tuple(values) if isinstance(node, ast.Tuple) else values)
            )
        case ast.UnaryOp(ast.USub(), ast.Constant(value)) if isinstance(value, int | float):
            return -value
        case _:
            return _worked_out(node, site)


def _worked_out(node: ast.expr | None, site: Site) -> Any:
    """The value of what computes, or :data:`MISSING`."""
    match node:
        case ast.BinOp(left, sign, right) if type(sign) in _ARITHMETIC:
            name, function = _ARITHMETIC[type(sign)]
        case ast.Compare(left, [comparison], [right]) if type(comparison) in _COMPARISONS:
            name, function = "sub", _COMPARISONS[type(comparison)]
        case ast.Call(ast.Attribute(owner, name), arguments, keywords):
            return _called(value_of(owner, site), name, arguments, keywords, site)
        case _:
            return MISSING
    return _computed(name, function, [value_of(left, site), value_of(right, site)], {})


def _called(
    owner: Any, name: str, arguments: list[ast.expr], keywords: list[ast.keyword], site: Site
) -> Any:
    """What a call gives that only computes, or :data:`MISSING`."""
    if name in ("size", "dim") and is_plain_tensor(owner):
        return told(lambda: getattr(owner, name)(*(value_of(each, site) for each in arguments)))
    function = pure_function(owner, name)
    if function is None or (is_plain_tensor(owner) and not _is_small(owner)):
        return MISSING
    values = [value_of(each, site) for each in arguments]
    named = {each.arg or "": value_of(each.value, site) for each in keywords}
    return _computed(name, function, values, named)


def _computed(
    name: str, function: Callable[..., Any], values: list[Any], named: dict[str, Any]
) -> Any:
    """The result for small tensors of the CPU and numbers, or :data:`MISSING`."""
    everything = [*values, *named.values()]
    if not all(map(_is_small, everything)) or not stays_small(name, everything):
        return MISSING
    result = told(lambda: _quietly(lambda: function(*values, **named)))
    return MISSING if result is None else result


def _quietly(function: Callable[[], object]) -> object:
    torch: Any = sys.modules.get("torch")
    if torch is None:
        return function()
    with torch.no_grad():
        return function()


def _is_small(value: object) -> bool:
    if isinstance(value, tuple | list):
        return len(value) < _MOST_ITEMS and all(map(_is_small, value))
    if isinstance(value, int | float | str | type(None)) or _is_dtype(value):
        return True
    found = (told(lambda: each.describe(value)) for each in describers())  # noqa: B023
    known = next((each for each in found if each is not None), None)
    if known is None or known.device is None or not known.device.startswith("cpu"):
        return False
    return known.nbytes is not None and known.nbytes <= _SMALL


def _is_dtype(value: object) -> bool:
    torch: Any = sys.modules.get("torch")
    return isinstance(value, np.dtype | type) or (
        torch is not None and isinstance(value, torch.dtype)
    )


def _of_name(name: str, site: Site) -> object:
    return site.names.get(name, MISSING)


def _of_attribute(owner: object, name: str) -> object:
    if owner is MISSING:
        return MISSING
    if name in _VIEWS and is_tensor(owner):
        value = told(lambda: getattr(owner, name))
        return MISSING if value is None else value
    for held in _stored(owner):
        if name in held:
            found: object = held[name]
            return found
    return MISSING


def _stored(owner: object) -> list[dict[str, object]]:
    """Where an object keeps attributes: its own dictionary, and those of a PyTorch module."""
    own = told(lambda: vars(owner))
    if not isinstance(own, dict) and not isinstance(owner, ModuleType):
        return []
    own = own or {}
    inner = [own.get(key) for key in ("_modules", "_parameters", "_buffers")]
    return [own, *(each for each in inner if isinstance(each, dict))]


def _item(owner: object, index: object) -> object:
    if owner is MISSING or index is MISSING:
        return MISSING
    if type(owner) not in (list, tuple, dict) and not (is_plain_tensor(owner) and _plain(index)):
        return MISSING
    try:
        found: object = owner[index]  # type: ignore[index]
    except (LookupError, TypeError, ValueError, RuntimeError):
        return MISSING
    return found


def _plain(index: object) -> bool:
    """Whether an index of a tensor gives a view of it, which costs nothing."""
    parts = index if isinstance(index, tuple) else (index,)
    return all(isinstance(each, int | slice | type(None) | type(...)) for each in parts)


def is_tensor(value: object) -> bool:
    """Whether a framework describes the value as one of its tensors or arrays."""
    return any(told(lambda: each.describe(value)) is not None for each in describers())  # noqa: B023
