"""TensorFlow converts no type by itself: two tensors of unequal type."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from dlmagic.magics.tensors.explain.calls import computes, module_name
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.rewriting import rewritten
from dlmagic.magics.tensors.explain.rule import (
    Candidate,
    Explained,
    Operand,
    known,
    operand,
    operands_of,
)
from dlmagic.magics.tensors.explain.sites import Site

PATTERNS = (
    re.compile(r"was expected to be an? \w+ tensor but is an? \w+ tensor"),
    re.compile(r"has type \w+ that does not match (expected )?type"),
    re.compile(r"Tensor conversion requested dtype \w+ for Tensor with dtype"),
    re.compile(r"Cannot convert .* to EagerTensor of dtype"),
    re.compile(r"Expected \w+ passed to parameter .* of op .*, got .* of type"),
    re.compile(r"Expected \w+, but got .* of type 'float'"),
    re.compile(r"must have the same dtype, got tf\.\w+ != tf\.\w+"),
)


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:  # noqa: ARG001
    """Which type each has, and which of them to convert.

    A model takes data and labels of unlike types; what it fails with comes from elsewhere.
    """
    if not computes(failure.site):
        return None
    found = [*operands_of(failure.site), *_listed(failure.site)]
    tensors = known(found)
    pair = _unequal(tensors) or _with_a_number(found, tensors)
    if pair is None:
        return None
    offending, other, dtype = pair
    return Explained(
        kind="unequal-dtypes",
        message=f"TensorFlow does not convert types by itself: {offending.name} is "
        f"{_dtype(offending)}, {other.name} is {_dtype(other)}.",
        operands=(offending, other),
        candidates=tuple(_candidates(failure.site, offending, dtype)),
    )


def _listed(site: Site | None) -> list[Operand]:
    """The tensors of a list that is handed in, as to ``tf.concat``."""
    node = site.node if site is not None else None
    first = node.args[0] if isinstance(node, ast.Call) and node.args else None
    elements = first.elts if isinstance(first, ast.List | ast.Tuple) else []
    return [operand(each, site) for each in elements] if site is not None else []


def _dtype(given: Operand) -> str:
    known = given.description
    return str(known.dtype) if known else f"a Python {type(given.value).__name__}"


def _unequal(tensors: list[Operand]) -> tuple[Operand, Operand, str] | None:
    """The one to convert, the other, and its type: float32 rather than float64 or integers."""
    other = next((each for each in tensors if _dtype(each) != _dtype(tensors[0])), None)
    if other is None:
        return None
    wanted, offending = sorted((tensors[0], other), key=_rank)
    return offending, wanted, _dtype(wanted)


def _rank(given: Operand) -> int:
    order = ("float32", "bfloat16", "float16", "float64")
    name = _dtype(given)
    return order.index(name) if name in order else len(order)


def _with_a_number(
    found: list[Operand], tensors: list[Operand]
) -> tuple[Operand, Operand, str] | None:
    """A tensor of integers beside a Python number with a fraction."""
    number = next((each for each in found if type(each.value) is float), None)
    whole = next((each for each in tensors if "int" in _dtype(each)), None)
    return None if number is None or whole is None else (whole, number, "float32")


def _candidates(site: Site | None, offending: Operand, dtype: str) -> Iterator[Candidate]:
    if offending.node is None:
        return
    name = module_name(site, "tensorflow", "tf")
    code = f"{name}.cast({offending.name}, {name}.{dtype})"
    yield rewritten(site, f"Convert {offending.name} to {dtype}.", {offending.node: code})
