"""Functions that JAX has elsewhere now, and methods of PyTorch that its arrays do not have."""

from __future__ import annotations

import ast
import re
import sys
from typing import Any

from dlmagic.magics.tensors.explain.calls import module_name
from dlmagic.magics.tensors.explain.edits import in_brackets, line_with
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.rewriting import rewritten
from dlmagic.magics.tensors.explain.rule import Candidate, Explained, Operand, operand
from dlmagic.magics.tensors.explain.sites import Site
from dlmagic.magics.tensors.explain.traced import traced_names
from dlmagic.magics.tensors.explain.values import stored_value

PATTERNS = (
    re.compile(r"module 'jax' has no attribute 'tree_(?P<name>\w+)'"),
    re.compile(r"module 'jax\.ops' has no attribute 'index_(?P<name>\w+)'"),
    re.compile(r"(ArrayImpl'? object|Tracer'?( object)?) has no attribute '?(?P<name>\w+)'?"),
)
_UPDATES = {"update": "set", "add": "add", "mul": "multiply", "min": "min", "max": "max"}
_METHODS = {
    "detach": "{jax}.lax.stop_gradient({array})",
    "float": "{owner}.astype({jnp}.float32)",
    "long": "{owner}.astype({jnp}.int32)",
    "unsqueeze": "{jnp}.expand_dims({given})",
    "permute": "{owner}.transpose({arguments})",
}


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:
    """What the function is called now, or what does the same for an array."""
    site = failure.site
    attribute = {PATTERNS[0]: "tree_", PATTERNS[1]: "index_"}.get(match.re, "") + match["name"]
    node = _attribute(site, attribute)
    if site is None or node is None:
        return None
    if match.re is PATTERNS[2]:
        return _method(site, node, operand(node.value, site))
    if stored_value(node.value, site) is not sys.modules.get(_owner(match)):
        return None
    if match.re is PATTERNS[0]:
        return _of_trees(site, node, match["name"])
    return _of_index(node)


def _owner(match: re.Match[str]) -> str:
    return "jax" if match.re is PATTERNS[0] else "jax.ops"


def _attribute(site: Site | None, name: str) -> ast.Attribute | None:
    nodes = ast.walk(site.node or site.statement or ast.Pass()) if site else ()
    found = [each for each in nodes if isinstance(each, ast.Attribute) and each.attr == name]
    return found[0] if len(found) == 1 else None


def _of_trees(site: Site, node: ast.Attribute, name: str) -> Explained | None:
    """``jax.tree_map``, which is ``jax.tree.map`` now."""
    jax: Any = sys.modules["jax"]
    new = "map" if name == "multimap" else name
    if not hasattr(getattr(jax, "tree", None), new):
        return None
    code = f"{ast.unparse(node.value)}.tree.{new}"
    return Explained(
        kind="old-name",
        message=f"JAX has no {ast.unparse(node)} any more: it is called {code} now.",
        candidates=(Candidate(f"Write {code}.", line_with(site, {node: code})),),
    )


def _of_index(node: ast.Attribute) -> Explained | None:
    """``jax.ops.index_update(x, i, y)``, which is ``x.at[i].set(y)`` now."""
    update = _UPDATES.get(node.attr.removeprefix("index_"))
    if update is None:
        return None
    return Explained(
        kind="old-name",
        message=f"JAX has no {ast.unparse(node)} any more: arrays have .at for it.",
        candidates=(Candidate(f"Write x.at[index].{update}(values)."),),
    )


def _method(site: Site, node: ast.Attribute, array: Operand) -> Explained | None:
    call = _call(site, node)
    if call is None or array.description is None or not hasattr(type(array.value), "at"):
        return None
    if node.attr == "numpy":
        return _as_numpy(site, call, array)
    if node.attr not in _METHODS:
        return None
    arguments = ", ".join(map(ast.unparse, [*call.args, *call.keywords]))
    code = _METHODS[node.attr].format(
        jax=module_name(site, "jax", "jax"),
        jnp=module_name(site, "jax.numpy", "jnp"),
        array=array.name,
        owner=in_brackets(node.value, array.name),
        arguments=arguments,
        given=f"{array.name}, {arguments}",
    )
    return _told(array, node.attr, rewritten(site, f"Write {code}.", {call: code}, call))


def _as_numpy(site: Site, call: ast.Call, array: Operand) -> Explained:
    """The numbers of an array for NumPy, which are not known while JAX traces."""
    if traced_names(call, site):
        text = "Return it, and take its numbers outside of what JAX traces."
        return _told(array, "numpy", Candidate(text))
    code = f"{module_name(site, 'numpy', 'np')}.asarray({array.name})"
    return _told(array, "numpy", Candidate(f"Write {code}.", line_with(site, {call: code})))


def _told(array: Operand, method: str, candidate: Candidate) -> Explained:
    return Explained(
        kind="no-such-method",
        message=f"{array.name} is an array of JAX, which has no {method}.",
        operands=(array,),
        candidates=(candidate,),
    )


def _call(site: Site, node: ast.Attribute) -> ast.Call | None:
    nodes = ast.walk(site.statement) if site.statement else ()
    return next((n for n in nodes if isinstance(n, ast.Call) and n.func is node), None)
