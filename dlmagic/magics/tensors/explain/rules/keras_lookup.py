"""An index for which a table has no row: an embedding, or ``tf.gather``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import numpy as np

from dlmagic.frameworks.description import told
from dlmagic.magics.tensors.explain.calls import Called, called
from dlmagic.magics.tensors.explain.edits import line_with
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.rule import Candidate, Explained, Operand
from dlmagic.magics.tensors.explain.sites import Site

PATTERNS = (re.compile(r"indices(\[.*?\])? = -?\d+ is not in \[0, (?P<rows>\d+)\)"),)


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:
    """How many rows there are, and the largest index."""
    call, rows = called(failure.site), int(match["rows"])
    outside = next((each for each in _indices(call) if _beyond(each, rows)), None)
    if call is None or outside is None:
        return None
    numbers: Any = np.asarray(outside.value)
    return Explained(
        kind="index-out-of-range",
        message=f"The table has {rows} rows, 0 to {rows - 1}, and "
        f"{_asked(outside, int(numbers.min()), int(numbers.max()))}.",
        operands=(outside,),
        candidates=tuple(_larger(failure.site, call, rows, int(numbers.max()))),
    )


def _asked(outside: Operand, lowest: int, highest: int) -> str:
    if outside.name == str(lowest):
        return f"row {lowest} is asked for"
    row = f"row {lowest}" if lowest == highest else f"rows from {lowest} to {highest}"
    return f"{outside.name} asks for {row}"


def _indices(call: Called | None) -> list[Operand]:
    return [*call.arguments, *call.keywords.values()] if call else []


def _beyond(operand: Operand, rows: int) -> bool:
    known = operand.description
    if known is None:
        return type(operand.value) is int and not 0 <= operand.value < rows
    if not str(known.dtype).startswith(("int", "uint")):
        return False
    numbers: Any = told(lambda: np.asarray(operand.value))
    return numbers is not None and bool(np.any((numbers < 0) | (numbers >= rows)))


def _larger(site: Site | None, call: Called, rows: int, highest: int) -> Iterator[Candidate]:
    """A table of more rows, where it is made in the same expression."""
    for node in getattr(call.node.func, "args", []):
        if getattr(node, "value", None) == rows:
            text = f"Make the table with {highest + 1} rows."
            yield Candidate(text, line_with(site, {node: str(highest + 1)}))
            return
