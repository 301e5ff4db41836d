"""Fixes that put something above or below the cell, where it is no part of the graph."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeGuard

from dlmagic.finding import Finding
from dlmagic.fixing.edit import Edit, statement_at
from dlmagic.fixing.moving import move_out
from dlmagic.fixing.variables import assign_to_variable, made_outside
from dlmagic.magics.graphmode.changed_inputs import changed_axes, changed_numbers, is_number
from dlmagic.magics.graphmode.changes import evaluate
from dlmagic.magics.graphmode.dialects import DIALECTS, Dialect, name_of_module
from dlmagic.magics.graphmode.fixes import only_speaks

_GRADIENTS = ("backward",)
_OF_TRAINING = (*_GRADIENTS, "step", "zero_grad")
_IN_PLACE = ("append", "extend", "add", "update", "insert", "appendleft", "setdefault")


@dataclass(frozen=True)
class OutsideFix:
    """A change of the cell together with cells above and below it.

    Attributes:
        text: The change in one sentence.
        code: The lines that the user writes.
        edits: The changes of the cell itself, from top to bottom.
        once: Runs before the first call.
        above: Runs before each call.
        below: Runs after each call.
        made: Targets that are made something else before the first call, each with what makes
            it: ``("n", "torch.tensor({0})")``.
    """

    text: str
    code: str
    edits: tuple[Edit, ...] = ()
    once: str = ""
    above: str = ""
    below: str = ""
    made: tuple[tuple[str, str], ...] = ()

    def applied_to(self, python: str) -> str:
        """The cell's text with the changes."""
        for edit in reversed(self.edits):
            python = edit.apply(python)
        return python


@dataclass(frozen=True)
class Problem:
    """A finding with what is known about the calls that led to it.

    Attributes:
        finding: The finding.
        source: The cell as Python, with the user's line numbers.
        framework: Such as ``"torch"``.
        namespace: The notebook's.
        first: The inputs of the first call.
        later: Those of the call that went wrong, or of the last one.
    """

    finding: Finding
    source: str
    framework: str
    namespace: Mapping[str, object]
    first: Mapping[str, object]
    later: Mapping[str, object]


def outside_fixes(problem: Problem) -> list[OutsideFix]:
    """What could stand outside of the graph, the likeliest first."""
    dialect = DIALECTS.get(problem.framework)
    if dialect is None:
        return []
    if problem.finding.kind == "recompile":
        return [*_numbers_as_arrays(problem, dialect), *_lengths_that_change(problem)]
    if problem.finding.kind == "baked-constant":
        changed = changed_numbers(problem.first, problem.later)
        known = set(problem.finding.operands) <= set(changed)
        return list(_numbers_as_arrays(problem, dialect)) if known else []
    return [*_in_variables(problem, dialect), *_moved_out(problem)]


def _numbers_as_arrays(problem: Problem, dialect: Dialect) -> Iterator[OutsideFix]:
    """The numbers that changed, as arrays: first the one that is told of, then all."""
    named = [name for name in problem.finding.operands if _is_number_at(name, problem)]
    changed = changed_numbers(problem.first, problem.later)
    together = tuple(dict.fromkeys([*named, *changed, *_attributes_that_change(problem)]))
    module = name_of_module(dialect.module, problem.namespace)
    for names in dict.fromkeys([tuple(named), together] if named else []):
        for template in dialect.scalars:
            made = tuple((name, template.format("{0}", module)) for name in names)
            array = dialect.array if len(names) == 1 else f"{dialect.array.split()[-1]}s"
            text = f"Make {_listed(names)} {array} in an earlier cell."
            yield OutsideFix(text, _assignments(made), made=made)


def _attributes_that_change(problem: Problem) -> list[str]:
    """Attributes that hold a number, and that the cell assigns: ``counter.count += 1``."""
    assigned = (
        ast.unparse(node)
        for node in ast.walk(ast.parse(problem.source))
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)
    )
    return [target for target in assigned if _is_number_at(target, problem)]


def _is_number_at(target: str, problem: Problem) -> bool:
    try:
        return is_number(evaluate(target, {**problem.namespace, **problem.first}))
    except LookupError:
        return False


def _lengths_that_change(problem: Problem) -> Iterator[OutsideFix]:
    """PyTorch's word for an axis of any length, in front of the cell."""
    axes = changed_axes(problem.first, problem.later)
    if problem.framework == "torch" and axes:
        torch = name_of_module("torch", problem.namespace)
        lines = [
            f"{torch}._dynamo.mark_dynamic({name}, {axis})"
            for name, changed in axes.items()
            for axis in changed
        ]
        text = "Say in front of the cell that the length changes."
        yield OutsideFix(text, "\n".join(lines), above="\n".join(lines))


def _in_variables(problem: Problem, dialect: Dialect) -> Iterator[OutsideFix]:
    """State in variables, which a graph of TensorFlow keeps between calls."""
    statement = _statement(problem)
    if dialect.root != "tensorflow" or statement is None:
        return
    kind = f"{name_of_module(dialect.root, problem.namespace)}.Variable"
    kept = assign_to_variable(statement)
    if kept is not None and _is_number_at(kept[0], problem):
        made = ((kept[0], f"{kind}({{0}})"),)
        text = f"Make {kept[0]} a variable in an earlier cell: {_assignments(made)}"
        yield OutsideFix(text, kept[1].code, (kept[1],), made=made)
    new = made_outside(statement, kind)
    if new is not None:
        text = f"Make the variable in an earlier cell, {new[0]}, and only give it its value here."
        yield OutsideFix(text, new[1].code, (new[1],), once=new[0])


def _moved_out(problem: Problem) -> Iterator[OutsideFix]:
    """Statements that do something besides computing, in a cell of their own."""
    tree = ast.parse(problem.source)
    statement = statement_at(tree, problem.finding.line) if problem.finding.line else None
    if statement not in tree.body or not _acts(statement):
        return
    alone = move_out(tree, [statement])
    if alone is not None and alone.above:
        text = "Move it to a cell of its own, above this one."
        yield OutsideFix(text, alone.code, alone.edits, above=alone.code)
    together = move_out(tree, _together(tree.body, statement))
    if together is not None:
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


def _statement(problem: Problem) -> ast.stmt | None:
    line = problem.finding.line
    return statement_at(ast.parse(problem.source), line) if line is not None else None


def _acts(statement: ast.stmt | None) -> TypeGuard[ast.stmt]:
    if statement is None:
        return False
    return only_speaks(statement) or _trains(statement) or _changes_in_place(statement)


def _trains(statement: ast.stmt, names: Sequence[str] = _OF_TRAINING) -> bool:
    """Whether it is a call such as ``loss.backward()`` or ``optimizer.step()``."""
    match statement:
        case ast.Expr(ast.Call(ast.Attribute(_, name))):
            return name in names
        case ast.Assign(_, ast.Call(ast.Attribute(_, "grad"))):
            return True
        case _:
            return False


def _changes_in_place(statement: ast.stmt) -> bool:
    match statement:
        case ast.Expr(ast.Call(ast.Attribute(_, name))):
            return name in _IN_PLACE
        case ast.AugAssign(ast.Attribute() | ast.Subscript()):
            return True
        case ast.Assign([ast.Attribute() | ast.Subscript()]):
            return True
        case _:
            return False


def _assignments(made: tuple[tuple[str, str], ...]) -> str:
    return "\n".join(f"{target} = {template.format(target)}" for target, template in made)


def _listed(names: tuple[str, ...]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
