"""A variable that is made anew each time TensorFlow traces a function."""

from __future__ import annotations

import ast
import re

from dlmagic.magics.tensors.explain.assigning import origin_of
from dlmagic.magics.tensors.explain.computing import library_value
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.keras_calls import keras_rules
from dlmagic.magics.tensors.explain.rule import Candidate, Explained
from dlmagic.magics.tensors.explain.sites import Site
from dlmagic.magics.tensors.explain.sources import function_around

PATTERNS = (
    re.compile(r"tf\.function only supports singleton tf\.Variables created on the first call"),
    re.compile(r"Creating variables on a non-first call to a function decorated with tf\.function"),
    re.compile(r"tf\.function-decorated function tried to create variables on non-first call"),
)


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:  # noqa: ARG001
    """What makes it, in the code that is traced."""
    site = failure.site
    if site is None or site.statement is None:
        return None
    calls = [each for each in ast.walk(site.statement) if isinstance(each, ast.Call)]
    variable = next((each for each in calls if _makes_variable(each)), None)
    optimizer = next((each for each in calls if _makes_optimizer(each, site)), None)
    layers = (_made_here(each, site, failure) for each in calls)
    made = variable or optimizer or next(filter(None, layers), None)
    if made is None:
        return None
    kind = "an optimizer" if optimizer is not None else "a layer"
    what = "a variable" if variable is not None else f"{kind} with variables of its own"
    return Explained(
        kind="variable-made-again",
        message=f"{ast.unparse(made)} makes {what} each time the function is traced, and a "
        "tf.function may make variables on its first call alone.",
        candidates=(Candidate("Make it once, ahead of the function, and use it there."),),
    )


def _makes_variable(call: ast.Call) -> bool:
    return ast.unparse(call.func).rpartition(".")[2] == "Variable"


def _makes_optimizer(call: ast.Call, site: Site) -> bool:
    kind = library_value(call.func, site)
    module = str(getattr(kind, "__module__", ""))
    return isinstance(kind, type) and module.startswith("keras.") and ".optimizers" in module


def _made_here(call: ast.Call, site: Site, failure: Failure) -> ast.expr | None:
    """The call that made the layer that is called, where the same function makes it."""
    known, function = keras_rules(), function_around(site)
    if known is None or function is None or not isinstance(call.func, ast.Name):
        return None
    origin = origin_of(call.func.id, site, failure)
    here = origin is not None and any(each is origin.statement for each in ast.walk(function))
    return origin.value if origin and here and known.is_layer(site.names[call.func.id]) else None
