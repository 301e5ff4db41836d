"""Something that is no tensor, where a tensor is taken."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from dlmagic.errors import with_article
from dlmagic.magics.tensors.explain.arguments import given
from dlmagic.magics.tensors.explain.bindings import loops_around
from dlmagic.magics.tensors.explain.computing import value_of
from dlmagic.magics.tensors.explain.edits import line_with
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.returning import with_return
from dlmagic.magics.tensors.explain.rule import Candidate, Explained, Operand, operands_of
from dlmagic.magics.tensors.explain.sources import code_of
from dlmagic.magics.tensors.explain.trying import tried
from dlmagic.magics.tensors.explain.values import MISSING

PATTERNS = (
    re.compile(
        r"argument '\w+' \(position \d+\) must be (Tensor|tuple of Tensors), not (?P<kind>\w+)"
    ),
    re.compile(r"expected Tensor as element \d+ in argument \d+, but got"),
    re.compile(r"received an invalid combination of arguments"),
    re.compile(r"conv\dd\(\)|'(list|tuple|NoneType)' object has no attribute '(size|dim|shape)'"),
)
_LONGEST_NAME = 40
_FIELDS = ("logits", "last_hidden_state", "sample")
"""Under which a model of Hugging Face hands out what it computes."""


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:
    """What it is, and how to make a tensor of it."""
    found = _found(failure, "NoneType" in match[0])
    if found is None:
        return _of_output(failure, match.groupdict().get("kind"))
    keys = _keys_of_batch(failure, found)
    return Explained(
        kind="wrong-object",
        message=f"{_function(failure)} takes a tensor, and {found.name} is {_kind(found.value)}.",
        operands=(found,),
        candidates=tuple(_candidates(failure, found)) if keys is None else (keys,),
    )


def _of_output(failure: Failure, kind: str | None) -> Explained | None:
    """What a model of Hugging Face gives, where the call stands in the line and is not repeated."""
    outputs: Any = sys.modules.get("transformers.modeling_outputs")
    fields = getattr(getattr(outputs, kind or "", None), "__dataclass_fields__", {})
    field = next((each for each in _FIELDS if each in fields), None)
    unknown = (each for each in operands_of(failure.site) if each.value is MISSING)
    given = next((each for each in unknown if isinstance(each.node, ast.Call)), None)
    if field is None or given is None or kind is None or failure.site is None:
        return None
    new = f"{given.name}.{field}"
    line = line_with(failure.site, {given.node: new})
    return Explained(
        kind="wrong-object",
        message=f"{_function(failure)} takes a tensor, and {given.name} is {with_article(kind)}.",
        operands=(given,),
        candidates=(Candidate(f"Write {new}.", line),),
    )


def _keys_of_batch(failure: Failure, found: Operand) -> Candidate | None:
    """Where the batches are dictionaries, and a loop takes their keys apart."""
    site = failure.site
    if site is None or not isinstance(found.value, str) or not isinstance(found.node, ast.Name):
        return None
    code = code_of(site.file, site.cell)
    loader: Any = sys.modules["torch"].utils.data.DataLoader
    for loop in loops_around(code.tree, site.line) if code is not None else ():
        match loop:
            case ast.For(ast.Tuple(names), batches):
                taken = found.name in map(ast.unparse, names)
                if taken and isinstance(value_of(batches, site), loader):
                    return Candidate(
                        "Each batch is a dictionary, of which this loop takes the keys. Write "
                        f'for batch in {ast.unparse(batches)}, and batch["{found.value}"] '
                        f"instead of {found.name}."
                    )
    return None


def _function(failure: Failure) -> str:
    """What the user calls; the code may be long where it is made in the same line."""
    node = failure.site.node if failure.site else None
    called = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
    return called if 0 < len(called) <= _LONGEST_NAME else "This"


def _kind(value: Any) -> str:
    name = type(value).__name__
    if value is None:
        return "None, since what gave it returns nothing"
    if name == "ndarray":
        return "a NumPy array"
    return with_article(name)


def _found(failure: Failure, nothing: bool) -> Operand | None:
    """The input of the layer that failed, or the first argument that is no tensor."""
    steps = [each for each in reversed(failure.below) if each.function == "forward"]
    for step in steps[:1]:
        value = step.local("input") if "input" in step.frame.f_locals else MISSING
        if value is not MISSING and not _is_tensor(value):
            return given(failure, value, 0, "the input")
        return None
    operands = operands_of(failure.site)
    wrong = [
        each
        for each in operands
        if each.value is not MISSING
        and _is_wrong(each.value)
        and (nothing or each.value is not None)
    ]
    return wrong[0] if wrong else None


def _is_tensor(value: object) -> bool:
    torch: Any = sys.modules["torch"]
    return isinstance(value, torch.Tensor)


def _is_wrong(value: object) -> bool:
    held = value is None or isinstance(value, list | tuple | Mapping)
    return type(value).__name__ == "ndarray" or (held and not _sizes(value))


def _field(value: object, name: str) -> object:
    """What the output of a model keeps under a name, where it is such an output."""
    if not isinstance(value, Mapping) or type(value) is dict:
        return None
    held: object = value.get(name)
    return held


def _sizes(value: object) -> bool:
    return isinstance(value, tuple | list) and all(isinstance(each, int) for each in value)


def _candidates(failure: Failure, found: Operand) -> Iterator[Candidate]:
    returned = with_return(found.node, failure) if found.value is None else None
    if returned is not None:
        yield returned
    made = made_of(found.value)
    if made is None or found.node is None:
        return
    code, function = made
    new = code.format(found.name)
    check = (lambda: tried(function, found.value)) if function is not None else None
    yield Candidate(f"Write {new}.", line_with(failure.site, {found.node: new}), check)


def made_of(value: Any) -> tuple[str, Any] | None:
    """The code that makes a tensor of it, and the function that does the same."""
    torch: Any = sys.modules["torch"]
    if type(value).__name__ == "ndarray":
        wide = value.dtype.name == "float64"
        end = ".float()" if wide else ""
        return f"torch.from_numpy({{}}){end}", torch.from_numpy
    field = next((each for each in _FIELDS if _is_tensor(_field(value, each))), None)
    if field is not None:
        return f"{{}}.{field}", None
    if isinstance(value, tuple) and value and _is_tensor(value[0]):
        return "{}[0]", None
    if isinstance(value, list) and value and all(map(_is_tensor, value)):
        if len(value) == 1:
            return "{}[0]", None  # as a batch of a data set with inputs alone
        same = len({tuple(each.shape) for each in value}) == 1
        return ("torch.stack({})", None) if same else None
    if isinstance(value, int | float | list | tuple) and not isinstance(value, bool):
        return "torch.tensor({})", torch.tensor
    if type(value).__name__ == "builtin_function_or_method":
        return "{}()", None
    return None
