"""``copy.deepcopy`` of a tensor that was computed, or of a model that keeps one."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from typing import Any

from dlmagic.frameworks.description import told
from dlmagic.magics.tensors.explain.calls import called
from dlmagic.magics.tensors.explain.edits import in_brackets, line_with
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.rule import Candidate, Explained, Operand

PATTERNS = (
    re.compile(
        r"Only Tensors created explicitly by the user \(graph leaves\) support the deepcopy"
    ),
)


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:  # noqa: ARG001
    """The copy without what computed it, or the attribute that holds the tensor."""
    site, call = failure.site, called(failure.site)
    given = call.argument(0, "x") if call is not None else None
    if site is None or call is None or given is None or call.name.rpartition(".")[2] != "deepcopy":
        return None
    torch: Any = sys.modules["torch"]
    if isinstance(given.value, torch.nn.Module):
        kept = next(_kept(given), None)
        return None if kept is None else _of_model(given, kept)
    if not _is_computed(given.value):
        return None
    new = f"{in_brackets(given.node, given.name)}.detach().clone()"
    return Explained(
        kind="copied-graph",
        message=f"{given.name} is computed, and a copy of it would lack what computed it.",
        operands=(given,),
        candidates=(Candidate(f"Copy its values: {new}.", line_with(site, {call.node: new})),),
    )


def _is_computed(value: object) -> bool:
    torch: Any = sys.modules["torch"]
    return isinstance(value, torch.Tensor) and not value.is_leaf


def _kept(model: Operand) -> Iterator[str]:
    """The attributes of a model and its layers that hold such a tensor."""
    for path, layer in told(lambda: list(model.value.named_modules())) or ():
        for key, value in {**vars(layer), **vars(layer).get("_buffers", {})}.items():
            made = any(each.startswith(f"{key}_") for each in layer._parameters)
            if _is_computed(value) and not made:  # as weight_norm makes it of weight_g
                yield ".".join([model.name, *filter(None, [path]), key])


def _of_model(model: Operand, kept: str) -> Explained:
    return Explained(
        kind="copied-graph",
        message=f"{kept} is a tensor that was computed, and no copy is made of such a one.",
        operands=(model,),
        candidates=(
            Candidate(f"Where the model needs its values alone, keep {kept}.detach() instead."),
        ),
    )
