"""Values of the user's expressions, found without calling anything of the user's."""

from __future__ import annotations

import ast
import builtins
import operator
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

from dlmagic.frameworks.description import describers, told
from dlmagic.magics.tensors.explain.sites import Site

_SMALL = 4_000_000  # bytes
_ARITHMETIC: dict[type[ast.operator], Callable[[Any, Any], object]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.MatMult: operator.matmul,
}
_OTHER_VIEWS = frozenset(
    {"view", "reshape", "t", "transpose", "permute", "flatten", "unsqueeze", "squeeze", "swapaxes"}
)
MISSING = object()
"""Stands for a value that cannot be known without running code."""

_VIEWS = frozenset(
    {"T", "mT", "H", "mH", "real", "shape", "dtype", "device", "data", "grad", "ndim"}
)
"""Attributes of tensors that compute nothing."""


def value_of(node: ast.expr | None, site: Site) -> Any:
    """The value of an expression where it failed, or :data:`MISSING`.

    Names, attributes that are merely stored, constants, items of plain containers, and what can be
    computed of small tensors without an effect: arithmetic, and other views of them.
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
        case ast.Tuple(items) | ast.List(items):
            values = [value_of(item, site) for item in items]
            missing = any(value is MISSING for value in values)
            return (
                MISSING if missing else (tuple(values) if isinstance(node, ast.Tuple) else values)
            )
        case ast.UnaryOp(ast.USub(), ast.Constant(value)) if isinstance(value, int | float):
            return -value
        case ast.BinOp(left, sign, right) if type(sign) in _ARITHMETIC:
            return _computed(_ARITHMETIC[type(sign)], [left, right], site)
        case ast.Call(ast.Attribute(owner, name), arguments, []) if name in _OTHER_VIEWS:
            return _computed(_calling(name), [owner, *arguments], site)
        case _:
            return MISSING


def _calling(name: str) -> Callable[..., object]:
    """A function that calls a method of its first argument."""
    return lambda owner, *arguments: getattr(owner, name)(*arguments)


def _computed(function: Callable[..., object], nodes: list[ast.expr], site: Site) -> object:
    """The result for small tensors of the CPU and numbers, or :data:`MISSING`."""
    values = [value_of(node, site) for node in nodes]
    if not any(map(is_tensor, values)) or not all(map(_is_small, values)):
        return MISSING
    result = told(lambda: _quietly(function, values))
    return MISSING if result is None else result


def _quietly(function: Callable[..., object], values: list[object]) -> object:
    torch: Any = sys.modules.get("torch")
    if torch is None:
        return function(*values)
    with torch.no_grad():
        return function(*values)


def _is_small(value: object) -> bool:
    if isinstance(value, int | float | tuple):
        return True
    found = (told(lambda: each.describe(value)) for each in describers())  # noqa: B023
    known = next((each for each in found if each is not None), None)
    if known is None or known.device is None or not known.device.startswith("cpu"):
        return False
    return known.nbytes is not None and known.nbytes <= _SMALL


def _of_name(name: str, site: Site) -> object:
    frame = site.frame
    for names in (frame.f_locals, frame.f_globals, vars(builtins)):
        if name in names:
            found: object = names[name]
            return found
    return MISSING


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
    inner = [own.get(key) for key in ("_modules", "_parameters", "_buffers")] if own else []
    return [own or {}, *(each for each in inner if isinstance(each, dict))]


def _item(owner: object, index: object) -> object:
    if owner is MISSING or index is MISSING or type(owner) not in (list, tuple, dict):
        return MISSING
    try:
        found: object = owner[index]  # type: ignore[index]
    except (LookupError, TypeError):
        return MISSING
    return found


def is_tensor(value: object) -> bool:
    """Whether a framework describes the value as one of its tensors or arrays."""
    return any(told(lambda: each.describe(value)) is not None for each in describers())  # noqa: B023
