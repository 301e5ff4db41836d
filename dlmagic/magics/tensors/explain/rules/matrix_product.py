"""A product of matrices whose inner dimensions are not the same."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator

from dlmagic.magics.tensors.explain.edits import in_brackets, line_with
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.rule import (
    Candidate,
    Explained,
    Operand,
    is_product,
    known,
    operands_of,
)
from dlmagic.magics.tensors.explain.sites import Site
from dlmagic.magics.tensors.explain.trying import tried

PATTERNS = (
    re.compile(r"mat1 and mat2 shapes cannot be multiplied"),
    re.compile(r"mat1 dim 1 must match mat2 dim 0|size mismatch, (m1|got)"),
    re.compile(r"a and b must have same reduction dim"),
    re.compile(r"Expected size for first two dimensions of batch2 tensor"),
    re.compile(r"inconsistent tensor size, expected tensor"),
    re.compile(r"matmul: Input operand 1 has a mismatch in its core dimension"),
    re.compile(r"shapes \(.*\) and \(.*\) not aligned"),
    re.compile(r"dot_general requires contracting dimensions to have the same shape"),
    re.compile(r"Matrix size-incompatible"),
)
Change = Callable[[str, str], tuple[str, str]]


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:  # noqa: ARG001
    """Which dimensions do not meet, and which transposition makes them."""
    site = failure.site
    found = known(operands_of(site))[:2]
    if len(found) < 2 or not is_product(site):
        return None
    left, right = found
    columns, rows = _inner(left.shape, right.shape)
    if columns is None or columns == rows:
        return None
    return Explained(
        kind="matmul-shapes",
        message=(
            f"The inner dimensions of a matrix product must be equal: {left.name} has {columns} "
            f"columns, {right.name} has {rows} rows."
        ),
        operands=(left, right),
        candidates=tuple(_candidates(site, left, right)),
    )


def _inner(
    left: tuple[int, ...] | None, right: tuple[int, ...] | None
) -> tuple[int | None, int | None]:
    """Columns of the left and rows of the right operand; a vector is all of it."""
    if not left or not right:
        return None, None
    return left[-1], right[-2] if len(right) > 1 else right[0]


def _candidates(site: Site | None, left: Operand, right: Operand) -> Iterator[Candidate]:
    transposed = _transposed
    changes: list[tuple[str, str, str, Callable[..., object]]] = [
        (f"Transpose {right.name}.", left.name, transposed(right), lambda a, b: a @ _turn(b)),
        (f"Transpose {left.name}.", transposed(left), right.name, lambda a, b: _turn(a) @ b),
        ("Exchange the operands.", right.name, left.name, lambda a, b: b @ a),
    ]
    for text, first, second, function in changes:
        code = _code(site, left, right, first, second)
        yield Candidate(text, code, lambda f=function: tried(f, left.value, right.value))  # type: ignore[misc]


def _turn(value: object) -> object:
    """The last two axes exchanged; a vector has no other side."""
    turned: object = value.swapaxes(-1, -2)  # type: ignore[attr-defined]
    return turned


def _transposed(operand: Operand) -> str:
    if isinstance(operand.node, ast.Attribute) and operand.node.attr == "T":
        return ast.unparse(operand.node.value)
    owner = in_brackets(operand.node, operand.name)
    flat = operand.shape is not None and len(operand.shape) == 2
    return f"{owner}.T" if flat else f"{owner}.swapaxes(-1, -2)"


def _code(site: Site | None, left: Operand, right: Operand, first: str, second: str) -> str | None:
    if not isinstance(left.node, ast.expr) or not isinstance(right.node, ast.expr):
        return None
    return line_with(site, {left.node: first, right.node: second})
