"""What two losses share, between whose passes an optimiser steps, as a generator's pictures."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from dlmagic.magics.tensors.explain.bindings import Binding, inside
from dlmagic.magics.tensors.explain.computing import value_of
from dlmagic.magics.tensors.explain.edits import line_with
from dlmagic.magics.tensors.explain.keeping import second_backward
from dlmagic.magics.tensors.explain.rounds import Round
from dlmagic.magics.tensors.explain.rule import Candidate, Explained, Operand
from dlmagic.magics.tensors.explain.sources import code_of


@dataclass(frozen=True)
class _Use:
    """A name in an expression, and the statement that has given it its value."""

    name: ast.Name
    expression: ast.expr
    binding: Binding


def of_shared(running: Round, scope: ast.AST, loss: Operand, before: ast.Call) -> Explained | None:
    """What the first of two losses went through and freed, where the second goes through it, too.

    Args:
        running: What runs again and again around the second ``backward``.
        scope: The function or the cell.
        loss: The second loss.
        before: The ``backward`` of the first.
    """
    first, site = before.func, running.site
    if not isinstance(first, ast.Attribute) or loss.node is None:
        return None
    if not _steps_between(scope, before, site.line):
        return None
    also = {each.binding.start for each in _behind(running.bound, loss.node)}
    uses = (each for each in _behind(running.bound, first.value) if each.binding.start in also)
    use = next((each for each in uses if _has_graph(value_of(each.name, site))), None)
    return None if use is None else _explained(running, loss, before, use)


def _explained(running: Round, loss: Operand, before: ast.Call, use: _Use) -> Explained:
    assert isinstance(before.func, ast.Attribute)
    name, site, one = use.name.id, running.site, ast.unparse(before.func.value)
    code = code_of(site.file, site.cell)
    place = code.place(use.name) if code else site
    uses = [each for each in ast.walk(use.expression) if isinstance(each, ast.Name)]
    line = line_with(place, {each: f"{name}.detach()" for each in uses if each.id == name})
    return second_backward(
        f"{ast.unparse(before)} in line {before.lineno} has gone back through {name}, and freed "
        f"the values that {loss.name} needs to go through it, too.",
        Operand(name, value_of(use.name, site), use.name),
        Candidate(
            f"Cut {name} off, if {one} is not to train what made it: {name}.detach(). "
            f"If it is, call ({one} + {loss.name}).backward() once.",
            line,
            None,
            place,
        ),
    )


def _steps_between(scope: ast.AST, before: ast.Call, line: int) -> bool:
    """Whether an optimiser steps after a ``backward`` and above a line."""
    for node in inside(scope):
        match node:
            case ast.Call(ast.Attribute(_, "step")) if before.lineno <= node.lineno < line:
                return True
    return False


def _behind(bound: Mapping[str, Sequence[Binding]], node: ast.expr) -> Iterator[_Use]:
    """The names that an expression is computed from, the nearest first."""
    waiting, seen = [node], set[tuple[int, int]]()
    while waiting:
        expression = waiting.pop(0)
        for name in ast.walk(expression):
            binding = _binding_of(bound, name) if isinstance(name, ast.Name) else None
            if binding is None or binding.start in seen:
                continue
            seen.add(binding.start)
            assert isinstance(name, ast.Name)
            yield _Use(name, expression, binding)
            if binding.value is not None:
                waiting.append(binding.value)


def _binding_of(bound: Mapping[str, Sequence[Binding]], name: ast.Name) -> Binding | None:
    """The statement above a name that has given it its value."""
    at = name.lineno, name.col_offset
    above = [each for each in bound.get(name.id, ()) if _end(each) <= at]
    return above[-1] if above else None


def _end(binding: Binding) -> tuple[int, int]:
    node = binding.node
    return node.end_lineno or node.lineno, node.end_col_offset or node.col_offset


def _has_graph(value: object) -> bool:
    return getattr(value, "grad_fn", None) is not None
