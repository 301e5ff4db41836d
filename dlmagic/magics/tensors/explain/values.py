"""Values of the user's expressions, found without calling anything of the user's."""

from __future__ import annotations

import ast
from types import ModuleType
from typing import Any

from dlmagic.frameworks.description import describers, told
from dlmagic.magics.tensors.explain.pure import is_plain_tensor
from dlmagic.magics.tensors.explain.sites import Site

MISSING = object()
"""Stands for a value that cannot be known without running code."""

_LOOKED_UP = frozenset(
    {"T", "mT", "H", "mH", "real", "shape", "dtype", "device", "data", "grad", "ndim"}
)
VIEWS = _LOOKED_UP | {"at", "size"}
"""Attributes of tensors that compute nothing."""


def stored_value(node: ast.expr | None, site: Site) -> Any:
    """The value of an expression where it failed, or :data:`MISSING`.

    Names, attributes that are merely stored, constants, items of plain containers, and views.
    """
    match node:
        case ast.Constant(value):
            return value
        case ast.Name(name):
            return _of_name(name, site)
        case ast.Attribute(owner, name):
            return _of_attribute(stored_value(owner, site), name)
        case ast.Subscript(owner, index):
            return _item(stored_value(owner, site), stored_value(index, site))
        case ast.Slice(first, last, step):
            parts = [stored_value(part, site) if part else None for part in (first, last, step)]
            return MISSING if any(part is MISSING for part in parts) else slice(*parts)
        case ast.Tuple(items) | ast.List(items):
            values = [stored_value(item, site) for item in items]
            missing = any(value is MISSING for value in values)
            return (
                MISSING if missing else (tuple(values) if isinstance(node, ast.Tuple) else values)
            )
        case ast.UnaryOp(ast.USub(), ast.Constant(value)) if isinstance(value, int | float):
            return -value
        case ast.Call(ast.Attribute(owner, "size" | "dim" as name), arguments, []):
            return _measured(stored_value(owner, site), name, arguments, site)
        case _:
            return MISSING


def _measured(owner: Any, name: str, arguments: list[ast.expr], site: Site) -> Any:
    """What a tensor of PyTorch says of its axes, however large it is."""
    values = [stored_value(each, site) for each in arguments]
    if not is_plain_tensor(owner) or any(value is MISSING for value in values):
        return MISSING
    found = told(lambda: getattr(owner, name)(*values))
    return MISSING if found is None else found


def _of_name(name: str, site: Site) -> object:
    return site.names.get(name, MISSING)


def _of_attribute(owner: object, name: str) -> object:
    if owner is MISSING:
        return MISSING
    if name == "grad" and is_plain_tensor(owner) and not _may_have_gradient(owner):
        return MISSING
    if name in _LOOKED_UP and is_tensor(owner):
        value = told(lambda: getattr(owner, name))
        return MISSING if value is None else value
    for held in _stored(owner):
        if name in held:
            found: object = held[name]
            return found
    return MISSING


def _may_have_gradient(tensor: Any) -> bool:
    """Whether PyTorch may be asked for the gradient: of other tensors it warns of the question."""
    return bool(getattr(tensor, "is_leaf", True) or tensor.retains_grad)


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
