"""Arrays that are put together along an axis while others of their axes are unequal."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence

from dlmagic.magics.tensors.explain.calls import Called, called
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.rewriting import rewritten
from dlmagic.magics.tensors.explain.rule import Candidate, Explained, Operand, operand
from dlmagic.magics.tensors.explain.sites import Site

PATTERNS = (
    re.compile(r"all the input array(s| dimensions)"),
    re.compile(r"[Aa]ll input arrays must have the same shape"),
    re.compile(r"ConcatOp : |ConcatOp : Ranks of all input tensors should match"),
    re.compile(r"Cannot concatenate arrays with (shapes|different numbers)"),
    re.compile(r"Shapes of all inputs must match|`?Concatenate`? layer requires inputs with match"),
    re.compile(r"Dimension \d+ in both shapes must be equal"),
)
_AXES = {"vstack": 0, "hstack": 1, "stack": 0}


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:  # noqa: ARG001
    """Which two of them, and which axis."""
    call = called(failure.site)
    entries = _entries(call, failure.site) if call and failure.site else []
    other = next((each for each in entries if each.axes != entries[0].axes), None)
    if call is None or other is None:
        return None
    problem = _problem(call, entries[0], other)
    if problem is None:
        return None
    return Explained(
        kind="unequal-parts",
        message=problem,
        operands=(other, entries[0]),
        candidates=tuple(_candidates(failure.site, call, entries, other)),
    )


def _entries(call: Called, site: Site) -> list[Operand]:
    """The arrays, where all of them are known."""
    first = call.node.args[0] if call.node.args else None
    nodes = first.elts if isinstance(first, ast.List | ast.Tuple) else []
    found = [operand(node, site) for node in nodes]
    return found if all(each.axes is not None for each in found) else []


def _axis(call: Called) -> int | None:
    if isinstance(call.node.func, ast.Call):  # a layer that is made where it is called
        named = (each.value for each in call.node.func.keywords if each.arg == "axis")
        value = next((each.value for each in named if isinstance(each, ast.Constant)), -1)
    else:
        given = call.argument(1, "axis")
        value = given.value if given else _AXES.get(call.name, 0)
    return value if isinstance(value, int) else None


def _problem(call: Called, first: Operand, other: Operand) -> str | None:
    mine, yours, axis = first.axes or (), other.axes or (), _axis(call)
    if call.name == "stack":
        return (
            f"Arrays must have the same shape to be stacked: {first.name} is {mine}, "
            f"{other.name} is {yours}."
        )
    if len(mine) != len(yours):
        return f"Both need the same number of axes: {_axes_of(first)}, {_axes_of(other)}."
    if axis is None:
        return None
    unequal = _unequal(mine, yours, axis)
    if unequal is None:
        return None
    return (
        f"Joining along axis {axis % len(mine)} needs all other axes to be equal: axis {unequal} "
        f"of {first.name} has {mine[unequal]} elements, that of {other.name} has {yours[unequal]}."
    )


def _axes_of(array: Operand) -> str:
    count = len(array.axes or ())
    return f"{array.name} has {count} {'axis' if count == 1 else 'axes'}"


def _unequal(mine: Sequence[int | None], yours: Sequence[int | None], axis: int) -> int | None:
    pairs = enumerate(zip(mine, yours, strict=True))
    open_or_same = ((k, a == b or None in (a, b)) for k, (a, b) in pairs)
    return next((k for k, same in open_or_same if k != axis % len(mine) and not same), None)


def _candidates(
    site: Site | None, call: Called, entries: list[Operand], other: Operand
) -> Iterator[Candidate]:
    count = len(entries[0].axes or ())
    if call.name == "stack" or len(other.axes or ()) == count:
        yield from _other_axes(site, call, count)
    if call.name == "stack" or other.node is None:
        return
    if len(other.axes or ()) == count - 1:
        for index in ("None", "..., None"):
            code = f"{other.name}[{index}]"
            yield rewritten(site, f"Give {other.name} the missing axis.", {other.node: code})


def _other_axes(site: Site | None, call: Called, count: int) -> Iterator[Candidate]:
    names = {"vstack": "hstack", "hstack": "vstack", "stack": _joining(call)}
    if call.name in names and isinstance(call.node.func, ast.Attribute):
        owner = ast.unparse(call.node.func.value)
        code = f"{owner}.{names[call.name]}"
        whole = f"{code}({ast.unparse(call.node.args[0])}, axis=0)"
        change: dict[ast.expr, str] = (
            {call.node: whole} if call.name == "stack" else {call.node.func: code}
        )
        yield rewritten(site, f"Use {code}.", change)
        return
    for axis in range(count):
        if axis != _axis(call):
            text = f"Join them along axis {axis}."
            yield rewritten(site, text, {call.node: _along(call, axis)})


def _joining(call: Called) -> str:
    module = str(getattr(call.function, "__module__", ""))
    return "concat" if module.startswith("tensorflow") else "concatenate"


def _along(call: Called, axis: int) -> str:
    """The call with another axis, which may stand by name, by position, or not at all."""
    value = ast.Constant(axis)
    if isinstance(call.node.func, ast.Call):
        layer = call.node.func
        others = [each for each in layer.keywords if each.arg != "axis"]
        made = ast.Call(layer.func, layer.args, [*others, ast.keyword("axis", value)])
        return ast.unparse(ast.Call(made, call.node.args, call.node.keywords))
    first, *_ = call.node.args
    others = [each for each in call.node.keywords if each.arg != "axis"]
    return ast.unparse(ast.Call(call.node.func, [first], [*others, ast.keyword("axis", value)]))
