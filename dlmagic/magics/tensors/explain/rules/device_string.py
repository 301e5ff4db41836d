"""A device that has another name."""

from __future__ import annotations

import ast
import re
from difflib import get_close_matches

from dlmagic.magics.tensors.explain.edits import line_with
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.rule import Candidate, Explained

PATTERNS = (re.compile(r"Expected one of (?P<names>.*) device type at start of device string: "),)
_OTHER_NAMES = {"gpu": "cuda", "nvidia": "cuda", "metal": "mps", "tpu": "xla"}


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:
    """The text that names no device, and the one that was meant."""
    site = failure.site
    if site is None or site.statement is None:
        return None
    names = match["names"].split(", ")
    wrong = match.string[match.end() :].strip()
    name, _, number = wrong.partition(":")
    found = _OTHER_NAMES.get(name.lower()) or next(iter(get_close_matches(name, names)), None)
    right = None if found is None else f"{found}:{number}" if number else found
    texts = [n for n in ast.walk(site.statement) if isinstance(n, ast.Constant)]
    node = next((each for each in texts if _begins(each.value, wrong)), None)
    new = f'"{right}{str(node.value)[len(wrong) :]}"' if node is not None and right else None
    line = line_with(site, {node: new}) if new else None
    return Explained(
        kind="device-name",
        message=f'PyTorch has no device "{wrong}".',
        candidates=(Candidate(f'Write "{right}".', line),) if right else (),
    )


def _begins(value: object, name: str) -> bool:
    return isinstance(value, str) and value.partition(":")[0] == name.partition(":")[0]
