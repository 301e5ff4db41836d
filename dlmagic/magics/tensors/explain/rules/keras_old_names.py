"""Arguments of Keras by names that older versions had for them."""

from __future__ import annotations

import ast
import re

from dlmagic.magics.tensors.explain.edits import line_with
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.rule import Candidate, Explained

PATTERNS = (
    re.compile(r"Argument\(s\) not recognized: \{'(?P<name>lr)':"),
    re.compile(r"\.fit\(\) got an unexpected keyword argument '(?P<name>nb_epoch)'"),
)
_NEW = {"lr": "learning_rate", "nb_epoch": "epochs"}


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:
    """The name that it has now."""
    site, old = failure.site, match["name"]
    call = site.node if site is not None else None
    written = call.keywords if isinstance(call, ast.Call) else []
    found = next((each for each in written if each.arg == old), None)
    if found is None or not isinstance(call, ast.Call):
        return None
    new = f"{_NEW[old]}={ast.unparse(found.value)}"
    return Explained(
        kind="old-argument",
        message=f"{ast.unparse(call.func)} has no argument {old}: Keras calls it {_NEW[old]} now.",
        candidates=(Candidate(f"Write {new}.", line_with(site, {found: new})),),
    )
