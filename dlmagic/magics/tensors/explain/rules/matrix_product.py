"""A product of matrices whose inner dimensions are not the same."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from dlmagic.frameworks.description import Description
from dlmagic.magics.tensors.explain.calls import Called, called, computes, module_name
from dlmagic.magics.tensors.explain.edits import in_brackets, line_with
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.rewriting import rewritten
from dlmagic.magics.tensors.explain.rule import (
    Candidate,
    Explained,
    Operand,
    is_product,
    known,
    operands_of,
)
from dlmagic.magics.tensors.explain.sites import Site
from dlmagic.magics.tensors.explain.trying import MOST_RESULTS, Tried, tried
from dlmagic.magics.tensors.explain.values import MISSING

PATTERNS = (
    re.compile(
        r"mat1 and mat2 shapes cannot be multiplied \((?P<left>\d+x\d+) and (?P<right>\d+x\d+)\)"
    ),
    re.compile(r"mat1 and mat2 shapes cannot be multiplied"),
    re.compile(r"mat1 dim 1 must match mat2 dim 0|size mismatch, (m1|got)"),
    re.compile(r"a and b must have same reduction dim"),
    re.compile(r"Expected size for first two dimensions of batch2 tensor"),
    re.compile(r"inconsistent tensor size, expected tensor"),
    re.compile(r"matmul: Input operand 1 has a mismatch in its core dimension"),
    re.compile(r"shapes \(.*\) and \(.*\) not aligned"),
    re.compile(r"dot_general requires contracting dimensions to have the same shape"),
    re.compile(
        r"Matrix size-incompatible: In\[0\]: \[(?P<left>\d+,\d+)\], In\[1\]: \[(?P<right>\d+,\d+)\]"
    ),
    re.compile(r"Matrix size-incompatible"),
    re.compile(
        r"Dimensions must be equal, but are \d+ and \d+ for .*MatMul.* with input shapes: "
        r"\[(?P<left>\d+,\d+)\], \[(?P<right>\d+,\d+)\]",
        re.DOTALL,
    ),
    re.compile(r"Dimensions must be equal, but are \d+ and \d+ for .*MatMul", re.DOTALL),
)
_Axes = tuple[int | None, ...]
_FLAGS = ("transpose_a", "transpose_b", "adjoint_a", "adjoint_b")


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:
    """Which dimensions do not meet, and which transposition makes them."""
    site = failure.site
    if not is_product(site) or not computes(site):
        return None
    found = known(_with_stated(operands_of(site), match))[:2]
    if len(found) < 2:
        return None
    left, right = found
    columns, rows = _inner(*(_as_used(site, each, k) for k, each in enumerate(found)))
    if columns is None or rows is None or columns == rows:
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


def _with_stated(operands: list[Operand], match: re.Match[str]) -> list[Operand]:
    """Both matrices, with the shapes that the error states where a value is not kept."""
    matrices = [each for each in operands if each.description or each.value is MISSING][:2]
    texts = [match.groupdict().get(side) for side in ("left", "right")]
    shapes = [tuple(map(int, re.split("[x,]", text))) for text in texts if text]
    pairs = list(zip(matrices, shapes, strict=False))
    if len(pairs) < 2 or any(each.axes not in (None, shape) for each, shape in pairs):
        return operands
    return [replace(each, stated=Description("Tensor", shape)) for each, shape in pairs]


def _as_used(site: Site | None, operand: Operand, position: int) -> _Axes | None:
    """The shape as the product sees it: an argument of TensorFlow's may turn it."""
    call, shape = called(site), operand.axes
    flags = [call.keywords.get(name) for name in _FLAGS[position::2]] if call else []
    turns = any(flag is not None and flag.value is True for flag in flags)
    return (*shape[:-2], shape[-1], shape[-2]) if turns and shape and len(shape) > 1 else shape


def _inner(left: _Axes | None, right: _Axes | None) -> tuple[int | None, int | None]:
    """Columns of the left and rows of the right operand; a vector is all of it."""
    if not left or not right:
        return None, None
    return left[-1], right[-2] if len(right) > 1 else right[0]


