"""Calls that draw random numbers with a key, and whether two of them may share it."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from dlmagic.magics.tensors.silent.parents import Parents

_DRAWS = frozenset(
    {
        *("normal", "uniform", "randint", "bernoulli", "categorical", "choice", "permutation"),
        *("gumbel", "truncated_normal", "exponential", "gamma", "beta", "laplace", "logistic"),
        *("cauchy", "poisson", "multivariate_normal", "dirichlet", "rademacher", "bits", "ball"),
        *("orthogonal", "t", "chisquare", "binomial"),
    }
)
_COMPARISONS = frozenset(
    {"allclose", "array_equal", "isclose", "assert_allclose", "assert_array_equal", "print"}
)
_ROUNDS = frozenset({"range", "enumerate", "trange"})


def draws_of_line(tree: ast.Module, line: int) -> list[ast.Call]:
    """Calls such as ``jax.random.normal(key, ...)`` that begin in a line."""
    return [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and node.lineno == line
        and _called(node) in _DRAWS
        and name_of_key(node)
    ]


def name_of_key(call: ast.Call) -> str:
    """The name of the key that a draw takes; empty where it is no name."""
    named = [each.value for each in call.keywords if each.arg == "key"]
    key = next(iter([*call.args[:1], *named]), None)
    return key.id if isinstance(key, ast.Name) else ""


def is_shown(parents: Parents, call: ast.Call) -> bool:
    """Whether numbers are only looked at: nothing is computed with them."""
    around = list(parents.above(call))
    compares = any(_is_comparison(each) for each in around)
    return compares or isinstance(around[0], ast.Expr)


def is_in_rounds(parents: Parents, call: ast.Call) -> bool:
    """Whether a loop runs a call again: one that counts rounds, not one over what to compare."""
    for each in parents.in_scope(call):
        if isinstance(each, ast.While):
            return True
        if isinstance(each, ast.For) and _counts(each.iter):
            return True
        if isinstance(each, ast.ListComp | ast.GeneratorExp | ast.DictComp | ast.SetComp):
            return any(_counts(part.iter) for part in each.generators)
    return False


def are_apart(tree: ast.Module, parents: Parents, one: ast.Call, other: ast.Call) -> bool:
    """Whether two draws do not belong to one run of the same code, or are to be compared."""
    if parents.scope(one) is not parents.scope(other) or name_of_key(one) != name_of_key(other):
        return True
    ending = parents.statement(one)
    if isinstance(ending, ast.Return) and ending is not parents.statement(other):
        return True
    return _exclude_each_other(parents, one, other) or _are_compared(tree, parents, one, other)


def _exclude_each_other(parents: Parents, one: ast.Call, other: ast.Call) -> bool:
    """Whether they stand in two branches of an ``if``."""
    above = [{id(each) for each in (call, *parents.above(call))} for call in (one, other)]
    for each in parents.in_scope(one):
        if isinstance(each, ast.If | ast.IfExp):
            branches = [_branch(each, chain) for chain in above]
            if None not in branches and branches[0] != branches[1]:
                return True
    return False


def _branch(choice: ast.If | ast.IfExp, chain: set[int]) -> str | None:
    for name in ("body", "orelse"):
        part = getattr(choice, name)
        nodes = part if isinstance(part, list) else [part]
        if any(id(node) in chain for node in nodes):
            return name
    return None


def _are_compared(tree: ast.Module, parents: Parents, one: ast.Call, other: ast.Call) -> bool:
    names = [set(_assigned(parents.statement(each))) for each in (one, other)]
    for node in ast.walk(tree):
        if _is_comparison(node):
            used = {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}
            if all(names) and all(used & each for each in names):
                return True
    return False


def _assigned(statement: ast.stmt) -> Iterator[str]:
    targets = statement.targets if isinstance(statement, ast.Assign) else []
    for each in targets:
        yield from (node.id for node in ast.walk(each) if isinstance(node, ast.Name))


def _is_comparison(node: ast.AST) -> bool:
    named = isinstance(node, ast.Call) and _called(node) in _COMPARISONS
    return named or isinstance(node, ast.Compare | ast.Assert)


def _called(call: ast.Call) -> str:
    return ast.unparse(call.func).rpartition(".")[2]


def _counts(iterated: ast.expr) -> bool:
    return isinstance(iterated, ast.Call) and _called(iterated) in _ROUNDS
