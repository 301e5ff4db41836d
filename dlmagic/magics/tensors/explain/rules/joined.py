"""Tensors that are to be joined, and are not of one size."""

from __future__ import annotations

import ast
import re
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from dlmagic.frameworks.description import told
from dlmagic.magics.tensors.explain.computing import value_of
from dlmagic.magics.tensors.explain.edits import line_with
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.rule import Candidate, Explained, Operand, operand
from dlmagic.magics.tensors.explain.sites import Site
from dlmagic.magics.tensors.explain.sizing import (
    SAME_CHANNELS,
    differ_in_channels,
    padded,
    resized,
)
from dlmagic.magics.tensors.explain.trying import tried
from dlmagic.magics.tensors.explain.values import MISSING

PATTERNS = (
    re.compile(
        r"Sizes of tensors must match except in dimension \d+\. "
        r"Expected size (?P<expected>\d+) but got size (?P<got>\d+) "
        r"for tensor number (?P<place>\d+)"
    ),
    re.compile(r"Sizes of tensors must match except in dimension \d+"),
    re.compile(r"stack expects each tensor to be equal size"),
    re.compile(r"each element in list of batch should be of equal size"),
    re.compile(r"Tensors must have same number of dimensions: got"),
    re.compile(r"invalid argument 0: Sizes of tensors must match"),
)


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:
    """Which of them has another size than the others."""
    if failure.inside("default_collate") is not None:
        return _of_batch(failure)
    site = failure.site
    node = site.node if site else None
    if site is None or not isinstance(node, ast.Call) or not node.args:
        return None
    tensors = _items(node.args[0], site)
    axis = _axis(node, site)
    if any(each.value is MISSING for each in tensors):
        return _by_what_is_stated(tensors, axis, ast.unparse(node.func), match.groupdict())
    strange = _stranger([each.shape for each in tensors], axis, ast.unparse(node.func))
    if strange is None:
        return None
    other = tensors[0 if strange else 1]
    return Explained(
        kind="joined-sizes",
        message=_message(tensors[strange], other, axis, ast.unparse(node.func)),
        operands=(tensors[strange], other),
        candidates=tuple(_candidates(site, node, tensors, axis)),
    )


def _by_what_is_stated(
    tensors: list[Operand], axis: int, function: str, stated: dict[str, str]
) -> Explained | None:
    """Where a value is kept by nobody, as that of ``model(x)``, the error says which it was."""
    place = int(stated.get("place", 0))
    if not 0 < place < len(tensors):
        return None
    strange, first = tensors[place], tensors[0]
    return Explained(
        kind="joined-sizes",
        message=(
            f"{function} along axis {axis} needs all other axes to be equal: {strange.name} has "
            f"{stated['got']} elements where {first.name} has {stated['expected']}."
        ),
        operands=(strange, first),
    )


def _message(strange: Operand, other: Operand, axis: int, function: str) -> str:
    shapes = f"{strange.name} is {strange.shape}, {other.name} is {other.shape}"
    if function.endswith("stack"):
        return f"Tensors must have the same shape to be stacked: {shapes}."
    if len(strange.shape or ()) != len(other.shape or ()):
        return f"{function} needs tensors with the same number of axes: {shapes}."
    return f"{function} along axis {axis} needs all other axes to be equal: {shapes}."


def _items(node: ast.expr, site: Site) -> list[Operand]:
    """The tensors of a list or tuple that is written out, or has a name."""
    if isinstance(node, ast.List | ast.Tuple):
        return [operand(each, site) for each in node.elts]
    values = value_of(node, site)
    named = values if isinstance(values, list | tuple) else ()
    return [Operand(f"{ast.unparse(node)}[{k}]", value) for k, value in enumerate(named)]


def _axis(node: ast.Call, site: Site) -> int:
    written = [k.value for k in node.keywords if k.arg in ("dim", "axis")] or node.args[1:2]
    found = value_of(written[0], site) if written else 0
    return found if isinstance(found, int) else 0


