"""A method that tensors of NumPy and PyTorch have, and those of TensorFlow do not."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from dlmagic.magics.tensors.explain.calls import module_name
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.rewriting import rewritten
from dlmagic.magics.tensors.explain.rule import Candidate, Explained, Operand, operand
from dlmagic.magics.tensors.explain.sites import Site

PATTERNS = (re.compile(r"Tensor'? object has no attribute '(?P<name>\w+)'"),)
_CHANGING = ("assign", "assign_add", "assign_sub")
_REDUCTIONS = ("all", "any", "max", "mean", "min", "prod", "sum")
_FUNCTIONS = ("argmax", "reshape", "squeeze", "transpose")
_RENAMED = {"astype": "cast", "view": "reshape", "unsqueeze": "expand_dims", "permute": "transpose"}


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:
    """Which tensor it is, and the function of TensorFlow that does it."""
    site = failure.site
    node = _attribute(site, match["name"])
    tensor = operand(node.value, site) if site and node else None
    if site is None or node is None or tensor is None or not _of_tensorflow(tensor.value):
        return None
    if node.attr in _CHANGING:
        return _not_a_variable(tensor, node.attr)
    if node.attr not in ("T", "numpy") and _function(node.attr) is None:
        return None
    traced = " while it is traced" if node.attr == "numpy" and not _has_numbers(tensor) else ""
    return Explained(
        kind="no-such-method",
        message=f"{tensor.name} is a tensor of TensorFlow, which has no {node.attr}{traced}.",
        operands=(tensor,),
        candidates=tuple(_candidates(site, node, tensor)),
    )


def _not_a_variable(tensor: Operand, method: str) -> Explained:
    """What came of a variable, such as ``w`` after ``w = w - 0.1``."""
    text = "Call it on the variable itself, whose name must not get a new value with =."
    return Explained(
        kind="no-variable",
        message=f"{tensor.name} is a tensor, which stays as it is: a tf.Variable alone has "
        f"{method}.",
        operands=(tensor,),
        candidates=(Candidate(text),),
    )


def _attribute(site: Site | None, name: str) -> ast.Attribute | None:
    nodes = ast.walk(site.node or site.statement or ast.Pass()) if site else ()
    found = [each for each in nodes if isinstance(each, ast.Attribute) and each.attr == name]
    return found[0] if len(found) == 1 else None


def _of_tensorflow(value: object) -> bool:
    return type(value).__module__.startswith("tensorflow.")


def _is_sparse(tensor: Operand) -> bool:
    return tensor.description is not None and tensor.description.kind == "SparseTensor"


def _has_numbers(tensor: Operand) -> bool:
    """Whether it is a sparse tensor outside of traced functions: it has no ``numpy`` there, too."""
    return _is_sparse(tensor) and hasattr(tensor.value.values, "numpy")


def _candidates(site: Site, node: ast.Attribute, tensor: Operand) -> Iterator[Candidate]:
    tensorflow, name = module_name(site, "tensorflow", "tf"), tensor.name
    if _is_sparse(tensor):
        name = f"{tensorflow}.sparse.to_dense({name})"
    if _has_numbers(tensor) and node.attr == "numpy":
        yield rewritten(site, f"Make it dense: {name}.", {node.value: name}, _call(site, node))
        return
    if node.attr == "T":
        code = f"{tensorflow}.transpose({name})"
        yield rewritten(site, f"Write {code}.", {node: code}, node)
        return
    if node.attr == "numpy":
        yield Candidate(f"Show it with {tensorflow}.print, or return it and read it outside.")
    call, function = _call(site, node), _function(node.attr)
    if call is None or function is None:
        return
    given = [ast.unparse(each) for each in [*call.args, *call.keywords]]
    if len(call.args) > 1 and function in ("reshape", "transpose"):
        given = [f"({', '.join(given)})"]
    code = f"{tensorflow}.{function}({', '.join([name, *given])})"
    yield rewritten(site, f"Write {code}.", {call: code}, call)


def _call(site: Site, node: ast.Attribute) -> ast.Call | None:
    nodes = ast.walk(site.statement) if site.statement else ()
    return next((n for n in nodes if isinstance(n, ast.Call) and n.func is node), None)


def _function(method: str) -> str | None:
    if method in _REDUCTIONS:
        return f"reduce_{method}"
    return method if method in _FUNCTIONS else _RENAMED.get(method)
