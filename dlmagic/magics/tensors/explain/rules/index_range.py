"""An index beyond the last element."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

from dlmagic.magics.tensors.explain.arguments import given
from dlmagic.magics.tensors.explain.edits import in_brackets, line_with
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.hostile import is_a
from dlmagic.magics.tensors.explain.modules import Found, constructor_of, found_module
from dlmagic.magics.tensors.explain.rule import Candidate, Explained, Operand, known, operands_of
from dlmagic.magics.tensors.explain.sites import Site
from dlmagic.magics.tensors.explain.trying import tried

PATTERNS = (
    re.compile(r"index out of range in self|index out of range: Tried to access index"),
    re.compile(r"index -?\d+ is out of bounds for dimension -?\d+ with size \d+"),
)

_PLACES = re.compile("arange|pos|wpe", re.IGNORECASE)
"""In the names of what looks up the places in a sequence."""


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:  # noqa: ARG001
    """The greatest index, and how many elements there are."""
    if failure.inside("embedding", "nn.functional") is not None:
        return _of_embedding(failure)
    return _of_axis(failure)


def _of_embedding(failure: Failure) -> Explained | None:
    step = failure.inside("embedding", "nn.functional")
    indices, weight = (step.local("input"), step.local("weight")) if step else (None, None)
    rows = Operand("the table", weight).shape
    ends = _ends(indices)
    if not rows or ends is None or (ends[0] >= 0 and ends[1] < rows[0]):
        return None
    inner = failure.inside("forward", "nn.modules.sparse")
    layer = inner.local("self") if inner else None
    found = found_module(layer, failure.sites) if layer is not None else None
    name = found.name if found else "the table"
    operand = given(failure, indices, 0, "the indices")
    return Explained(
        kind="index-range",
        message=(
            f"{name} has {rows[0]} rows, counted from 0 to {rows[0] - 1}; {operand.name} "
            f"{'go' if operand.node is None else 'goes'} from {ends[0]} to {ends[1]}."
        ),
        operands=(operand, Operand(f"{name}.weight", weight)),
        candidates=(
            (_shorter(rows[0]),)
            if _are_positions(f"{name} {operand.name}", indices)
            else tuple(_larger(failure, found, ends, indices, weight))
        ),
    )


def _are_positions(names: str, indices: Any) -> bool:
    """Whether the places in a sequence are looked up, and not its words."""
    if _PLACES.search(names) is None or not indices.dim():
        return False
    places = indices.reshape(-1, indices.shape[-1])[0].tolist()
    first = places[0] if "position" in names or "wpe" in names else 0  # they may be read on
    return bool(places == list(range(first, first + len(places))))


def _shorter(rows: int) -> Candidate:
    return Candidate(
        f"Hand in sequences of at most {rows}, such as their last {rows} elements, or make a row "
        "for each place of the longest one."
    )


def _larger(
    failure: Failure, found: Found | None, ends: tuple[int, int], indices: Any, weight: Any
) -> Iterator[Candidate]:
    if ends[0] < 0:
        yield Candidate("Leave negative numbers out, or give them a row of their own.")
        return
    if found is not None and _is_of_transformers(found.model):
        yield _of_transformers(found, ends[1], weight)
        return
    made = constructor_of(found, failure)
    line = made.with_argument(0, "num_embeddings", str(ends[1] + 1)) if made else None
    text = f"Give it a row for each number: num_embeddings={ends[1] + 1}, or more."
    zeros = weight.new_zeros((ends[1] + 1, weight.shape[1]))
    check = lambda: tried(lambda rows, at: rows[at], zeros, indices)  # noqa: E731
    yield Candidate(text, line, check, made.place if made else None)


def _is_of_transformers(model: Any) -> bool:
    """Whether it is a model of Hugging Face, with no code of the user's."""
    models: Any = getattr(sys.modules.get("transformers"), "PreTrainedModel", ())
    return isinstance(model, models) and type(model).__module__.startswith("transformers.")


def _of_transformers(found: Found, greatest: int, weight: Any) -> Candidate:
    if found.model.get_input_embeddings() is not found.model.get_submodule(found.path):
        return Candidate(f"Hand in numbers from 0 to {len(weight) - 1}.")
    return Candidate(
        "Use the tokenizer that belongs to the model; or give the model a row for each number, "
        f"to be trained: {found.root}.resize_token_embeddings({greatest + 1})."
    )


def _of_axis(failure: Failure) -> Explained | None:
    """An index into an axis, written by the user."""
    site = failure.site
    found = [each for each in operands_of(site) if not is_a(each.value, ModuleType)]
    tensors = known(found[:1])
    if site is None or not tensors or not tensors[0].shape:
        return None
    shape = tensors[0].shape
    for axis, index in _indices(found, site.node):
        ends = _ends(index.value)
        if (
            ends is None
            or axis >= len(shape)
            or (-shape[axis] <= ends[0] and ends[1] < shape[axis])
        ):
            continue
        wrong = ends[1] if ends[1] >= shape[axis] else ends[0]
        return Explained(
            kind="index-range",
            message=(
                f"Axis {axis} of {tensors[0].name} has {shape[axis]} elements, counted from 0 to "
                f"{shape[axis] - 1}; {index.name} {_asks(index, wrong)}."
            ),
            operands=(index, tensors[0]),
            candidates=tuple(_from_one(site, index, ends, shape[axis])),
        )
    return None


def _from_one(site: Site, index: Operand, ends: tuple[int, int], count: int) -> Iterator[Candidate]:
    """An index that was counted from 1."""
    if index.node is None or ends[1] != count or ends[0] < 1:
        return
    known = isinstance(index.node, ast.Constant)
    new = str(count - 1) if known else f"{in_brackets(index.node, index.name)} - 1"
    yield Candidate(f"The last index is {count - 1}.", line_with(site, {index.node: new}))


def _asks(index: Operand, wrong: int) -> str:
    return "is outside" if index.name == str(wrong) else f"asks for {wrong}"


def _indices(found: list[Operand], node: ast.expr | None) -> Iterator[tuple[int, Operand]]:
    """The axes that are asked for, each with its index."""
    if isinstance(node, ast.Subscript) and len(found) == 2:
        index = found[1]
        parts = index.value if isinstance(index.value, tuple) else (index.value,)
        names = index.node.elts if isinstance(index.node, ast.Tuple) else [index.node]
        for axis, (part, name) in enumerate(zip(parts, names, strict=False)):
            yield axis, Operand(ast.unparse(name), part, name) if name else index
    elif len(found) >= 3 and isinstance(found[-2].value, int):
        yield found[-2].value, found[-1]


def _ends(value: Any) -> tuple[int, int] | None:
    """The least and the greatest of the indices, if they lie where they can be looked at."""
    if isinstance(value, int):
        return (value, value)
    device = getattr(getattr(value, "device", None), "type", None)
    if device != "cpu" or value.numel() == 0 or value.is_floating_point():
        return None
    return (int(value.min()), int(value.max()))