def _stranger(shapes: list[Any], axis: int, function: str) -> int | None:
    """Which one is not like most of the others."""
    if len(shapes) < 2 or None in shapes:
        return None
    whole = function.endswith("stack")
    kept = [
        shape if whole else tuple(n for k, n in enumerate(shape) if k != axis % max(len(shape), 1))
        for shape in shapes
    ]
    counted = Counter(kept)
    if len(counted) < 2:
        return None
    common = max(counted, key=lambda each: (counted[each], each == kept[0]))
    return next(k for k, each in enumerate(kept) if each != common)


def _candidates(
    site: Site, node: ast.Call, tensors: list[Operand], axis: int
) -> Iterator[Candidate]:
    """Another axis to join along, if there is one on which all fit; or all made of one size."""
    function = ast.unparse(node.func)
    count = len(tensors[0].shape or ())
    values = [each.value for each in tensors]
    if any(value is MISSING for value in values):
        return
    if function.endswith("stack"):
        yield from padded(site, node, tensors, axis)
        return
    yield from resized(site, tensors, axis)
    for other in range(count):
        fits = _stranger([each.shape for each in tensors], other, function) is None
        if other == axis % max(count, 1) or not fits:
            continue
        new = f"{function}({ast.unparse(node.args[0])}, dim={other})"
        yield Candidate(
            f"Join along the axis on which they differ: dim={other}.",
            line_with(site, {node: new}),
            lambda other=other: tried(_cat(other), *values),  # type: ignore[misc]
        )


def _cat(axis: int) -> Any:
    torch: Any = sys.modules["torch"]
    return lambda *tensors: torch.cat(tensors, axis)


def _of_batch(failure: Failure) -> Explained | None:
    """Samples of a ``DataLoader`` that cannot be stacked."""
    whole = failure.inside("default_collate")
    inner = failure.inside("collate_tensor_fn") or failure.inside("collate")
    samples: Any = whole.local("batch") if whole is not None else None
    parts: Any = inner.local("batch") if inner is not None else samples
    if not isinstance(samples, list | tuple) or not isinstance(parts, list | tuple):
        return None
    where = _where(samples, parts)
    named = [Operand(f"{where}sample {k}", each) for k, each in enumerate(parts)]
    shapes = [(len(each),) if isinstance(each, list | tuple) else each.shape for each in parts]
    strange = _stranger([_whole(each) for each in shapes], 0, "stack")
    if strange is None:
        return None
    other = 0 if strange else 1
    if isinstance(parts[0], list | tuple):
        message = (
            f"Lists must be equally long to be joined in a batch: {named[strange].name} has "
            f"{len(parts[strange])} elements, {named[other].name} has {len(parts[other])}."
        )
    else:
        message = _message(named[strange], named[other], 0, "stack")
    return Explained(
        kind="joined-sizes",
        message=message,
        operands=(named[strange], named[other]),
        candidates=(_of_one_shape(shapes, parts is samples or where == ""),),
    )


def _whole(shape: Any) -> tuple[int, ...] | None:
    return None if shape is None else tuple(shape)


def _where(samples: Any, parts: Any) -> str:
    """Which part of each sample it is that differs, where a sample has several."""
    first = samples[0] if samples else None
    keys: Any = range(len(first)) if isinstance(first, list | tuple) else ()
    keys = first.keys() if isinstance(first, Mapping) else keys
    for key in keys:
        found = told(lambda: [each[key] for each in samples])  # noqa: B023
        if found and all(one is other for one, other in zip(found, parts, strict=False)):
            return f"element {key!r} of "
    return ""


def _of_one_shape(shapes: list[Any], is_alone: bool) -> Candidate:
    """Padding where the samples are sequences, whose later axes are the same; else resizing."""
    if differ_in_channels(shapes):
        return Candidate(SAME_CHANNELS)
    if any(len(each) != len(shapes[0]) or each[1:] != shapes[0][1:] for each in shapes):
        text = "Give all samples the same shape in the data set, as Resize((HEIGHT, WIDTH)) does."
        return Candidate(text)
    pads = "collate_fn that pads them (torch.nn.utils.rnn.pad_sequence)"
    if is_alone:
        pads = (
            "collate_fn that pads them, such as collate_fn=lambda samples: "
            "torch.nn.utils.rnn.pad_sequence(samples, batch_first=True)"
        )
    return Candidate(
        f"Give all samples the same shape in the data set, or give the DataLoader a {pads}."
    )
