"""Channels in front of the image, which TensorFlow cannot compute on a CPU."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from dlmagic.magics.tensors.explain.calls import called, module_name
from dlmagic.magics.tensors.explain.edits import line_with
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.rule import Candidate, Explained, Operand
from dlmagic.magics.tensors.explain.sites import Site

PATTERNS = (
    re.compile(r"only supports (the )?NHWC( tensor format)? (on the CPU|on CPU)?"),
    re.compile(r"only supports NHWC on device type CPU"),
)


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:  # noqa: ARG001
    """Which array has its channels first, and the line with channels last."""
    call, site = called(failure.site), failure.site
    given = call.argument(0, "inputs", "input", "x") if call else None
    if call is None or given is None or site is None or not given.shape or len(given.shape) < 4:
        return None
    return Explained(
        kind="channels-first",
        message=f"On a CPU, channels must be the last axis, and {given.name} {given.shape} is "
        "taken with channels first.",
        operands=(given,),
        candidates=tuple(_candidates(site, call.node, given)),
    )


def _candidates(site: Site, node: ast.Call, given: Operand) -> Iterator[Candidate]:
    formats = {
        each.value: '"channels_last"'
        for each in ast.walk(node)
        if isinstance(each, ast.keyword) and each.arg == "data_format"
    }
    name = module_name(site, "numpy", "np")
    moved = f"{name}.moveaxis({given.name}, 1, -1)"
    text = 'Use data_format="channels_last", and move the channels.'
    code = line_with(site, {**formats, given.node: moved}) if formats and given.node else None
    yield Candidate(text, code)
