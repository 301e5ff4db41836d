"""A shape that does not have as many elements as there are."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from math import prod

from dlmagic.magics.tensors.explain.computing import value_of
from dlmagic.magics.tensors.explain.edits import line_with
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.rule import Candidate, Explained, Operand, known, operand
from dlmagic.magics.tensors.explain.sites import Site
from dlmagic.magics.tensors.explain.trying import Tried, tried

PATTERNS = (re.compile(r"shape '\[[-\d, ]*\]' is invalid for input of size \d+"),)


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:  # noqa: ARG001
    """How many elements there are, and which axis would take the rest."""
    site = failure.site
    node = site.node if site else None
    if site is None or not isinstance(node, ast.Call):
        return None
    tensor, axes = _parts(node, site)
    sizes = [value_of(each, site) for each in axes]
    if tensor is None or tensor.shape is None or not all(isinstance(n, int) for n in sizes):
        return None
    count, asked = prod(tensor.shape), prod(n for n in sizes if n != -1)
    if count == asked or (-1 in sizes and asked and count % asked == 0):
        return None
    wanted = f"needs a multiple of {asked}" if -1 in sizes else f"has {asked}"
    return Explained(
        kind="reshape-size",
        message=(
            f"{tensor.name} {tensor.shape} has {count} elements, and the new shape {sizes} "
            f"{wanted}: a reshape keeps their number."
        ),
        operands=(tensor,),
        candidates=tuple(_candidates(site, tensor, axes, sizes)),
    )


def _parts(node: ast.Call, site: Site) -> tuple[Operand | None, list[ast.expr]]:
    """The tensor, and the expressions of the new axes."""
    arguments = list(node.args)
    first: ast.expr | None = node.func.value if isinstance(node.func, ast.Attribute) else None
    if first is None or not known([operand(first, site)]):
        first = arguments.pop(0) if arguments else None
    if len(arguments) == 1 and isinstance(arguments[0], ast.Tuple | ast.List):
        arguments = list(arguments[0].elts)
    return (operand(first, site), arguments) if first is not None else (None, [])


def _candidates(
    site: Site, tensor: Operand, axes: list[ast.expr], sizes: list[int]
) -> Iterator[Candidate]:
    """Each axis in turn takes what the others leave; the batch axis is kept where that is so."""
    count = prod(tensor.shape or ())
    batch = tensor.shape[0] if tensor.shape else 0
    found = []
    for axis, node in enumerate(axes):
        if sizes[axis] != -1 and -1 in sizes:
            yield from _with_batch(site, tensor, axes, sizes, axis)
        others = [n for k, n in enumerate(sizes) if k != axis]
        if any(n == -1 for n in others) or not prod(others) or count % prod(others):
            continue
        new = count // prod(others)
        kept = [*sizes[:axis], new, *sizes[axis + 1 :]][0] == batch
        found.append((not kept, -axis, node, new))
    for lost, _, node, new in sorted(found, key=lambda each: each[:2]):
        if lost and not found[0][0] and len(found) > 1:
            continue
        line = line_with(site, {node: str(new) if sizes[axes.index(node)] == -1 else "-1"})
        changed = [new if each is node else n for each, n in zip(axes, sizes, strict=True)]
        text = f"Write -1 in place of {ast.unparse(node)}: that axis becomes {new}."
        yield Candidate(text, line, _check(tensor, changed))


def _with_batch(
    site: Site, tensor: Operand, axes: list[ast.expr], sizes: list[int], axis: int
) -> Iterator[Candidate]:
    """An axis of such a length that the open one is the batch's."""
    shape = tensor.shape or (0,)
    others = prod(n for k, n in enumerate(sizes) if k != axis and n != -1)
    if sizes[0] != -1 or not shape[0] or not others or prod(shape[1:]) % others:
        return
    new = prod(shape[1:]) // others
    changed = [new if k == axis else n for k, n in enumerate(sizes)]
    text = f"Write {new} in place of {ast.unparse(axes[axis])}: the first axis stays {shape[0]}."
    yield Candidate(text, line_with(site, {axes[axis]: str(new)}), _check(tensor, changed))


def _check(tensor: Operand, sizes: list[int]):  # type: ignore[no-untyped-def]
    def check() -> Tried:
        return tried(lambda value: value.reshape(sizes), tensor.value)

    return check
