"""Expressions that can be computed again without an effect: functions of the libraries alone."""

from __future__ import annotations

import ast
import operator
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from dlmagic.magics.tensors.explain.pure import (
    METHODS,
    is_of_a_library,
    is_plain,
    library_of,
    pure_function,
    stays_small,
)
from dlmagic.magics.tensors.explain.sites import Site
from dlmagic.magics.tensors.explain.trying import TooLargeError, Tried, tried
from dlmagic.magics.tensors.explain.values import MISSING, VIEWS, is_tensor, stored_value

_PLAIN = (
    ast.UnaryOp, ast.Tuple, ast.List, ast.Constant, ast.keyword, ast.unaryop,
    ast.expr_context,
)  # fmt: skip
_OPERATORS: dict[type[ast.operator | ast.cmpop], tuple[str, Callable[[Any, Any], Any]]] = {
    ast.Add: ("add", operator.add),
    ast.Sub: ("sub", operator.sub),
    ast.Mult: ("mul", operator.mul),
    ast.Div: ("div", operator.truediv),
    ast.FloorDiv: ("floordiv", operator.floordiv),
    ast.Mod: ("mod", operator.mod),
    ast.Pow: ("pow", operator.pow),
    ast.LShift: ("lshift", operator.lshift),
    ast.RShift: ("rshift", operator.rshift),
    ast.BitAnd: ("and", operator.and_),
    ast.BitOr: ("or", operator.or_),
    ast.BitXor: ("xor", operator.xor),
    ast.MatMult: ("matmul", operator.matmul),
    ast.Eq: ("eq", operator.eq),
    ast.NotEq: ("ne", operator.ne),
    ast.Lt: ("lt", operator.lt),
    ast.LtE: ("le", operator.le),
    ast.Gt: ("gt", operator.gt),
    ast.GtE: ("ge", operator.ge),
}
_CONVERSIONS: dict[str, Callable[[Any], Any]] = {
    "float": float, "int": int, "bool": bool, "len": len,
}  # fmt: skip


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


def value_of(node: ast.expr | None, site: Site) -> Any:
    """The value of an expression where it failed, or :data:`MISSING`.

    It is looked up, or computed of small tensors where that has no effect.
    """
    found = stored_value(node, site)
    return computed(node, site) if found is MISSING and node is not None else found


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
        if outcome in ("verified", "shape-verified") and not _is_meta(results[-1]):
            return results[-1]
    return MISSING


def _is_meta(value: Any) -> bool:
    """Whether it is a tensor of PyTorch without numbers, whose device would be told wrongly."""
    torch: Any = sys.modules.get("torch")
    return torch is not None and isinstance(value, torch.Tensor) and value.is_meta


def check_of(code: str, site: Site | None) -> Callable[[], Tried] | None:
    """A trial of an expression; None where it may have an effect."""
    found = computation(code, site) if site is not None else None
    return None if found is None else lambda: tried(found.function, *found.tensors)


def library_value(node: ast.expr, site: Site) -> Any:
    """A stored value, also of a library's module, which may load a part of itself when asked."""
    if isinstance(node, ast.Attribute):
        owner = library_value(node.value, site)
        if library_of(owner) is not None:
            return getattr(owner, node.attr, MISSING)
    return stored_value(node, site)


class _Lifting(ast.NodeTransformer):
    """Puts a fresh name in the place of every value that is known.

    What computes is called by way of :func:`_small`, which refuses large results.
    """

    def __init__(self, site: Site) -> None:
        self.site = site
        self.tensors: dict[str, Any] = {}
        self.constants: dict[str, Any] = {}

    def visit(self, node: ast.AST) -> Any:
        match node:
            case ast.Call():
                return self._known(node) or self._call(node)
            case ast.Name() | ast.Attribute():
                return self._known(node) or self._view(node)
            case ast.Subscript(owner, index):
                return self._known(node) or self._small("item", operator.getitem, [owner, index])
            case ast.Slice():
                parts = [each or ast.Constant(None) for each in (node.lower, node.upper, node.step)]
                return self._small("slice", slice, parts)
            case ast.BinOp(left, sign, right) | ast.Compare(left, [sign], [right]):
                return self._operator(sign, left, right)
        if not isinstance(node, _PLAIN):
            raise _ImpureError
        return self.generic_visit(node)

    def _known(self, node: ast.expr) -> ast.Name | None:
        value = library_value(node, self.site)
        if value is MISSING:
            return None
        if not _is_safe(value) and not _holds_tensors(value):
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

    def _operator(self, sign: ast.AST, left: ast.expr, right: ast.expr) -> ast.Call:
        if type(sign) not in _OPERATORS:
            raise _ImpureError
        name, function = _OPERATORS[type(sign)]  # type: ignore[index]
        return self._small(name, function, [left, right])

    def _call(self, node: ast.Call) -> ast.Call:
        match node.func:
            case ast.Name(name) if library_value(node.func, self.site) is _CONVERSIONS.get(name):
                return self._small(name, _CONVERSIONS[name], node.args, node.keywords)
            case ast.Attribute(owner, name):
                value = library_value(owner, self.site)
                function = pure_function(value, name)
                if function is not None:
                    return self._small(name, function, node.args, node.keywords)
                if name in METHODS and (value is MISSING or _is_tensor(value)):
                    return self._small(name, _method(name), [owner, *node.args], node.keywords)
        raise _ImpureError

    def _small(
        self,
        name: str,
        function: Callable[..., Any],
        arguments: list[ast.expr],
        keywords: list[ast.keyword] | None = None,
    ) -> ast.Call:
        """A call that is made only where its result is no large one."""
        named = [ast.keyword(each.arg, self.visit(each.value)) for each in keywords or []]
        return ast.Call(
            self._named(_guarded(name, function)), [self.visit(each) for each in arguments], named
        )


def _guarded(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    def guarded(*arguments: Any, **keywords: Any) -> Any:
        if not stays_small(name, [*arguments, *keywords.values()]):
            raise TooLargeError
        return function(*arguments, **keywords)

    return guarded


def _method(name: str) -> Callable[..., Any]:
    return lambda owner, *arguments, **keywords: getattr(owner, name)(*arguments, **keywords)


def _is_tensor(value: object) -> bool:
    """Whether it is a tensor whose methods are the library's own."""
    return is_of_a_library(value) and is_tensor(value)


def _is_safe(value: object) -> bool:
    return is_plain(value) or _is_tensor(value)


def _holds_tensors(value: object) -> bool:
    """Whether it is a list or a tuple of tensors, and of nothing that is the user's own."""
    return type(value) in (list, tuple) and all(map(_is_safe, value))  # type: ignore[call-overload]
