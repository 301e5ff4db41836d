"""A sequence, or an array of another shape, written where it has no room."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence

import numpy as np

from dlmagic.magics.tensors.explain.edits import in_brackets, line_with
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.rule import Candidate, Explained, Operand, operand
from dlmagic.magics.tensors.explain.sites import Site
from dlmagic.magics.tensors.explain.stretching import index_with_axis, missing_axes
from dlmagic.magics.tensors.explain.values import MISSING

PATTERNS = (
    re.compile(r"setting an array element with a sequence"),
    re.compile(r"could not broadcast input array from shape"),
    re.compile(r"shape mismatch: value (array|tensor) of shape"),
    re.compile(r"The expanded size of the tensor \(\d+\) must match the existing size"),
)


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:  # noqa: ARG001
    """What is written, and the shape of the place that it is written to."""
    site = failure.site
    statement = site.statement if site else None
    if site is None or not isinstance(statement, ast.Assign):
        return None
    target = statement.targets[0]
    if not isinstance(target, ast.Subscript):
        return None
    place, written = _place(target, site), operand(statement.value, site)
    shapes = _shapes(place, written)
    if shapes is None:
        return None
    room, given = shapes
    return Explained(
        kind="no-room",
        message=f"{written.name} has the shape {given}, and {place.name}, where it is written, "
        f"{f'has {room}' if room else 'is a single element'}.",
        operands=(written, place),
        candidates=tuple(_candidates(site, written, room, given)),
    )


def _place(target: ast.Subscript, site: Site) -> Operand:
    return operand(ast.Subscript(target.value, target.slice, ast.Load()), site)


def _shapes(place: Operand, written: Operand) -> tuple[Sequence[int], Sequence[int]] | None:
    """The shapes of both, where the one cannot be stretched to the other."""
    if place.value is MISSING or written.value is MISSING:
        return None
    room, given = tuple(np.shape(place.value)), tuple(np.shape(written.value))
    try:
        fits = np.broadcast_shapes(room, given) == room
    except ValueError:
        fits = False
    return None if fits else (room, given)


def _candidates(
    site: Site, written: Operand, room: Sequence[int], given: Sequence[int]
) -> Iterator[Candidate]:
    for text, code in _mended(written, room, given):
        line = None if written.node is None else line_with(site, {written.node: code})
        yield Candidate(text, line, lambda: "shape-verified")


def _mended(
    written: Operand, room: Sequence[int], given: Sequence[int]
) -> Iterator[tuple[str, str]]:
    if len(room) == 2 and sorted(room) == sorted(given):
        tensor = written.description is not None
        turned = f"{written.name}.T" if tensor else f"np.transpose({written.name})"
        yield f"Transpose {written.name}.", turned
    for axis in missing_axes(given, room) if written.description else ():
        index = index_with_axis(axis, len(given))
        code = f"{in_brackets(written.node, written.name)}[{index}]"
        yield f"Give {written.name} an axis of length one: {code}.", code
