"""State and side effects, out of the graph: in cells of their own, or in variables."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from typing import TypeGuard

from dlmagic.fixing.edit import statement_at
from dlmagic.fixing.moving import move_out
from dlmagic.fixing.variables import assign_to_variable, made_outside
from dlmagic.magics.graphmode.dialects import Dialect, name_of_module
from dlmagic.magics.graphmode.fixes import only_speaks
from dlmagic.magics.graphmode.outside_fix import OutsideFix, Problem, assignments

_GRADIENTS = ("backward",)
_OF_TRAINING = (*_GRADIENTS, "step", "zero_grad")


def in_variables(problem: Problem, dialect: Dialect) -> Iterator[OutsideFix]:
    """State in variables, which a graph of TensorFlow keeps between calls."""
    line = problem.finding.line
    statement = statement_at(ast.parse(problem.source), line) if line is not None else None
    if dialect.root != "tensorflow" or statement is None:
        return
    kind = f"{name_of_module(dialect.root, problem.namespace)}.Variable"
    kept = assign_to_variable(statement)
    if kept is not None and problem.is_number_at(kept[0]):
        made = ((kept[0], f"{kind}({{0}})"),)
        text = f"Make {kept[0]} a variable in an earlier cell: {assignments(made)}"
        yield OutsideFix(text, kept[1].code, (kept[1],), made=made)
    new = made_outside(statement, kind)
    if new is not None:
        text = f"Make the variable in an earlier cell, {new[0]}, and only give it its value here."
        yield OutsideFix(text, new[1].code, (new[1],), once=new[0])


def moved_out(problem: Problem) -> Iterator[OutsideFix]:
    """Statements that do something besides computing, in a cell of their own."""
    tree = ast.parse(problem.source)
    statement = statement_at(tree, problem.finding.line) if problem.finding.line else None
    if statement not in tree.body or not (_acts(statement) or _calls(statement, problem)):
        return
    alone = move_out(tree, [statement])
    if alone is not None and alone.above:
        text = "Move it to a cell of its own, above this one."
        yield OutsideFix(text, alone.code, alone.edits, above=alone.code)
    together = move_out(tree, _together(tree.body, statement))
    # What is only read, such as a time, must not be read later than it is.
    if together is not None and (_acts(statement) or statement is tree.body[-1]):
        text = "Move it to a cell of its own, below this one."
        yield OutsideFix(text, together.code, together.edits, below=together.code)


def _together(body: Sequence[ast.stmt], statement: ast.stmt) -> Sequence[ast.stmt]:
    """A statement with those that must stay in order with it."""
    place = body.index(statement)
    if only_speaks(statement):
        return [each for each in body[place:] if only_speaks(each)]
    begin = next((k for k, each in enumerate(body) if _trains(each, _GRADIENTS)), len(body))
    if _trains(statement) and place >= begin:
        return [each for each in body[begin:] if _trains(each)]
    return [statement]


def _acts(statement: ast.stmt | None) -> TypeGuard[ast.stmt]:
    if statement is None:
        return False
    return only_speaks(statement) or _trains(statement) or _does_something(statement)


def _trains(statement: ast.stmt, names: Sequence[str] = _OF_TRAINING) -> bool:
    """Whether it is a call such as ``loss.backward()`` or ``optimizer.step()``."""
    match statement:
        case ast.Expr(ast.Call(ast.Attribute(_, name))):
            return name in names
        case ast.Assign(_, ast.Call(ast.Attribute(_, "grad"))):
            return True
        case _:
            return False


def _calls(statement: ast.stmt | None, problem: Problem) -> bool:
    """Whether it takes the result of something that Dynamo does not capture."""
    match statement:
        case ast.Assign([ast.Name()], ast.Call()):
            return problem.finding.kind == "graph-break"
        case _:
            return False


def _does_something(statement: ast.stmt) -> bool:
    """Whether it is there for what it does: a call alone, a write to something that exists."""
    match statement:
        case ast.Expr(ast.Call()):
            return True
        case ast.AugAssign(ast.Attribute() | ast.Subscript()):
            return True
        case ast.Assign([ast.Attribute() | ast.Subscript()]):
            return True
        case _:
            return False
