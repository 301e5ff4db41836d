"""Arguments of Keras by names that older versions had for them."""

from __future__ import annotations

import ast
import re

from dlmagic.magics.tensors.explain.calls import module_name
from dlmagic.magics.tensors.explain.edits import line_with
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.keras_calls import keras_rules
from dlmagic.magics.tensors.explain.rule import Candidate, Explained, operand
from dlmagic.magics.tensors.explain.sites import Site

PATTERNS = (
    re.compile(r"Argument\(s\) not recognized: \{'(?P<name>lr)':"),
    re.compile(r"\.fit\(\) got an unexpected keyword argument '(?P<name>nb_epoch)'"),
    re.compile(
        r"object has no attribute '(?P<name>predict_classes|(fit|evaluate|predict)_gen\w+)'"
    ),
)
_NEW = {"lr": "learning_rate", "nb_epoch": "epochs"}


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:
    """The name that it has now, or the method."""
    site, old = failure.site, match["name"]
    if match.re is PATTERNS[2]:
        return _method(site, old)
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


def _method(site: Site | None, old: str) -> Explained | None:
    """A method that a model no longer has, and what does the same now."""
    nodes = list(ast.walk(site.statement)) if site is not None and site.statement else []
    calls = [each for each in nodes if isinstance(each, ast.Call)]
    found = [e for e in calls if isinstance(e.func, ast.Attribute) and e.func.attr == old]
    known = keras_rules()
    if site is None or known is None or len(found) != 1:
        return None
    call, function = found[0], found[0].func
    if not isinstance(function, ast.Attribute):
        return None
    model = ast.unparse(function.value)
    if known.is_compiled(operand(function.value, site).value) is None:
        return None
    given = ", ".join(map(ast.unparse, [*call.args, *call.keywords]))
    new = f"{model}.{old.partition('_')[0]}({given})"
    if old == "predict_classes":
        new = f"{module_name(site, 'numpy', 'np')}.argmax({new}, axis=-1)"
    return Explained(
        kind="old-method",
        message=f"{model} has no {old}: Keras does without it now.",
        candidates=(Candidate(f"Write {new}.", line_with(site, {call: new})),),
    )
