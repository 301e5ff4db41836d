"""A gradient that is None, since a tape of TensorFlow has not watched what was asked for."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from dlmagic.magics.tensors.explain.assigning import origin_of
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.rule import Candidate, Explained, Operand, operand
from dlmagic.magics.tensors.explain.sites import Site, tree_of
from dlmagic.magics.tensors.explain.values import MISSING

PATTERNS = (re.compile(r"NoneType"),)


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:  # noqa: ARG001
    """What the gradient was asked for, where that is no variable."""
    site = failure.site
    if site is None:
        return None
    asked = next(_asked(site, failure), None)
    if asked is None:
        return None
    gradient, tape, source = asked
    return Explained(
        kind="unwatched",
        message=f"{gradient} is None: {source.name} is no variable but a tensor, and a tape "
        "watches only variables by itself.",
        operands=(source,),
        candidates=(
            Candidate(
                f"Write {tape}.watch({source.name}) as the first line of the block of {tape}, or "
                f"make {source.name} a tf.Variable."
            ),
        ),
    )


def _asked(site: Site, failure: Failure) -> Iterator[tuple[str, str, Operand]]:
    """Gradients of the failed expression that are None, each with its tape and what it is for."""
    for node in _parts(site.node or site.statement):
        asking = node
        if isinstance(node, ast.Name):
            if site.names.get(node.id, MISSING) is not None:
                continue
            origin = origin_of(node.id, site, failure)
            asking = origin.value if origin is not None else node
        match asking:
            case ast.Call(ast.Attribute(ast.Name(tape), "gradient"), [_, ast.Name() as source]):
                given = operand(source, site)
                is_tape = _is_tape(site.names.get(tape))
                if is_tape and _is_unwatched(given) and not _is_watched(given.name, site):
                    yield ast.unparse(node), tape, given


def _parts(node: ast.AST | None) -> list[ast.AST]:
    """The operands of an operation, and the owner of an attribute."""
    match node:
        case ast.BinOp(left, _, right):
            return [left, right]
        case ast.AugAssign(_, _, value) | ast.UnaryOp(_, value):
            return [value]
        case ast.Attribute(owner) | ast.Call(ast.Attribute(owner)):
            return [owner]
        case _:
            return []


def _is_tape(value: object) -> bool:
    return type(value).__name__ == "GradientTape"


def _is_watched(name: str, site: Site) -> bool:
    """Whether a call in the same code asks a tape to watch it, or more."""
    tree = tree_of(site.file, site.frame)
    calls = [each for each in ast.walk(tree) if isinstance(each, ast.Call)] if tree else []
    asking = [e for e in calls if isinstance(e.func, ast.Attribute) and e.func.attr == "watch"]
    names = [each for call in asking for each in ast.walk(call) if isinstance(each, ast.Name)]
    return any(each.id == name for each in names)


def _is_unwatched(source: Operand) -> bool:
    """Whether it is a tensor that may have a gradient, and no variable."""
    known = source.description
    if known is None or "float" not in str(known.dtype):
        return False
    of_tensorflow = type(source.value).__module__.startswith("tensorflow.")
    return of_tensorflow and not hasattr(source.value, "assign")
