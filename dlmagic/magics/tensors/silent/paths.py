"""What names with attributes lead to in a notebook, without running code of anybody's."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from types import ModuleType


def values_of(
    path: ast.expr, tree: ast.Module, namespace: Mapping[str, object]
) -> tuple[object, ...]:
    """What a path leads to when the cell has ended; several where ``self`` may be several.

    Args:
        path: Names, attributes and constant indices.
        tree: The cell.
        namespace: The notebook's names.
    """
    match path:
        case ast.Name(name):
            return _named(path, name, tree, namespace)
        case ast.Attribute(owner, name):
            found = values_of(owner, tree, namespace)
            return tuple(vars(each)[name] for each in found if name in _attributes(each))
        case ast.Subscript(owner, ast.Constant(key)):
            found = values_of(owner, tree, namespace)
            return tuple(item for each in found for item in _items(each, key))
        case _:
            return ()


def is_of_module(value: object, root: str) -> bool:
    """Whether it is a module of a package."""
    return isinstance(value, ModuleType) and value.__name__.split(".")[0] == root


def _named(
    node: ast.Name, name: str, tree: ast.Module, namespace: Mapping[str, object]
) -> tuple[object, ...]:
    """A name of the notebook, if no function has it for itself; ``self`` of the cell's classes."""
    inside = [
        each for each in ast.walk(tree) if isinstance(each, ast.FunctionDef) and _has(each, node)
    ]
    if not inside:
        return (namespace[name],) if name in namespace else ()
    first = inside[0].args.args[0].arg if inside[0].args.args else ""
    classes = [
        namespace.get(each.name)
        for each in tree.body
        if isinstance(each, ast.ClassDef) and _has(each, node)
    ]
    if name != first or not classes:
        return ()
    return tuple(each for each in namespace.values() if type(each) in classes)


def _has(outer: ast.AST, node: ast.AST) -> bool:
    return any(each is node for each in ast.walk(outer))


def _attributes(value: object) -> Mapping[str, object]:
    """Its own, as they are stored; none of those that are computed."""
    return vars(value) if hasattr(type(value), "__dict__") and hasattr(value, "__dict__") else {}


def _items(value: object, key: object) -> tuple[object, ...]:
    """Of plain containers alone."""
    if type(value) is dict:
        return (value[key],) if key in value else ()
    if type(value) in (list, tuple) and isinstance(key, int):
        return (value[key],) if -len(value) <= key < len(value) else ()  # type: ignore[arg-type,index]
    return ()
