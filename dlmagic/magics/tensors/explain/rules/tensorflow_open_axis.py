"""The length of an axis that TensorFlow does not know while it traces: ``x.shape[0]`` is None."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from dlmagic.magics.tensors.explain.assigning import origin_of
from dlmagic.magics.tensors.explain.calls import module_name
from dlmagic.magics.tensors.explain.edits import line_with
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.rule import Candidate, Explained, Operand, operand
from dlmagic.magics.tensors.explain.sites import Place, Site

PATTERNS = (
    re.compile(r"NoneType|None values not supported"),
    re.compile(r"Failed to convert elements of \(.*None.*\) to Tensor"),
    re.compile(r"Cannot convert a partially known TensorShape"),
)


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:  # noqa: ARG001
    """Which axis of which tensor it is, and where its length is asked for."""
    site = failure.site
    node: ast.AST | None = (site.node or site.statement) if site else None
    found = next(_lengths(node, site, failure), None) if site is not None and node else None
    if site is None or found is None:
        return None
    place, asked, tensor, axis = found
    length = f"tf.shape({tensor.name})".replace("tf", module_name(site, "tensorflow", "tf"), 1)
    new = length if axis is None else f"{length}[{axis}]"
    return Explained(
        kind="open-axis",
        message=f"{ast.unparse(asked)} has no number yet: {tensor.name} is {tensor.axes} while "
        "TensorFlow traces, and None is an axis of any length.",
        operands=(tensor,),
        candidates=(
            Candidate(
                f"Ask for its length when the graph runs: {new}.",
                line_with(place, {asked: new}),
                None,
                place,
            ),
        ),
    )


def _lengths(
    node: ast.AST, site: Site, failure: Failure
) -> Iterator[tuple[Place, ast.expr, Operand, int | None]]:
    """Where a length is asked for that is open, in an expression or where its names are made."""
    for each in ast.walk(node):
        if isinstance(each, ast.Name) and site.names.get(each.id, each) is None:
            origin = origin_of(each.id, site, failure)
            value = _asked(origin.value, site) if origin is not None else None
            if origin is not None and value is not None:
                yield origin.place, origin.value, *value
    for each in ast.walk(node):
        value = _asked(each, site) if isinstance(each, ast.expr) else None
        if isinstance(each, ast.expr) and value is not None:
            yield site, each, *value


def _asked(node: ast.expr, site: Site) -> tuple[Operand, int | None] | None:
    """The tensor and its open axis, as in ``x.shape[0]``; no axis for all of ``x.shape``."""
    axis: int | None = None
    match node:
        case ast.Subscript(ast.Attribute(owner, "shape"), ast.Constant(int() as axis)):
            pass
        case ast.Subscript(
            ast.Attribute(owner, "shape"), ast.UnaryOp(ast.USub(), ast.Constant(int() as behind))
        ):
            axis = -behind
        case ast.Attribute(owner, "shape"):
            pass
        case _:
            return None
    tensor = operand(owner, site)
    axes = tensor.axes
    if axes is None or not type(tensor.value).__module__.startswith("tensorflow"):
        return None
    if axis is None:
        return (tensor, None) if None in axes else None
    is_open = -len(axes) <= axis < len(axes) and axes[axis] is None
    return (tensor, axis) if is_open else None
