"""Inputs of another kind: arrays for numbers that change, axes that may have any length."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from dlmagic.magics.graphmode.changed_inputs import changed_axes, changed_numbers
from dlmagic.magics.graphmode.dialects import Dialect, name_of_module
from dlmagic.magics.graphmode.outside_fix import OutsideFix, Problem, assignments


def numbers_as_arrays(problem: Problem, dialect: Dialect) -> Iterator[OutsideFix]:
    """The numbers that changed, as arrays: first the one that is told of, then all."""
    named = [name for name in problem.finding.operands if problem.is_number_at(name)]
    changed = changed_numbers(problem.first, problem.later)
    together = tuple(dict.fromkeys([*named, *changed, *_attributes_that_change(problem)]))
    module = name_of_module(dialect.module, problem.namespace)
    for names in dict.fromkeys([tuple(named), together] if named else []):
        for template in dialect.scalars:
            made = tuple((name, template.format("{0}", module)) for name in names)
            array = dialect.array if len(names) == 1 else f"{dialect.array.split()[-1]}s"
            text = f"Make {_listed(names)} {array} in an earlier cell."
            yield OutsideFix(text, assignments(made), made=made)


def _attributes_that_change(problem: Problem) -> list[str]:
    """Attributes that hold a number, and that the cell assigns: ``counter.count += 1``."""
    assigned = (
        ast.unparse(node)
        for node in ast.walk(ast.parse(problem.source))
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)
    )
    return [target for target in assigned if problem.is_number_at(target)]


def lengths_that_change(problem: Problem) -> Iterator[OutsideFix]:
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


def _listed(names: tuple[str, ...]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