def _candidates(site: Site | None, left: Operand, right: Operand) -> Iterator[Candidate]:
    call = called(site)
    if call is not None and any(flag in call.keywords for flag in _FLAGS):
        yield from _other_flags(site, call)
        return
    changes: list[tuple[str, str, str, Callable[..., object]]] = [
        (f"Transpose {right.name}.", left.name, _transposed(right, site), _right_turned),
        (f"Transpose {left.name}.", _transposed(left, site), right.name, _left_turned),
        ("Exchange the operands.", right.name, left.name, lambda a, b: b @ a),
    ]
    open_left = left.axes is not None and None in left.axes[-2:]
    for text, first, second, function in changes[: 1 if open_left else None]:
        code = _code(site, left, right, first, second)
        yield Candidate(text, code, lambda f=function: _tried(f, left, right))  # type: ignore[misc]


def _tried(function: Callable[..., object], left: Operand, right: Operand) -> Tried:
    """Large matrices by their shapes alone: two long rows can make a huge product."""
    large = max(left.shape or (1,)) * max(right.shape or (1,)) > MOST_RESULTS
    outcome = "not tried" if large else tried(function, left.value, right.value)
    if outcome != "not tried" or left.shape is None or right.shape is None:
        return outcome
    holds = tried(function, _Shape(left.shape), _Shape(right.shape)) == "verified"
    return "shape-verified" if holds else "failed"


class _Shape:
    """A matrix without numbers: it can be turned and multiplied."""

    def __init__(self, lengths: tuple[int, ...]) -> None:
        self.lengths = lengths

    def swapaxes(self, _first: int, _second: int) -> _Shape:
        return _Shape((*self.lengths[:-2], *reversed(self.lengths[-2:])))

    def __matmul__(self, other: _Shape) -> _Shape:
        columns, rows = _inner(self.lengths, other.lengths)
        if columns != rows:
            raise ValueError
        return self


def _other_flags(site: Site | None, call: Called) -> Iterator[Candidate]:
    """The product with other operands turned, by TensorFlow's own arguments."""
    others = [each for each in call.node.keywords if each.arg not in _FLAGS]
    for flags in ((), ("transpose_b",), ("transpose_a",), ("transpose_a", "transpose_b")):
        keywords = [*others, *(ast.keyword(flag, ast.Constant(value=True)) for flag in flags)]
        code = ast.unparse(ast.Call(call.node.func, call.node.args, keywords))
        yield rewritten(site, f"Write {code}.", {call.node: code})


def _right_turned(a: Any, b: Any) -> object:
    return a @ _turn(b)


def _left_turned(a: Any, b: Any) -> object:
    return _turn(a) @ b


def _turn(value: Any) -> Any:
    """The last two axes exchanged; a vector has no other side."""
    if hasattr(value, "swapaxes"):
        return value.swapaxes(-1, -2)
    axes = list(range(len(value.shape)))
    return sys.modules["tensorflow"].transpose(value, [*axes[:-2], axes[-1], axes[-2]])


def _transposed(operand: Operand, site: Site | None) -> str:
    if isinstance(operand.node, ast.Attribute) and operand.node.attr == "T":
        return ast.unparse(operand.node.value)
    owner = in_brackets(operand.node, operand.name)
    flat = operand.axes is not None and len(operand.axes) == 2
    by_method = operand.stated is not None and not _is_tensorflow(site)
    if by_method or hasattr(operand.value, "swapaxes"):
        return f"{owner}.T" if flat else f"{owner}.swapaxes(-1, -2)"
    tensorflow = module_name(site, "tensorflow", "tf")
    function = "transpose" if flat else "linalg.matrix_transpose"
    return f"{tensorflow}.{function}({operand.name})"


def _is_tensorflow(site: Site | None) -> bool:
    """Whether a function of TensorFlow was called, or one of the tensors is of it."""
    call = called(site)
    values = [each.value for each in operands_of(site)]
    modules = [getattr(call.function, "__module__", None) if call else None]
    modules += [type(each).__module__ for each in values]
    return any(str(each).startswith("tensorflow") for each in modules)


def _code(site: Site | None, left: Operand, right: Operand, first: str, second: str) -> str | None:
    if not isinstance(left.node, ast.expr) or not isinstance(right.node, ast.expr):
        return None
    return line_with(site, {left.node: first, right.node: second})
