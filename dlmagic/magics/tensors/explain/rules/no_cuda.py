"""A CUDA GPU that is asked for where PyTorch sees none."""

from __future__ import annotations

import ast
import re

from dlmagic.magics.tensors.explain.calls import module_name
from dlmagic.magics.tensors.explain.edits import line_with
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.rule import Candidate, Explained
from dlmagic.magics.tensors.explain.sites import Site

PATTERNS = (
    re.compile(r"Torch not compiled with CUDA enabled"),
    re.compile(r"Found no NVIDIA driver on your system"),
    re.compile(r"No CUDA GPUs are available"),
)
_WHY = (
    "it was installed without CUDA",
    "NVIDIA's driver is not there",
    "CUDA shows it none",
)


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:
    """Why there is none, and the line that runs with and without one."""
    site = failure.site
    if site is None:
        return None
    return Explained(
        kind="no-cuda",
        message=f"PyTorch has no CUDA GPU here: {_WHY[PATTERNS.index(match.re)]}.",
        candidates=(Candidate("Take the GPU only where there is one.", _either(site)),),
        notes=("%gpus check torch says what is missing for a GPU, and what to do about it.",),
    )


def _either(site: Site) -> str | None:
    """The line with ``"cuda"`` or ``.cuda()`` for what is there."""
    torch = module_name(site, "torch", "torch")
    device = f'"cuda" if {torch}.cuda.is_available() else "cpu"'
    match site.node:
        case ast.Call(ast.Attribute(owner, "cuda"), [], []):
            return line_with(site, {site.node: f"{ast.unparse(owner)}.to({device})"})
        case ast.Call(_, arguments, keywords):
            values = [*arguments, *(each.value for each in keywords)]
            names = [each for each in values if getattr(each, "value", None) == "cuda"]
            return line_with(site, {names[0]: device}) if names else None
    return None
