"""A tape of TensorFlow that is asked twice, or has not seen how the loss was computed."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from dlmagic.magics.tensors.explain.calls import called
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.keras_calls import edited_lines
from dlmagic.magics.tensors.explain.rule import Explained
from dlmagic.magics.tensors.explain.sites import Site, tree_of
from dlmagic.magics.tensors.explain.values import stored_value

PATTERNS = (
    re.compile(r"A non-persistent GradientTape can only be used to compute one set"),
    re.compile(r"No gradients provided for any variable"),
)


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:
    """Which tape, and what it needs."""
    site, call = failure.site, called(failure.site)
    if site is None or call is None:
        return None
    if match.re is PATTERNS[0]:
        return _asked_again(site, call.node)
    return _not_recorded(site, call.node)


def _asked_again(site: Site, node: ast.Call) -> Explained | None:
    name = _owner(node)
    if name is None:
        return None
    text = "Make it persistent, and delete it when it is no longer needed."
    changes = (
        (each.context_expr, _persistent(each.context_expr)) for _, each in _tapes(site, name)
    )
    return Explained(
        kind="tape-asked-again",
        message=f"{name} gives gradients once, and was asked before.",
        candidates=tuple(edited_lines(site, changes, text)[-1:]),
    )


def _persistent(maker: ast.expr) -> str:
    code = ast.unparse(maker)
    return f"{code[:-1]}{'' if code.endswith('()') else ', '}persistent=True)"


def _not_recorded(site: Site, node: ast.Call) -> Explained | None:
    """Where all gradients are None, since the loss is computed outside of the tape's block."""
    asked = [each for each in _calls(site) if each.lineno <= node.lineno]
    for each in reversed(asked):
        target = each.args[0] if each.args else None
        tape = _owner(each)
        if isinstance(target, ast.Name) and tape is not None:
            return _outside(site, tape, target.id) if _gives_nothing(site, node) else None
    return None


def _outside(site: Site, tape: str, target: str) -> Explained | None:
    blocks = [block for block, _ in _tapes(site, tape)]
    lines = [each for each in _bound(site, target) if each <= site.line]
    recorded = [k for each in blocks for k in range(each.lineno, (each.end_lineno or 0) + 1)]
    if not recorded or not lines or lines[-1] < recorded[-1] or set(lines) & set(recorded):
        return None
    return Explained(
        kind="loss-outside-tape",
        message=f"{target} is computed outside of the block of {tape} (line {lines[-1]}), which "
        "records only what runs inside of it: all gradients are None.",
        candidates=tuple(edited_lines(site, iter(()), f"Move line {lines[-1]} into the block.")),
    )


def _gives_nothing(site: Site, node: ast.Call) -> bool:
    """Whether the gradients that are handed to the optimiser are known, and all None."""
    given = node.args[0] if node.args else None
    if isinstance(given, ast.Call) and ast.unparse(given.func) == "zip" and given.args:
        given = given.args[0]
    gradients = stored_value(given, site)
    return isinstance(gradients, list | tuple) and all(each is None for each in gradients)


def _owner(node: ast.Call) -> str | None:
    match node.func:
        case ast.Attribute(ast.Name(name), "gradient" | "jacobian"):
            return name
    return None


def _nodes(site: Site) -> Iterator[ast.AST]:
    tree = tree_of(site.file, site.frame)
    return ast.walk(tree) if tree else iter(())


def _tapes(site: Site, name: str) -> list[tuple[ast.With, ast.withitem]]:
    """The blocks that record on a tape of this name, above the line that failed."""
    return [
        (node, item)
        for node in _nodes(site)
        if isinstance(node, ast.With) and node.lineno <= site.line
        for item in node.items
        if isinstance(item.optional_vars, ast.Name) and item.optional_vars.id == name
        if ast.unparse(item.context_expr).partition("(")[0].endswith("GradientTape")
    ]


def _calls(site: Site) -> list[ast.Call]:
    calls = [each for each in _nodes(site) if isinstance(each, ast.Call) and _owner(each)]
    return sorted(calls, key=lambda each: each.lineno)


def _bound(site: Site, name: str) -> list[int]:
    """The lines in which a name gets a value."""
    names = [each for each in _nodes(site) if isinstance(each, ast.Name) and each.id == name]
    return sorted(each.lineno for each in names if isinstance(each.ctx, ast.Store))
