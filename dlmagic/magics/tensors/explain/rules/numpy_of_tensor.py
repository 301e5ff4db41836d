"""A tensor that NumPy cannot have as it is: its gradients, device, layout or type forbid it."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from typing import Any

from dlmagic.magics.tensors.explain.arguments import with_call
from dlmagic.magics.tensors.explain.computing import value_of
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.rule import Explained, Operand, known, operands_of
from dlmagic.magics.tensors.explain.sites import Site

PATTERNS = (
    re.compile(r"Can't call numpy\(\) on (Tensor|Variable) that requires grad"),
    re.compile(r"[Cc]an't convert \S+ (device type )?tensor to numpy"),
    re.compile(r"[Cc]an't convert Sparse\w* layout tensor to numpy"),
    re.compile(r"Got unsupported ScalarType BFloat16"),
)


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:  # noqa: ARG001
    """Which tensor, and what stands in the way."""
    site = failure.site
    found = [(each, _way(each, site)) for each in known(operands_of(site))]
    tensor, way = next(((each, way) for each, way in found if way), (None, ()))
    if tensor is None:
        return None
    code = "".join(code for code, _ in way)
    here = tensor.description is not None and tensor.description.device == "cpu"
    return Explained(
        kind="numpy-of-tensor",
        message=(
            f"NumPy cannot read {tensor.name} as it is: it "
            f"{' and '.join(reason for _, reason in way)}."
        ),
        operands=(tensor,),
        candidates=(with_call(failure, tensor, "Write {}.", code, _read(code) if here else None),),
    )


def _read(code: str) -> Callable[[Any], object]:
    """Reading a tensor of the CPU with these steps before."""

    def read(value: Any) -> object:
        for step in filter(None, code.split(".")):
            value = getattr(value, step.removesuffix("()"))()
        return value.numpy()

    return read


def _way(tensor: Operand, site: Site | None) -> tuple[tuple[str, str], ...]:
    """What must be called before, and why."""
    known = tensor.description
    steps = []
    if _records(tensor, site):
        steps.append((".detach()", "requires a gradient"))
    if known is not None and known.remark.startswith("sparse"):
        steps.append((".to_dense()", "is sparse"))
    if known is not None and known.dtype == "bfloat16":
        steps.append((".float()", "is bfloat16, a type that NumPy lacks"))
    if known is not None and known.device is not None and known.device != "cpu":
        steps.append((".cpu()", f"is on {known.device}"))
    return tuple(steps)


def _records(tensor: Operand, site: Site | None) -> bool:
    """Whether it requires gradients, or is computed from what does."""
    if site is None or tensor.node is None:
        return False
    parts = [each for each in ast.walk(tensor.node) if isinstance(each, ast.Name | ast.Attribute)]
    if any(isinstance(each, ast.Attribute) and each.attr == "detach" for each in parts):
        return False
    values = [tensor.value, *(value_of(each, site) for each in parts)]
    known = [Operand("", each).description for each in values]
    return any(each is not None and each.requires_grad for each in known)
