"""A model without ``forward``, or with one of another name."""

from __future__ import annotations

import ast
import re
import sys
from difflib import get_close_matches
from typing import Any

from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.rule import Candidate, Explained
from dlmagic.magics.tensors.explain.sources import Code, codes

PATTERNS = (re.compile(r"Module \[(?P<name>\w+)\] is missing the required .*forward"),)


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:  # noqa: ARG001
    """The class, and the method that was meant to be ``forward``."""
    step = failure.inside("_forward_unimplemented", "nn.modules.module")
    model: Any = step.local("self") if step else None
    torch: Any = sys.modules["torch"]
    if not isinstance(model, torch.nn.Module):
        return None
    name = type(model).__name__
    found = [each for each in vars(type(model)) if callable(vars(type(model))[each])]
    near = next(iter(get_close_matches("forward", found)), None)
    meant = f": it has {near}" if near else ""
    return Explained(
        kind="forward-missing",
        message=f"{name} has no method forward{meant}.",
        candidates=_renamed(failure, name, near) if near else (),
    )


def _renamed(failure: Failure, name: str, near: str) -> tuple[Candidate, ...]:
    for code in codes(failure.name_of_cell, f"class {name}"):
        for node in ast.walk(code.tree):
            if isinstance(node, ast.FunctionDef) and node.name == near:
                return (_candidate(code, node),)
    return ()


def _candidate(code: Code, node: ast.FunctionDef) -> Candidate:
    place = code.place(node)
    line = place.source.replace(f"def {node.name}(", "def forward(", 1)
    return Candidate("Call the method forward.", line, None, place)
