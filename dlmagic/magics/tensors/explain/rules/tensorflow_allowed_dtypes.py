"""A function of TensorFlow that takes other types of numbers than it gets."""

from __future__ import annotations

import re

from dlmagic.magics.tensors.explain.calls import called, computes, module_name
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.rewriting import rewritten
from dlmagic.magics.tensors.explain.rule import Explained, Operand
from dlmagic.magics.tensors.explain.values import MISSING

PATTERNS = (
    re.compile(
        r"Value for attr '\w+' of (?P<given>\w+) is not in the list of allowed values: "
        r"(?P<allowed>[\w, ]+)"
    ),
    re.compile(
        r"Value passed to parameter '\w+' has DataType (?P<given>\w+) not in list of allowed "
        r"values: (?P<allowed>[\w, ]+)"
    ),
)
_NAMES = {"float": "float32", "double": "float64", "half": "float16"}
"""What an error calls a type, and what the user does."""


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:
    """Which argument it is, and the type to convert it to."""
    site, call = failure.site, called(failure.site)
    if site is None or call is None or call.owner is not None or not computes(site):
        return None
    given = _NAMES.get(match["given"], match["given"])
    allowed = {_NAMES.get(each, each) for each in re.findall(r"\w+", match["allowed"])}
    operands = [*call.arguments, *call.keywords.values()]
    wrong = [each for k, each in enumerate(operands) if _dtype(each, k) == given]
    wanted, unknown = _wanted(given, allowed), any(each.value is MISSING for each in operands)
    node = wrong[0].node if len(wrong) == 1 else None
    if unknown or wanted is None or node is None:
        return None
    found, name = wrong[0], module_name(site, "tensorflow", "tf")
    code = f"{name}.cast({found.name}, {name}.{wanted})"
    kind = "floating point" if wanted == "float32" else "whole"
    return Explained(
        kind="dtype-not-taken",
        message=f"{call.name} takes {kind} numbers, and {found.name} is {given}.",
        operands=(found,),
        candidates=(rewritten(site, f"Convert it: {code}.", {node: code}),),
    )


def _dtype(given: Operand, position: int) -> str | None:
    """Its type; that which TensorFlow makes of a number of Python's, where that is no axis."""
    if given.description is not None or position > 0:
        return given.dtype
    return {int: "int32", float: "float32"}.get(type(given.value))


def _wanted(given: str, allowed: set[str]) -> str | None:
    if given.startswith(("int", "uint")) and "float32" in allowed:
        return "float32" if not any(each.startswith(("int", "uint")) for each in allowed) else None
    if given.startswith("float") and "int32" in allowed:
        return "int32" if not any(each.startswith("float") for each in allowed) else None
    return None
