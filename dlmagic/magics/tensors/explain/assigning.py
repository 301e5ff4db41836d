"""Where a name got its value: said only where the order of the lines tells it surely."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from dlmagic.magics.tensors.explain.bindings import (
    Binding,
    bindings,
    covers,
    inside,
    is_of_an_expression,
    loops_around,
)
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.sites import Place, Site
from dlmagic.magics.tensors.explain.sources import Code, code_of, codes_beside, function_around

_FORKS = (ast.If, ast.Try, ast.TryStar, ast.Match, ast.ExceptHandler, ast.match_case)


@dataclass(frozen=True)
class Origin:
    """Where a name got its value.

    Attributes:
        place: The line.
        value: The expression.
        statement: The whole assignment.
    """

    place: Place
    value: ast.expr
    statement: ast.stmt


def origin_of(name: str, site: Site, failure: Failure) -> Origin | None:
    """The last assignment to a name before the failure, in its function or the user's cells.

    None where the name may have got its value elsewhere; what changes a value, as ``+=`` does,
    is left aside.
    """
    found = _last(name, site, failure, (ast.AugAssign,))
    if found is None or found[1].value is None or not isinstance(found[1].node, ast.stmt):
        return None
    return Origin(found[0].place(found[1].node), found[1].value, found[1].node)


def came_from(name: str, failure: Failure) -> tuple[Place, ast.expr | None] | None:
    """Where a name of the failed line got its value: a line before it, or the call's argument.

    With it the value as it is written; None for that of a loop and the like.
    """
    site = failure.site
    if site is None:
        return None
    found = _last(name, site, failure)
    if found is not None:
        return found[0].place(found[1].node), found[1].value
    function = function_around(site)
    known = function is not None and not _of_name(name, function)
    return _of_argument(name, failure) if known else None


def _of_argument(name: str, failure: Failure) -> tuple[Place, ast.expr] | None:
    """The line that calls the function that failed, and what it gives for an argument."""
    site = failure.sites[-1]
    function = function_around(site)
    if function is None or len(failure.sites) < 2 or is_of_an_expression(name, site.statement):
        return None
    outer = failure.sites[-2]
    names = [each.arg for each in function.args.args if each.arg != "self"]
    given = outer.node.args if isinstance(outer.node, ast.Call) else []
    if name not in names or len(given) <= names.index(name) or outer.statement is None:
        return None
    return outer, given[names.index(name)]


def _last(
    name: str, site: Site, failure: Failure, aside: tuple[type[ast.stmt], ...] = ()
) -> tuple[Code, Binding] | None:
    """What gave a name its value, and in which code; without some kinds of statement."""
    here, around = code_of(site.file, site.cell), function_around(site)
    if here is None or is_of_an_expression(name, site.statement):
        return None
    scope = around or here.tree
    found = [each for each in _of_name(name, scope) if not isinstance(each.node, aside)]
    last = _before(found, site)
    if last is not None:
        return (here, last) if _is_sure(last, found, scope, site) else None
    if found and (around is not None or _in_a_round(found, scope, site)):
        return None
    return None if _is_local(name, site) else _of_other_code(name, site, failure, aside)


def _of_name(name: str, scope: ast.AST) -> list[Binding]:
    return [each for each in bindings(scope) if each.name == name]


def _before(found: Sequence[Binding], site: Site) -> Binding | None:
    """The last of them before the failed statement, as far as the order of lines tells."""
    own = site.statement
    start = (site.line, 0) if own is None else (own.lineno, own.col_offset)
    return next((each for each in reversed(found) if each.start < start), None)


def _is_sure(last: Binding, found: Sequence[Binding], scope: ast.AST, site: Site) -> bool:
    """Whether no other statement can have run since, and this one has."""
    since = found[found.index(last) + 1 :]
    if any(isinstance(each.node, ast.NamedExpr) for each in found):
        return False
    if _in_a_round(since, scope, site, last.start[0]):
        return False
    alone = len(found) == 1 and not isinstance(scope, ast.Module)
    return alone or not any(_is_one_way(arm, last, site.line) for arm in _arms(scope))


def _in_a_round(
    later: Sequence[Binding], scope: ast.AST, site: Site, line: int | None = None
) -> bool:
    """Whether a round before, of a loop that began after a line, may have run one of them."""
    around = loops_around(scope, site.line)
    loops = [each for each in around if line is None or not covers(each, line)]
    return any(covers(loop, each.start[0]) for loop in loops for each in later)


def _arms(scope: ast.AST) -> Iterator[list[ast.AST]]:
    """The blocks of which Python runs one, or one in part."""
    for node in inside(scope):
        if isinstance(node, _FORKS):
            yield from (list(getattr(node, key, [])) for key in ("body", "orelse"))


def _is_one_way(arm: Sequence[ast.AST], last: Binding, line: int) -> bool:
    """Whether a binding stands in a block that a line does not belong to."""
    first = any(covers(each, last.start[0]) for each in arm)
    return first and not any(covers(each, line) for each in arm)


def _is_local(name: str, site: Site) -> bool:
    """Whether a name belongs to the function that was running, or to one around it."""
    code = site.frame.f_code
    root = name.partition(".")[0]
    return root in {*code.co_varnames, *code.co_cellvars, *code.co_freevars}


def _of_other_code(
    name: str, site: Site, failure: Failure, aside: tuple[type[ast.stmt], ...]
) -> tuple[Code, Binding] | None:
    """The last assignment to a variable of the notebook, the newest cell first."""
    own = site.file if function_around(site) is None else None
    for code in codes_beside(site.file, failure.name_of_cell, name):
        running = (each for each in failure.sites if each.file == code.file and _is_outside(each))
        outer = next(running, None)
        found = [each for each in _of_name(name, code.tree) if not isinstance(each.node, aside)]
        last = found[-1] if outer is None and found else None
        last = _before(found, outer) if outer is not None else last
        if last is not None and code.file != own:
            sure = not any(_is_one_way(arm, last, 0) for arm in _arms(code.tree))
            return (code, last) if sure else None
    return None


def _is_outside(site: Site) -> bool:
    return site.frame.f_code.co_name == "<module>"
