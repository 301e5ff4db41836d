"""Counting what a cell computes, from its jaxpr: products and convolutions, loops included."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import prod
from typing import Any

import jax

from dlmagic.devices.reading import Reason
from dlmagic.frameworks.costs import Operation, OperationCount

_WHILE = "while"
_BRANCHES = ("cond", "switch")


class CannotCountError(Exception):
    """How often something runs is known only when it runs; the text says what."""


def count_jaxpr(jaxpr: Any) -> OperationCount | Reason:
    """Count the products and convolutions of a traced function.

    Args:
        jaxpr: What ``jax.make_jaxpr`` gives, or the part of it that does the work.
    """
    count = OperationCount()
    try:
        _add(jaxpr, 1, count)
    except CannotCountError as reason:
        return Reason(str(reason))
    return count


def _add(jaxpr: Any, times: int, count: OperationCount) -> None:
    jaxpr = getattr(jaxpr, "jaxpr", jaxpr)
    for equation in jaxpr.eqns:
        name = equation.primitive.name
        formula = _FORMULAS.get(name)
        if formula is not None:
            count.add(_operation(equation, formula(equation)), times)
        elif name in _BRANCHES:
            _add_branches(equation, times, count)
        elif name == _WHILE:
            _refuse_work_in_loop(equation)
        else:
            for inner in _inside(equation):
                _add(inner, times * _repetitions(equation), count)


def _repetitions(equation: Any) -> int:
    """How often the inside of an equation runs: steps of a scan, shards, programs of a kernel."""
    parameters = equation.params
    grid = getattr(parameters.get("grid_mapping"), "grid", ())
    shards = parameters["mesh"].size if equation.primitive.name == "shard_map" else 1
    steps = parameters["length"] if equation.primitive.name == "scan" else 1
    return int(steps * shards) * prod(size for size in grid if isinstance(size, int))


def _add_branches(equation: Any, times: int, count: OperationCount) -> None:
    """Of branches that cost the same, one; of others nobody knows which runs."""
    found = []
    for branch in equation.params["branches"]:
        alone = OperationCount()
        _add(branch, times, alone)
        found.append(alone)
    if len({each.flops for each in found}) > 1:
        raise CannotCountError("a branch depends on a value, and its sides compute unequally much")
    if found:
        count.operations.update(found[0].operations)


def _refuse_work_in_loop(equation: Any) -> None:
    inner = OperationCount()
    for part in _inside(equation):
        _add(part, 1, inner)
    if inner.operations:
        raise CannotCountError("how often a while_loop runs is known only when it runs")


def _inside(equation: Any) -> Iterator[Any]:
    """The jaxprs of an equation that calls others."""
    for value in equation.params.values():
        for item in value if isinstance(value, tuple | list) else (value,):
            if hasattr(getattr(item, "jaxpr", item), "eqns"):
                yield item


def _operation(equation: Any, flops: int) -> Operation:
    operands = [variable.aval for variable in equation.invars]
    results = [variable.aval for variable in equation.outvars]
    moved = sum(_bytes(each) for each in (*operands, *results))
    return Operation(str(operands[0].dtype), _device(), float(flops), float(moved))


def _bytes(aval: Any) -> int:
    return prod(aval.shape) * aval.dtype.itemsize if hasattr(aval, "shape") else 0


def _device() -> str:
    """The platform that a computation without a device of its own runs on."""
    return str(jax.default_backend())


def _product(equation: Any) -> int:
    """``dot_general``: every element of the result sums up over the contracted axes."""
    left = equation.invars[0].aval.shape
    (contracted, _), _ = equation.params["dimension_numbers"]
    summed = int(prod(left[axis] for axis in contracted))
    return 2 * int(prod(equation.outvars[0].aval.shape)) * summed


def _ragged_product(equation: Any) -> int:
    """``ragged_dot``: rows in groups, each by a matrix of its own."""
    left, result = equation.invars[0].aval.shape, equation.outvars[0].aval.shape
    return 2 * int(prod(result)) * int(left[-1])


def _convolution(equation: Any) -> int:
    """Every element of the result sums up over a window and the channels of its group.

    The gradient by the image is a convolution, too, over an image with zeros between and around
    its elements: those are not counted, so it takes as many FLOPs as the convolution itself.
    """
    image, kernel = (variable.aval.shape for variable in equation.invars[:2])
    result = equation.outvars[0].aval.shape
    numbers = equation.params["dimension_numbers"]
    window = prod(kernel[axis] for axis in numbers.rhs_spec[1:])  # input channels and places
    places = min(
        prod(image[axis] for axis in numbers.lhs_spec[2:]),
        prod(result[axis] for axis in numbers.out_spec[2:]),
    )
    kept = prod(result[axis] for axis in numbers.out_spec[:2])
    return int(2 * kept * window * places)


_FORMULAS: dict[str, Callable[[Any], int]] = {
    "dot_general": _product,
    "ragged_dot": _ragged_product,
    "ragged_dot_general": _ragged_product,
    "conv_general_dilated": _convolution,
}


def flops_of_equation(equation: Any) -> int | None:
    """Floating point operations of one product or convolution; None for any other equation."""
    formula = _FORMULAS.get(equation.primitive.name)
    return None if formula is None else formula(equation)
