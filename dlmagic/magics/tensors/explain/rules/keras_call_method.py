"""A model of Keras whose method is called ``forward``, as PyTorch calls it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from dlmagic.magics.tensors.explain.calls import called
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.keras_calls import keras_rules
from dlmagic.magics.tensors.explain.rule import Candidate, Explained
from dlmagic.magics.tensors.explain.sources import codes

PATTERNS = (re.compile(r"does not have a `call\(\)` method implemented"),)
_OF_PYTORCH = "forward"


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:  # noqa: ARG001
    """Which class it is, and the line that gives its method a name."""
    call, known = called(failure.site), keras_rules()
    if call is None or known is None:
        return None
    objects = [call.function, *([call.owner.value] if call.owner else [])]
    model = next((each for each in objects if known.is_layer(each)), None)
    kind = type(model)
    if model is None or _OF_PYTORCH not in vars(kind):
        return None
    return Explained(
        kind="method-name",
        message=f"Keras calls the method call of a model, and {kind.__name__} has {_OF_PYTORCH}, "
        "as in PyTorch.",
        candidates=tuple(_renamed(failure, kind.__name__)),
    )


def _renamed(failure: Failure, name: str) -> Iterator[Candidate]:
    text = "Call it call."
    for code in codes(failure.name_of_cell, f"class {name}"):
        classes = [each for each in ast.walk(code.tree) if isinstance(each, ast.ClassDef)]
        for method in (each for own in classes if own.name == name for each in own.body):
            if isinstance(method, ast.FunctionDef) and method.name == _OF_PYTORCH:
                place = code.place(method)
                line = place.source.replace(f"def {_OF_PYTORCH}(", "def call(", 1)
                yield Candidate(text, line, None, place)
                return
    yield Candidate(text)
