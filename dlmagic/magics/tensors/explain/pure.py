"""Expressions that can be computed again without an effect: functions of the libraries alone."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from dlmagic.magics.tensors.explain.purity import (
    METHODS,
    VIEWS,
    is_large,
    is_plain,
    is_pure,
    is_small_shape,
    library_value,
)
from dlmagic.magics.tensors.explain.sites import Site
from dlmagic.magics.tensors.explain.trying import Tried, tried
from dlmagic.magics.tensors.explain.values import MISSING, is_tensor

_PLAIN = (
    ast.BinOp, ast.UnaryOp, ast.Compare, ast.Subscript, ast.Slice, ast.Tuple, ast.List,
    ast.Constant, ast.keyword, ast.operator, ast.unaryop, ast.cmpop, ast.expr_context,
)  # fmt: skip


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
        if not isinstance(node, _PLAIN) or is_large(node):
            raise _ImpureError
        return self.generic_visit(node)

    def _known(self, node: ast.expr) -> ast.Name | None:
        value = library_value(node, self.site)
        if value is MISSING:
            return None
        if not is_tensor(value) and not is_plain(value) and not _holds_tensors(value):
            raise _ImpureError
        return self._named(value)

    def _named(self, value: Any) -> ast.Name:
        kept = self.tensors if is_tensor(value) else self.constants
        name = f"_{len(self.tensors)}_{len(self.constants)}"
        kept[name] = value
        return ast.Name(name, ast.Load())

    def _view(self, node: ast.expr) -> ast.expr:
        if not isinstance(node, ast.Attribute) or node.attr not in VIEWS:
            raise _ImpureError
        return ast.Attribute(self.visit(node.value), node.attr, ast.Load())

    def _call(self, node: ast.Call) -> ast.Call:
        if not is_small_shape(node, self.site):
            raise _ImpureError
        arguments = [self.visit(each) for each in node.args]
        keywords = [ast.keyword(each.arg, self.visit(each.value)) for each in node.keywords]
        return ast.Call(self._callee(node.func), arguments, keywords)

    def _callee(self, node: ast.expr) -> ast.expr:
        function = library_value(node, self.site)
        if function is not MISSING and is_pure(node, function, self.site):
            return self._named(function)
        if isinstance(node, ast.Attribute) and node.attr in METHODS:
            owner = library_value(node.value, self.site)
            if owner is MISSING or is_tensor(owner):
                return ast.Attribute(self.visit(node.value), node.attr, ast.Load())
        raise _ImpureError


def _holds_tensors(value: object) -> bool:
    """Whether it is a list or a tuple of tensors, and of nothing that is the user's own."""
    return type(value) in (list, tuple) and all(is_tensor(v) or is_plain(v) for v in value)  # type: ignore[attr-defined]
