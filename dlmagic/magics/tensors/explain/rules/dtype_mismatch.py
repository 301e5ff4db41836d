"""Two numbers types where an operation takes one."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any

from dlmagic.magics.tensors.explain.arguments import given, running_layer, with_call
from dlmagic.magics.tensors.explain.assigning import Origin, origin_of
from dlmagic.magics.tensors.explain.edits import in_brackets, line_with
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.layers import (
    Mend,
    UnknownShapeError,
    passed,
    zeros_like_batch,
)
from dlmagic.magics.tensors.explain.modules import named_module, weight_name
from dlmagic.magics.tensors.explain.rule import (
    Candidate,
    Explained,
    Operand,
    is_product,
    known,
    operands_of,
)
from dlmagic.magics.tensors.explain.sites import Site
from dlmagic.magics.tensors.explain.trying import Tried, tried

PATTERNS = (
    re.compile(r"expected m1 and m2 to have the same dtype"),
    re.compile(r"mat1 and mat2 must have the same dtype"),
    re.compile(r"expected scalar type \w+ but found \w+"),
    re.compile(r"Input type \(.*\) and (weight|bias) type \(.*\) should be the same"),
    re.compile(r"RNN input dtype \(.*\) does not match weight dtype"),
    re.compile(r"expected .* to have the same dtype|both (inputs|operands) .* same dtype"),
    re.compile(r"Expected object of (scalar|data) type"),
    re.compile(r"\"addmm\w*\" not implemented for '\w+'"),
)
_CALLS = {
    "float32": ".float()", "float64": ".double()", "float16": ".half()", "bfloat16": ".bfloat16()",
}  # fmt: skip
_WAYS_IN = ("from_numpy", "tensor", "as_tensor")


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:  # noqa: ARG001
    """Which value has another type than the weights, and where it got it."""
    direct = known(operands_of(failure.site)) if _takes_one_type(failure.site) else []
    found = _of_layer(failure) or direct
    if len(found) < 2:
        return None
    wrong, right = _ranked(found[0], found[1])
    if wrong.dtype == right.dtype:
        return None
    origin = _origin(wrong, failure)
    return Explained(
        kind="dtype-mismatch",
        message=(
            f"Both operands must have the same dtype: {wrong.name} is {wrong.dtype}, {right.name} "
            f"is {right.dtype}."
        ),
        operands=(wrong, right),
        candidates=tuple(_candidates(failure, wrong, right, origin)),
        notes=_notes(origin, wrong),
    )


def _takes_one_type(site: Site | None) -> bool:
    """Whether the expression is a product, or a layer's function: ``F.linear``, ``F.conv2d``."""
    node = site.node if site is not None else None
    name = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
    return is_product(site) or name.rpartition(".")[2].startswith(("linear", "conv", "addmm"))


def _of_layer(failure: Failure) -> list[Operand]:
    steps = [each for each in reversed(failure.below) if each.function == "forward"]
    layer = steps[0].local("self") if steps else None
    weights = [each for each in getattr(layer, "_parameters", {}).items() if each[1] is not None]
    if not steps or not weights:
        return []
    taken = given(failure, steps[0].local("input"), 0, "the input")
    name = named_module(layer, failure.sites)
    return known([taken, Operand(weight_name(name, weights[0][0]), weights[0][1])])


def _ranked(first: Operand, second: Operand) -> tuple[Operand, Operand]:
    """The value to change first: never the weights, and float64 rather than float32."""
    change_second = second.node is not None and second.dtype in ("float64", "int64")
    return (second, first) if change_second and first.dtype == "float32" else (first, second)


def _origin(wrong: Operand, failure: Failure) -> Origin | None:
    """The line that made it of NumPy's numbers."""
    if failure.site is None or not isinstance(wrong.node, ast.Name):
        return None
    origin = origin_of(wrong.node.id, failure.site, failure)
    match origin.value if origin else None:
        case ast.Call(ast.Attribute(_, name)) if name in _WAYS_IN:
            return origin
    return None


def _candidates(
    failure: Failure, wrong: Operand, right: Operand, origin: Origin | None
) -> Iterator[Candidate]:
    call = _CALLS.get(right.dtype or "")
    if call is None:
        return
    function = _same_type(right.dtype or "")
    if (wrong.dtype or "").startswith("complex"):
        # .float() would drop the imaginary parts, and say so only in a warning.
        yield Candidate(f"Take the numbers that you need: {wrong.name}.abs() or {wrong.name}.real.")
    elif origin is not None:
        new = f"{in_brackets(origin.value, ast.unparse(origin.value))}{call}"
        line = line_with(origin.place, {origin.value: new})
        yield Candidate(
            f"Convert it where it is made: {new}.",
            line,
            lambda: _as_far_as_shapes_fit(failure, tried(function, wrong.value, right.value)),
            origin.place,
        )
    elif wrong.node is not None:
        one = with_call(failure, wrong, "Convert it: {}.", call, None)
        yield replace(
            one,
            check=lambda: _as_far_as_shapes_fit(failure, tried(function, wrong.value, right.value)),
        )


def _same_type(name: str) -> Any:
    torch: Any = sys.modules["torch"]

    def converted(value: Any, other: Any) -> None:
        if value.to(getattr(torch, name)).dtype != other.dtype:
            raise TypeError

    return converted


def _as_far_as_shapes_fit(failure: Failure, outcome: Tried) -> Tried:
    """A layer that was made for another number of channels fails all the same."""
    layer, value = running_layer(failure, "linear", "conv")
    mends: list[Mend] = []
    with suppress(UnknownShapeError, RuntimeError, IndexError):
        if layer is not None:
            passed([layer], zeros_like_batch(tuple(value.shape)), mends)
    return "not tried" if mends else outcome


def _notes(origin: Origin | None, wrong: Operand) -> tuple[str, ...]:
    if origin is None or wrong.dtype != "float64":
        return ()
    return ("NumPy computes in float64 unless it is told otherwise; layers are float32.",)
