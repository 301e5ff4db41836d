"""A condition that is an array: neither true nor false."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from dlmagic.magics.tensors.explain.calls import module_name
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.rewriting import rewritten
from dlmagic.magics.tensors.explain.rule import Candidate, Explained, Operand, known, operand
from dlmagic.magics.tensors.explain.sites import Site

PATTERNS = (
    re.compile(r"truth value of an array with more than one element is ambiguous"),
    re.compile(r"truth value of an empty array is ambiguous"),
)
_SIGNS = {ast.And: "&", ast.Or: "|"}


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:  # noqa: ARG001
    """Which array is asked for one answer, and how to ask for it, or for one per element."""
    site = failure.site
    node = _condition(site)
    if site is None or node is None:
        return None
    arrays = [each for each in known(_arrays(node, site)) if each.shape not in ((), None)]
    if not arrays:
        return None
    array = arrays[0]
    axes = " × ".join(map(str, array.shape or ()))
    return Explained(
        kind="ambiguous-truth",
        message=f"One True or False is needed here; {array.name} has {axes} of them.",
        operands=(array,),
        candidates=tuple(_candidates(site, node, array)),
    )


def _condition(site: Site | None) -> ast.expr | None:
    if site is None:
        return None
    if site.node is None and isinstance(site.statement, ast.While | ast.If | ast.Assert):
        return site.statement.test
    return site.node


def _arrays(node: ast.expr, site: Site) -> list[Operand]:
    match node:
        case ast.BoolOp(_, values):
            parts = values
        case ast.Compare(left, [_, _, *_], others):
            parts = [left, *others]
        case ast.UnaryOp(ast.Not(), value):
            parts = [value]
        case ast.Call(ast.Name("bool"), [value]):
            parts = [value]
        case _:
            parts = [node]
    return [operand(part, site) for part in parts]


def _candidates(site: Site, node: ast.expr, array: Operand) -> Iterator[Candidate]:
    """Element by element where conditions are joined; otherwise whether any or all are true."""
    match node:
        case ast.BoolOp(sign, values):
            joined = f" {_SIGNS[type(sign)]} ".join(f"({ast.unparse(each)})" for each in values)
            text = f"Join them element by element, with {_SIGNS[type(sign)]} and brackets."
            yield rewritten(site, text, {node: joined}, node)
        case ast.Compare(_, [_, _, *_], _):
            pairs = _pairs(node)
            yield rewritten(
                site,
                "Write two comparisons, and join them element by element with &.",
                {node: pairs},
                node,
            )
        case _:
            target = array.node or node
            for name in ("any", "all"):
                code = _reduced(site, target, array, name)
                text = f"Ask whether {'at least one is' if name == 'any' else 'all are'} true."
                yield rewritten(site, text, {target: code}, target)


def _pairs(node: ast.Compare) -> str:
    sides = [node.left, *node.comparators]
    pairs = zip(sides[:-1], node.ops, sides[1:], strict=True)
    return " & ".join(f"({ast.unparse(ast.Compare(a, [sign], [b]))})" for a, sign, b in pairs)


def _reduced(site: Site, node: ast.expr, array: Operand, name: str) -> str:
    code = ast.unparse(node)
    simple = isinstance(node, ast.Name | ast.Attribute | ast.Call | ast.Subscript)
    if hasattr(array.value, name):
        return f"{code if simple else f'({code})'}.{name}()"
    return f"{module_name(site, 'tensorflow', 'tf')}.reduce_{name}({code})"
