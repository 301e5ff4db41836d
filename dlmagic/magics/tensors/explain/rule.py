"""What a rule of the catalogue is, and what it says of a failure."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from dlmagic.frameworks.description import Description, describers, told
from dlmagic.magics.tensors.explain.computing import value_of
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.sites import Place, Site
from dlmagic.magics.tensors.explain.trying import Tried
from dlmagic.magics.tensors.explain.values import MISSING

_PRODUCTS = frozenset({"matmul", "mm", "bmm", "mv", "dot"})


@dataclass(frozen=True)
class Operand:
    """A value that took part in what failed.

    Attributes:
        name: The user's expression for it.
        value: The value, or :data:`MISSING`.
        node: The expression, or None where it is known from a library's code.
        stated: What the error says of a value that nobody keeps, as that of ``model(x)`` in
            ``model(x) @ w``: it is not called again to find out.
    """

    name: str
    value: Any = field(repr=False)
    node: ast.expr | None = field(default=None, repr=False)
    stated: Description | None = field(default=None, repr=False)

    @property
    def description(self) -> Description | None:
        """Shape, type and place, where it is a tensor."""
        if self.value is MISSING:
            return self.stated
        found = (told(lambda: each.describe(self.value)) for each in describers())  # noqa: B023
        return next((each for each in found if each is not None), None)

    @property
    def shape(self) -> tuple[int, ...] | None:
        """Elements per axis, where all are known."""
        known = self.description
        if known is None or known.shape is None:
            return None
        whole = tuple(axis for axis in known.shape if isinstance(axis, int))
        return whole if len(whole) == len(known.shape) else None

    @property
    def dtype(self) -> str | None:
        """Its type, such as ``"float32"``."""
        known = self.description
        return known.dtype if known is not None else None

    @property
    def axes(self) -> tuple[int | None, ...] | None:
        """Elements per axis; None for those that are open, as that of a batch may be."""
        known = self.description
        if known is None or known.shape is None:
            return None
        return tuple(axis if isinstance(axis, int) else None for axis in known.shape)


@dataclass(frozen=True)
class Candidate:
    """A change that may mend the mistake.

    Attributes:
        text: The change in one sentence.
        code: What the line becomes, or None where no single line is changed.
        check: Tries the change, and says how far that went.
        site: The place of the line that is changed, where it is not the one that failed.
        line: Its number, where it is not the one that failed.
    """

    text: str
    code: str | None = None
    check: Callable[[], Tried] | None = field(default=None, repr=False)
    site: Place | None = field(default=None, repr=False)
    line: int | None = None


@dataclass(frozen=True)
class Explained:
    """What a rule says.

    Attributes:
        kind: Kebab-case, such as ``"matmul-shapes"``.
        message: The rule and how it was broken, one sentence in the user's own names.
        operands: The values that took part, the offending one first.
        candidates: Changes that may help, the likeliest first.
        notes: What else helps, such as where a value came from.
        further: What must be changed too once this is mended, each with one change.
    """

    kind: str
    message: str
    operands: tuple[Operand, ...] = ()
    candidates: tuple[Candidate, ...] = ()
    notes: tuple[str, ...] = ()
    further: tuple[Explained, ...] = ()


class Rule(Protocol):
    """One module of the folder ``rules``: the text only routes, the operands decide."""

    PATTERNS: tuple[re.Pattern[str], ...]

    def explain(self, failure: Failure, match: re.Match[str]) -> Explained | None:
        """What is wrong; None where the operands do not confirm that it is this rule."""


def operands_of(site: Site | None) -> list[Operand]:
    """The operands of the expression that failed, in the order in which they are written."""
    if site is None:
        return []
    if site.node is None:
        in_place = site.statement if isinstance(site.statement, ast.AugAssign) else None
        nodes = [in_place.target, in_place.value] if in_place else []
        return [operand(node, site) for node in nodes]
    return [operand(node, site) for node in _parts(site.node)]


def operand(node: ast.expr, site: Site) -> Operand:
    """An expression with its value."""
    return Operand(ast.unparse(node), value_of(node, site), node)


def _parts(node: ast.expr) -> list[ast.expr]:
    match node:
        case ast.BinOp(left, _, right):
            return [left, right]
        case ast.Compare(left, _, others):
            return [left, *others]
        case ast.Subscript(value, index):
            return [value, index]
        case ast.Call(ast.Attribute(owner, _), arguments, keywords):
            return [owner, *arguments, *(keyword.value for keyword in keywords)]
        case ast.Call(_, arguments, keywords):
            return [*arguments, *(keyword.value for keyword in keywords)]
        case _:
            return []


def is_product(site: Site | None) -> bool:
    """Whether the expression multiplies its first two operands as matrices, and nothing else."""
    match (site.node or site.statement) if site is not None else None:
        case ast.BinOp(op=ast.MatMult()) | ast.AugAssign(op=ast.MatMult()):
            return True
        case ast.Call(ast.Attribute(_, name) | ast.Name(name)):
            return name in _PRODUCTS
        case _:
            return False


def known(operands: list[Operand]) -> list[Operand]:
    """Those that are tensors with a value, or of which the error says enough."""
    return [each for each in operands if each.description]
