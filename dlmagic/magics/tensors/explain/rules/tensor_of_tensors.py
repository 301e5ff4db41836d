"""``torch.tensor`` of a list of tensors, of which it takes single numbers alone."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from typing import Any

from dlmagic.magics.tensors.explain.calls import Called, called, module_name
from dlmagic.magics.tensors.explain.edits import line_with
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.pure import is_plain_tensor
from dlmagic.magics.tensors.explain.rule import Candidate, Explained, Operand
from dlmagic.magics.tensors.explain.sites import Site
from dlmagic.magics.tensors.explain.trying import tried

PATTERNS = (re.compile(r"only one element tensors can be converted to Python scalars"),)


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:  # noqa: ARG001
    """The call that joins them instead."""
    site, call = failure.site, called(failure.site)
    given = call.argument(0, "data") if call is not None else None
    if site is None or call is None or given is None or not _holds_tensors(given.value):
        return None
    if getattr(call.function, "__module__", None) != "torch":
        return None
    return Explained(
        kind="tensor-of-tensors",
        message=f"{ast.unparse(call.node.func)} takes numbers, and {given.name} holds tensors.",
        operands=(given,),
        candidates=tuple(_candidates(site, call, given)),
    )


def _holds_tensors(value: object) -> bool:
    if not isinstance(value, list | tuple) or not value:
        return False
    return all(is_plain_tensor(each) and hasattr(each, "requires_grad") for each in value)


def _candidates(site: Site, call: Called, given: Operand) -> Iterator[Candidate]:
    """``stack``, with the type that was asked for; the sizes may differ."""
    torch: Any = sys.modules["torch"]
    options = {each.arg: ast.unparse(each.value) for each in call.node.keywords}
    options.pop("data", None)
    same = len({tuple(each.shape) for each in given.value}) == 1
    function = torch.stack if same else _padded
    name = module_name(site, "torch", "torch")
    code = f"{name}.stack({given.name})"
    text = "Stack them along a new first axis"
    if not same:
        code = f"{name}.nn.utils.rnn.pad_sequence({given.name}, batch_first=True)"
        text = "If they are sequences, fill the shorter ones up with zeros"
    if set(options) <= {"dtype", "device"} and options:
        code += f".to({', '.join(options.values())})"
    yield Candidate(
        f"{text}: {code}.",
        line_with(site, {call.node: code}),
        lambda: tried(lambda *tensors: function(tensors), *given.value),
    )


def _padded(tensors: Any) -> Any:
    torch: Any = sys.modules["torch"]
    return torch.nn.utils.rnn.pad_sequence(tensors, batch_first=True)
