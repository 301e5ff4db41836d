"""Rows of unequal length that are to be one array."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from typing import Any

from dlmagic.magics.tensors.explain.calls import Called, called, module_name
from dlmagic.magics.tensors.explain.edits import line_with
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.rewriting import rewritten
from dlmagic.magics.tensors.explain.rule import Candidate, Explained
from dlmagic.magics.tensors.explain.sites import Site
from dlmagic.magics.tensors.explain.trying import Tried, tried

PATTERNS = (
    re.compile(r"setting an array element with a sequence"),
    re.compile(r"inhomogeneous shape|Can't convert non-rectangular Python sequence"),
    re.compile(r"expected sequence of length \d+ at dim \d+ \(got \d+\)"),
    re.compile(r"^not a sequence$|^'(list|tuple)' object cannot be interpreted as an integer$"),
    re.compile(r"^must be real number, not (list|tuple)$"),
)


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:  # noqa: ARG001
    """Which of the rows is the first of another length."""
    call = called(failure.site)
    rows = call.argument(0, "object", "value", "data") if call else None
    if call is None or rows is None or not isinstance(rows.value, list | tuple):
        return None
    other = _other_row(rows.value)
    if other is None:
        return None
    first, second = _length(rows.value[0]), _length(rows.value[other])
    row = "row {}" if isinstance(rows.node, ast.List | ast.Tuple) else f"{rows.name}[{{}}]"
    what = "a tensor" if _is_of_torch(call) else "an array"
    return Explained(
        kind="ragged-rows",
        message=f"All rows of {what} must have the same length: {row.format(0)} has {first}, "
        f"{row.format(other)} has {second}.",
        operands=(rows,),
        candidates=tuple(_candidates(failure.site, call, rows.value)),
    )


def _is_of_torch(call: Called) -> bool:
    return getattr(call.function, "__module__", None) == "torch"


def _length(row: Any) -> str:
    if not isinstance(row, list | tuple):
        shape = getattr(row, "shape", ())
        return f"shape {tuple(shape)}" if shape else "no elements, as a number"
    return f"{len(row)} element{'' if len(row) == 1 else 's'}"


def _other_row(rows: Any) -> int | None:
    lengths = [_length(row) for row in rows]
    return next((k for k, length in enumerate(lengths) if length != lengths[0]), None)


def _candidates(site: Site | None, call: Called, rows: Any) -> Iterator[Candidate]:
    if _is_of_torch(call):
        yield _padded(site, call, rows)
        return
    if call.name == "constant":
        code = f"{module_name(site, 'tensorflow', 'tf')}.ragged.constant"
        text = "Make a ragged tensor, which keeps rows of any length."
        yield rewritten(site, text, {call.node.func: code})
        return
    if call.name == "from_tensor_slices":
        given = call.node.args[0]
        code = f"{module_name(site, 'tensorflow', 'tf')}.ragged.constant({ast.unparse(given)})"
        yield rewritten(site, "Make a ragged tensor, whose rows have any length.", {given: code})
        return
    if getattr(call.function, "__module__", None) == "numpy":
        code = call.with_argument("dtype=object")
        yield rewritten(site, "Keep the rows as objects.", {call.node: code})
    elif isinstance(rows, list) and all(isinstance(row, list) for row in rows):
        width = max(map(len, rows))
        value = ast.unparse(call.node.args[0])
        code = f"[[*row, *[0] * ({width} - len(row))] for row in {value}]"
        change = rewritten(site, "Fill the rows up with zeros.", {call.node.args[0]: code})
        padded = [[*row, *[0] * (width - len(row))] for row in rows]
        yield Candidate(change.text, change.code, lambda: tried(call.function, padded))


def _padded(site: Site | None, call: Called, rows: Any) -> Candidate:
    """A tensor of each row, filled up by PyTorch's own function."""
    torch: Any = sys.modules["torch"]
    function, options = ast.unparse(call.node.func), call.node.keywords
    others = "".join(f", {ast.unparse(each)}" for each in options if each.arg != "data")
    given = call.argument(0, "data")
    items = given.name if given is not None else ""
    each = f"{function}(row{others})"
    pad = f"{module_name(site, 'torch', 'torch')}.nn.utils.rnn.pad_sequence"
    code = f"{pad}([{each} for row in {items}], batch_first=True)"

    def check() -> Tried:
        return tried(
            lambda: torch.nn.utils.rnn.pad_sequence(
                [call.function(row) for row in rows], batch_first=True
            )
        )

    return Candidate("Fill the rows up with zeros.", line_with(site, {call.node: code}), check)
