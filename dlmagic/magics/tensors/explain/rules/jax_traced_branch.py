"""A branch of Python that depends on an array while JAX traces the function."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from dlmagic.magics.tensors.explain.calls import module_name
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.rewriting import rewritten
from dlmagic.magics.tensors.explain.rule import Candidate, Explained, Operand
from dlmagic.magics.tensors.explain.sites import Site
from dlmagic.magics.tensors.explain.traced import marking, traced_names

PATTERNS = (
    re.compile(r"Attempted boolean conversion of traced array"),
    re.compile(r"The problem arose with the `bool` function"),
)
_SIGNS = {ast.And: "&", ast.Or: "|"}
_WORDS = {ast.If: "if ", ast.While: "while ", ast.Assert: "assert "}


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:  # noqa: ARG001
    """Which condition, which array it depends on, and what takes both ways at once."""
    site = failure.site
    test = _test(site)
    traced = traced_names(test, site) if site and test else []
    if site is None or test is None or not traced:
        return None
    word = _WORDS.get(type(site.statement), "")
    return Explained(
        kind="traced-branch",
        message=f'Python decides "{word}{ast.unparse(test)}" once, while JAX traces '
        f"{site.frame.f_code.co_name}, where {traced[0].name} has no numbers yet.",
        operands=tuple(traced),
        candidates=tuple(_candidates(failure, site, test, traced)),
    )


def _test(site: Site | None) -> ast.expr | None:
    if site is None:
        return None
    if isinstance(site.statement, ast.If | ast.While | ast.Assert):
        return site.statement.test
    return site.node


def _candidates(
    failure: Failure, site: Site, test: ast.expr, traced: list[Operand]
) -> Iterator[Candidate]:
    where = f"{module_name(site, 'jax.numpy', 'jnp')}.where"
    choice = _choice(site, test)
    if choice is not None:
        parts = ", ".join(map(ast.unparse, (choice.test, choice.body, choice.orelse)))
        code = f"{where}({parts})"
        yield rewritten(site, "Choose element by element.", {choice: code}, choice)
    elif isinstance(test, ast.BoolOp):
        sign = f" {_SIGNS[type(test.op)]} "
        code = sign.join(f"({ast.unparse(each)})" for each in test.values)
        if not isinstance(site.statement, ast.If | ast.While | ast.Assert):
            yield rewritten(site, "Join the conditions as arrays.", {test: code}, test)
    else:
        yield from list(marking(traced, failure)) or [Candidate(_otherwise(site, where))]


def _otherwise(site: Site, where: str) -> str:
    if isinstance(site.statement, ast.While):
        return "Write the loop as jax.lax.while_loop, whose condition may be an array."
    return f"Choose with {where}(condition, a, b), or branch with jax.lax.cond."


def _choice(site: Site, test: ast.expr) -> ast.IfExp | None:
    """The expression ``a if test else b`` around a condition."""
    nodes = ast.walk(site.statement) if site.statement else ()
    choices = (each for each in nodes if isinstance(each, ast.IfExp))
    return next((each for each in choices if each.test is test), None)
