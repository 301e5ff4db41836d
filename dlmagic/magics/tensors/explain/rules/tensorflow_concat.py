"""``tf.concat`` with the axis before what it joins, as TensorFlow had it once."""

from __future__ import annotations

import ast
import re

from dlmagic.magics.tensors.explain.calls import called
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.rewriting import rewritten
from dlmagic.magics.tensors.explain.rule import Explained

PATTERNS = (re.compile(r"must have rank 0|must be a scalar|to be a scalar|conversion requested"),)


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:  # noqa: ARG001
    """The two, exchanged."""
    site, call = failure.site, called(failure.site)
    if site is None or call is None or call.name != "concat" or len(call.arguments) != 2:
        return None
    axis, joined = call.arguments
    module = str(getattr(call.function, "__module__", ""))
    if not module.startswith("tensorflow.") or type(axis.value) is not int:
        return None
    if axis.node is None or not isinstance(joined.node, ast.List | ast.Tuple | ast.Name):
        return None
    if not isinstance(joined.value, list | tuple):
        return None
    changes = {axis.node: joined.name, joined.node: axis.name}
    return Explained(
        kind="axis-first",
        message=f"{ast.unparse(call.node.func)} takes what it joins first and the axis behind it, "
        f"and {axis.name} comes first.",
        operands=(joined,),
        candidates=(rewritten(site, f"Exchange the two: {joined.name}, {axis.name}.", changes),),
    )
