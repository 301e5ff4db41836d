"""A scheduler that steps ahead of the optimiser, and skips the first learning rate."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from dlmagic.frameworks.operations import Event, Step
from dlmagic.magics.tensors.silent.calls import blocks, leads_to, loops, stepping
from dlmagic.magics.tensors.silent.rule import After, Listening, Mistake, Sure


class Rule(Listening):
    """Where both step in one loop, in the wrong order, and the optimiser had not stepped before."""

    kind = "scheduler-before-step"
    sure: Sure = "certain"

    def __init__(self) -> None:
        super().__init__()
        self._first: dict[int, Step] = {}

    def hear(self, event: Event) -> None:
        """The first step of each optimiser."""
        if isinstance(event, Step):
            self._first.setdefault(event.optimizer, event)

    def mistakes(self, after: After) -> Iterable[Mistake]:
        """Each call of a scheduler once."""
        told: set[int] = set()
        for step in self._first.values():
            if after.training.has_stepped(step.optimizer) or step.frame is None:
                continue
            for name, statement in _ahead_of(step, after.tree):
                if statement.lineno not in told and _is_for(name, step, after):
                    told.add(statement.lineno)
                    yield _mistake(name, statement)


def _ahead_of(step: Step, tree: ast.Module) -> Iterator[tuple[str, ast.stmt]]:
    """Statements ``x.step()`` that always run ahead of a step, in a loop that has both."""
    for loop in loops(tree):
        for block in blocks(loop):
            last = next((k for k, each in enumerate(block) if leads_to(each, step, tree)), 0)
            for statement in block[:last]:
                match statement:
                    # With an epoch as argument it is told which rate to go to.
                    case ast.Expr(ast.Call(ast.Attribute(ast.expr() as owner, "step"), [], [])):
                        yield ast.unparse(owner), statement
                    case _:
                        continue


def _is_for(name: str, step: Step, after: After) -> bool:
    """Whether a name is that of a scheduler of the optimiser, also within a function."""
    scheduled = after.training.scheduled(name)
    if scheduled is not None:
        return scheduled == step.optimizer
    for node in ast.walk(after.tree):
        match node:
            case ast.Assign([target], ast.Call(func, [first, *_])) if ast.unparse(target) == name:
                if after.training.is_scheduler(ast.unparse(func).rpartition(".")[2]):
                    return ast.unparse(first) == stepping(after.tree, step)
            case _:
                continue
    return False


def _mistake(name: str, statement: ast.stmt) -> Mistake:
    return Mistake(
        f"{name} steps before the optimiser does: the first learning rate of its schedule is "
        "skipped.",
        line=statement.lineno,
        text=f"Move {ast.unparse(statement)} to a line after the optimiser's step().",
        operands=(name,) if name.isidentifier() else (),
    )
