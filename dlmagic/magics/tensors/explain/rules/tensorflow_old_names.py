"""Names of TensorFlow 1, which TensorFlow 2 has elsewhere or does without."""

from __future__ import annotations

import ast
import re
import sys
from typing import Any

from dlmagic.frameworks.description import told
from dlmagic.magics.tensors.explain.edits import line_with
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.rule import Candidate, Explained
from dlmagic.magics.tensors.explain.sites import Site
from dlmagic.magics.tensors.explain.values import stored_value

PATTERNS = (
    re.compile(r"module 'tensorflow(\._api\.v2\.train)?' has no attribute '(?P<name>\w+)'"),
)
_RENAMED = {
    "log": "math.log",
    "log1p": "math.log1p",
    "erf": "math.erf",
    "lgamma": "math.lgamma",
    "mul": "multiply",
    "sub": "subtract",
    "random_normal": "random.normal",
    "random_uniform": "random.uniform",
    "truncated_normal": "random.truncated_normal",
    "random_shuffle": "random.shuffle",
    "set_random_seed": "random.set_seed",
    "matrix_inverse": "linalg.inv",
    "AdamOptimizer": "keras.optimizers.Adam",
    "GradientDescentOptimizer": "keras.optimizers.SGD",
    "RMSPropOptimizer": "keras.optimizers.RMSprop",
}
_INSTEAD = {
    "Session": "Leave the session out: read a result with .numpy().",
    "InteractiveSession": "Leave the session out: read a result with .numpy().",
    "placeholder": "Write a function that takes the data as an argument.",
    "global_variables_initializer": "Leave it out: a tf.Variable has its value once it is made.",
    "get_variable": "Make a tf.Variable.",
    "layers": "Use the layers of tf.keras.layers.",
    "to_float": "Write tf.cast(x, tf.float32).",
    "to_int32": "Write tf.cast(x, tf.int32).",
    "reset_default_graph": "Leave it out: there is no graph of all that was computed.",
}
_GRAPHS = frozenset(
    {"Session", "InteractiveSession", "placeholder", "global_variables_initializer"}
)


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:
    """The name that it has now, or what is done instead."""
    site, old = failure.site, match["name"]
    node = _attribute(site, old)
    tensorflow: Any = sys.modules.get("tensorflow")
    if site is None or node is None or tensorflow is None:
        return None
    candidate = _candidate(site, node, tensorflow)
    if candidate is None:
        return None
    computes = ", which computes each line at once" if old in _GRAPHS else ""
    return Explained(
        kind="old-name",
        message=f"{ast.unparse(node)} is of TensorFlow 1, and this is TensorFlow 2{computes}.",
        candidates=(candidate,),
    )


def _attribute(site: Site | None, name: str) -> ast.Attribute | None:
    nodes = ast.walk(site.node or site.statement or ast.Pass()) if site else ()
    found = [each for each in nodes if isinstance(each, ast.Attribute) and each.attr == name]
    return found[0] if len(found) == 1 else None


def _candidate(site: Site, node: ast.Attribute, tensorflow: Any) -> Candidate | None:
    new = _RENAMED.get(node.attr)
    if new is None:
        text = _INSTEAD.get(node.attr)
        return Candidate(text) if text is not None else None
    owner = ast.unparse(node.value).removesuffix(".train")
    root = stored_value(ast.parse(owner, mode="eval").body, site)
    if root is not tensorflow or told(lambda: _found(tensorflow, new)) is None:
        return None
    code = f"{owner}.{new}"
    return Candidate(f"Write {code}.", line_with(site, {node: code}))


def _found(owner: Any, path: str) -> Any:
    for name in path.split("."):
        owner = getattr(owner, name)
    return owner
