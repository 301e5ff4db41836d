"""The call that failed, its arguments by position and by name."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

from dlmagic.magics.tensors.explain.computing import library_value
from dlmagic.magics.tensors.explain.hostile import is_a
from dlmagic.magics.tensors.explain.rule import Operand, operand
from dlmagic.magics.tensors.explain.sites import Site
from dlmagic.magics.tensors.explain.values import MISSING

_COMPUTING = frozenset({"numpy", "jax", "tensorflow", "keras", "torch"})
_BUILT_IN = frozenset({"builtin_function_or_method", "ufunc", "_ArrayFunctionDispatcher"})


@dataclass(frozen=True)
class Called:
    """A call in the user's code.

    Attributes:
        node: The call.
        name: What is called, the last name of it: ``"matmul"`` of ``tf.matmul``.
        function: The function, or :data:`MISSING`.
        owner: The object whose method it is; None for a function.
        arguments: Those given by position.
        keywords: Those given by name.
    """

    node: ast.Call
    name: str
    function: Any = field(repr=False)
    owner: Operand | None
    arguments: tuple[Operand, ...]
    keywords: dict[str, Operand]

    def argument(self, position: int, *names: str) -> Operand | None:
        """The argument of a position or of one of the names, or None."""
        named = next((self.keywords[name] for name in names if name in self.keywords), None)
        if named is not None or position >= len(self.arguments):
            return named
        return self.arguments[position]

    def with_argument(self, code: str) -> str:
        """The code of the call with one argument more."""
        inner = ast.unparse(self.node)[:-1]
        return f"{inner}{'' if inner.endswith('(') else ', '}{code})"


def called(site: Site | None) -> Called | None:
    """The call that failed; None where it was no call."""
    if site is None or not isinstance(site.node, ast.Call):
        return None
    return call_of(site.node, site)


def call_of(node: ast.Call, site: Site) -> Called:
    """A call with the values of its arguments."""
    name, owner = ast.unparse(node.func), None
    if isinstance(node.func, ast.Attribute):
        name = node.func.attr
        value = library_value(node.func.value, site)
        owner = None if isinstance(value, ModuleType) else operand(node.func.value, site)
    return Called(
        node,
        name,
        library_value(node.func, site),
        owner,
        tuple(operand(each, site) for each in node.args if not isinstance(each, ast.Starred)),
        {each.arg: operand(each.value, site) for each in node.keywords if each.arg},
    )


def computes(site: Site | None) -> bool:
    """Whether the failed expression is itself an operation on its operands.

    That is a sign, a function of a library or a method of a tensor. What a function or a model of
    the user's does with its arguments is not known here.
    """
    if site is None or not isinstance(site.node, ast.Call):
        return site is not None
    call = call_of(site.node, site)
    if call.owner is not None:
        return call.owner.description is not None
    root = str(getattr(call.function, "__module__", None) or "").partition(".")[0]
    of_library = isinstance(site.node.func, ast.Attribute | ast.Name) and root in _COMPUTING
    return of_library or type(call.function).__name__ in _BUILT_IN


def sign_of(site: Site | None) -> ast.operator | None:
    """The sign of a failed operation; None where it is a call."""
    node = (site.node or site.statement) if site else None
    return node.op if isinstance(node, ast.BinOp | ast.AugAssign) else None


def module_name(site: Site | None, module: str, usual: str) -> str:
    """What the user calls a library's module, such as ``"np"``; the usual name if none is found."""
    names = {**site.frame.f_globals, **site.frame.f_locals} if site else {}
    modules = {v.__name__: name for name, v in names.items() if is_a(v, ModuleType)}
    if module == "keras" and module not in modules and "tensorflow" in modules:
        return f"{modules['tensorflow']}.keras"
    return modules.get(module, usual)


def is_known(operand: Operand | None) -> bool:
    """Whether there is such an operand, with a value."""
    return operand is not None and operand.value is not MISSING
