"""What a value depends on that was computed before the round of a loop in which it is needed."""

from __future__ import annotations

import ast
import importlib
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dlmagic.frameworks.description import told
from dlmagic.magics.tensors.explain.bindings import Binding, bindings, loops_around
from dlmagic.magics.tensors.explain.hostile import is_a
from dlmagic.magics.tensors.explain.rule import Operand, operand
from dlmagic.magics.tensors.explain.sites import Site


@dataclass(frozen=True)
class Round:
    """What runs again and again around a place: a loop; without one the function or the cell.

    Attributes:
        site: The place.
        loop: The loop, or None.
        bound: What is given a value in it, by name.
    """

    site: Site
    loop: ast.AST | None
    bound: Mapping[str, Sequence[Binding]]

    def computes(self, node: ast.expr | None) -> bool:
        """Whether an expression, or the name that it is, gets its value there."""
        return not isinstance(node, ast.Name | ast.Attribute) or ast.unparse(node) in self.bound

    def adding_to(self, node: ast.expr | None) -> tuple[ast.stmt, ast.expr] | None:
        """The only statement that changes a name, where it adds to it, and what it adds."""
        found = self.bound.get(ast.unparse(node), ()) if isinstance(node, ast.Name) else ()
        match [each.node for each in found]:
            case [ast.AugAssign(_, ast.Add(), value) as statement]:
                return statement, value
            case [
                ast.Assign([ast.Name(name)], ast.BinOp(ast.Name(first), ast.Add(), value)) as whole
            ]:
                return (whole, value) if name == first else None
            case _:
                return None

    def runs_once_with(self, statement: ast.stmt) -> bool:
        """Whether a statement of the loop stands in no loop within it."""
        loops = loops_around(self.loop, statement.lineno) if self.loop is not None else []
        return not [each for each in loops if each is not self.loop]

    def parts_from_before(self, node: ast.expr) -> list[Operand]:
        """What an expression hangs on that was computed before, and whose values are freed."""
        found = (operand(each, self.site) for each in self._from_before(node))
        return [each for each in found if _is_freed(each.value)]

    def _from_before(self, node: ast.expr) -> Iterator[ast.expr]:
        waiting, seen = [node], set[str]()
        while waiting:
            for part in _names(waiting.pop(0)):
                name = ast.unparse(part)
                own = [each for each in self.bound.get(name, ()) if self._has_run(each)]
                if name not in seen and not own:
                    yield part
                if name not in seen:
                    waiting += [value for each in own if (value := _value(each)) is not None]
                seen.add(name)

    def _has_run(self, binding: Binding) -> bool:
        return binding.start[0] <= self.site.line


def round_of(site: Site, scope: ast.AST) -> Round:
    """The innermost loop around a place, or else its function or cell."""
    loops = loops_around(scope, site.line)
    bound: dict[str, list[Binding]] = {}
    for each in bindings(loops[0] if loops else scope):
        bound.setdefault(each.name, []).append(each)
    return Round(site, loops[0] if loops else None, bound)


def _names(node: ast.expr) -> Iterator[ast.expr]:
    return (each for each in ast.walk(node) if isinstance(each, ast.Name | ast.Attribute))


def _value(binding: Binding) -> ast.expr | None:
    match binding.node:
        case ast.AugAssign(_, _, value):
            return value
        case ast.For(_, given):
            return given
        case _:
            return binding.value


def _is_freed(value: object) -> bool:
    torch: Any = sys.modules.get("torch")
    if torch is None or not is_a(value, torch.Tensor):
        return False
    graph = importlib.import_module("dlmagic.frameworks.torch.autograd_graph")
    return bool(told(lambda: graph.is_freed(value)))
