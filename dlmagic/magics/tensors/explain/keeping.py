"""Losses that hold what was computed before the round in which they are needed."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from dlmagic.magics.tensors.explain.assigning import origin_of
from dlmagic.magics.tensors.explain.edits import line_with
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.rounds import Round
from dlmagic.magics.tensors.explain.rule import Candidate, Explained, Operand
from dlmagic.magics.tensors.explain.sites import Site


def of_kept(failure: Failure, running: Round, loss: Operand) -> Explained | None:
    """What a loss that is computed in every round holds of what was computed before."""
    adding = running.adding_to(loss.node)
    if adding is not None and running.loop is not None:
        return _of_sum(running, loss, *adding)
    parts = running.parts_from_before(loss.node) if loss.node is not None else []
    return _of_part(failure, running, loss, parts[0]) if parts else None


def _of_sum(running: Round, loss: Operand, statement: ast.stmt, added: ast.expr) -> Explained:
    return second_backward(
        f"{loss.name} still holds what the rounds before added to it in line {statement.lineno}, "
        "and their backward() has freed the values that this one needs.",
        loss,
        *_without_sum(running, statement, added),
        Candidate(
            f"Begin with a new {loss.name} in every round, or call {loss.name}.backward() once, "
            "after the loop."
        ),
    )


def _without_sum(running: Round, statement: ast.stmt, added: ast.expr) -> Iterator[Candidate]:
    """``backward`` of what one round adds, where it has a name."""
    site = running.site
    if isinstance(added, ast.Name) and running.runs_once_with(statement):
        code = f"{added.id}.backward()"
        line = line_with(site, {site.node: code}) if _is_plain(site.node) else None
        yield Candidate(f"Call it on what this round adds: {code}.", line)


def _is_plain(node: ast.expr | None) -> bool:
    """Whether it is a ``backward`` without arguments."""
    match node:
        case ast.Call(ast.Attribute(_, "backward"), [], []):
            return True
        case _:
            return False


def _of_part(failure: Failure, running: Round, loss: Operand, part: Operand) -> Explained:
    where = line_of(part, running.site, failure)
    again = (
        "in every round, within the loop" if running.loop is not None else "before each backward()"
    )
    return second_backward(
        f"{loss.name} depends on {part.name}, which was computed before"
        f"{f', in {where}' if where else ''}: an earlier backward() has freed the values that "
        "this one needs.",
        part,
        Candidate(f"Compute {part.name} again {again}; or cut it off: {part.name}.detach()."),
    )


def line_of(given: Operand, site: Site, failure: Failure) -> str:
    """The line that computes a name, or an empty text."""
    origin = origin_of(given.name, site, failure)
    return f"{origin.place.cell}, line {origin.place.line}" if origin else ""


def second_backward(message: str, operand: Operand, *candidates: Candidate) -> Explained:
    """What is said of a ``backward`` whose values are gone."""
    return Explained(
        kind="second-backward", message=message, operands=(operand,), candidates=candidates
    )
