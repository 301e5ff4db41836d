"""An array of Python objects where numbers are needed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from dlmagic.frameworks.description import told
from dlmagic.magics.tensors.explain.calls import Called, called
from dlmagic.magics.tensors.explain.edits import line_with
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.rewriting import rewritten
from dlmagic.magics.tensors.explain.rule import Candidate, Explained, Operand
from dlmagic.magics.tensors.explain.sites import Site
from dlmagic.magics.tensors.explain.trying import Tried

PATTERNS = (
    re.compile(r"Object arrays cannot be loaded when allow_pickle=False"),
    re.compile(r"Failed to convert a NumPy array to a Tensor \(Unsupported object type"),
    re.compile(r"Invalid dtype: object|Dtype object is not a valid JAX array type"),
    re.compile(r"can't convert np\.ndarray of type numpy\.object_"),
)


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:
    """Which array has no numbers, and the type that it can be converted to."""
    site, call = failure.site, called(failure.site)
    if call is None:
        return None
    if "allow_pickle" in match[0]:
        return _loaded(site, call)
    array = next((each for each in _arguments(call) if _dtype(each) == "object"), None)
    if array is None:
        return None
    return Explained(
        kind="object-array",
        message=f"{array.name} holds Python objects (its dtype is object), not numbers of one "
        "type.",
        operands=(array,),
        candidates=tuple(_converted(site, array)),
    )


def _arguments(call: Called) -> list[Operand]:
    return [*call.arguments, *call.keywords.values()]


def _dtype(operand: Operand) -> str | None:
    return operand.description.dtype if operand.description else None


def _converted(site: Site | None, array: Operand) -> Iterator[Candidate]:
    if array.node is None:
        return
    code = f'{array.name}.astype("float32")'
    empty = ", of which None becomes nan" if _has_none(array.value) else ""
    change = rewritten(site, f"Convert it to numbers{empty}.", {array.node: code})
    yield Candidate(change.text, change.code, change.check or (lambda: _converts(array)))


def _has_none(array: Any) -> bool:
    return any(each is None for each in array.flat)


def _converts(array: Operand) -> Tried:
    """Whether there are numbers in it; the call itself may have an effect, and is not tried."""
    return "failed" if told(lambda: array.value.astype("float32")) is None else "not tried"


def _loaded(site: Site | None, call: Called) -> Explained | None:
    """A file of objects is not opened again here: to read it can run code."""
    path = call.argument(0, "file")
    if path is None or "allow_pickle" in call.keywords:
        return None
    code = line_with(site, {call.node: call.with_argument("allow_pickle=True")})
    return Explained(
        kind="pickled-array",
        message=f"{path.name} holds Python objects, which are read only where that is allowed.",
        operands=(path,),
        candidates=(Candidate("Allow it, if you trust where the file comes from.", code),),
        notes=("Reading pickled objects can run code that was put into the file.",),
    )
