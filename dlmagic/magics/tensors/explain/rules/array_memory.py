"""Memory that is not there."""

from __future__ import annotations

import re
from collections.abc import Iterator

from dlmagic.frameworks.description import Description
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.rule import Explained, Operand
from dlmagic.magics.tensors.explain.sites import Site

PATTERNS = (
    re.compile(r"Unable to allocate (?P<asked>[\d.]+ \w+) for an array with shape"),
    re.compile(r"OOM when allocating tensor with shape ?\[(?P<shape>[\d,]+)\]"),
    re.compile(r"RESOURCE_EXHAUSTED: [Oo]ut of memory(.*?allocate (?P<asked>[\d.]+ ?\w+))?"),
    re.compile(r"Out of memory while trying to allocate (?P<asked>[\d.]+ ?\w+)"),
)
_MOST = 5


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:
    """How much was asked for, and what holds memory now."""
    if failure.site is None:
        return None
    asked = match.groupdict().get("asked") or _of_shape(match.groupdict().get("shape"))
    what = f": {asked.replace('. ', ' ')}" if asked else ""
    held = sorted(_held(failure.site), key=lambda pair: -(pair[1].nbytes or 0))[:_MOST]
    return Explained(
        kind="out-of-memory",
        message=f"This line asks for more memory than is free{what}.",
        operands=tuple(operand for operand, _ in held),
        notes=tuple(_notes(held)),
    )


def _of_shape(shape: str | None) -> str | None:
    return None if shape is None else f"a tensor of shape {shape.replace(',', '×')}"


def _held(site: Site) -> Iterator[tuple[Operand, Description]]:
    for name, value in {**site.frame.f_globals, **site.frame.f_locals}.items():
        operand = Operand(name, value)
        known = operand.description
        if known is not None and known.nbytes and not name.startswith("_"):
            yield operand, known


def _notes(held: list[tuple[Operand, Description]]) -> Iterator[str]:
    if held:
        names = ", ".join(f"{each.name} ({_size(known.nbytes or 0)})" for each, known in held)
        yield f"The largest tensors by name: {names}; del NAME frees one that nothing else holds."
    yield "A smaller batch, or float32 in place of float64, needs less."


def _size(count: int) -> str:
    value = float(count)
    for unit in ("bytes", "kB", "MB"):
        if value < 1000:
            return f"{value:.0f} {unit}"
        value /= 1000
    return f"{value:.1f} GB"
