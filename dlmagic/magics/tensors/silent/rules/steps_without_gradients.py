"""An optimiser none of whose parameters has a gradient when it steps."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from dlmagic.frameworks.operations import Event
from dlmagic.magics.tensors.silent.calls import blocks, calls_of, is_on, leads_to, owner_of
from dlmagic.magics.tensors.silent.idle_steps import IdleSteps
from dlmagic.magics.tensors.silent.rule import After, Listening, Mistake, Sure


class Rule(Listening):
    """A step after a backward pass that left none of the optimiser's parameters a gradient."""

    kind = "step-without-gradients"
    sure: Sure = "certain"

    def __init__(self) -> None:
        super().__init__()
        self._steps = IdleSteps()

    def hear(self, event: Event) -> None:
        """Backward passes and steps."""
        self._steps.hear(event)

    def mistakes(self, after: After) -> Iterable[Mistake]:
        """Each optimiser once, unless its model was made again: then another rule speaks."""
        for step in self._steps.idle():
            if after.training.renewed(step.held, step.reached) is not None:
                continue
            line = step.frame.line if step.frame else 0
            name = owner_of(after.tree, line, "step") or "The optimiser"
            clearing = _clearing_between(after, step.held, name, line)
            if clearing is not None:
                yield _cleared(name, clearing)
            elif not step.trainable and not self._steps.are_many:
                yield Mistake(
                    f"{name} changes nothing: all of its parameters are frozen.",
                    step.frame,
                    text="Give it those that are trained, or set requires_grad_(True).",
                )
            elif step.trainable:
                yield Mistake(
                    f"{name} changes nothing: backward() has reached none of its parameters.",
                    step.frame,
                    text="Take the loss from the model that it was made for, or make it anew from "
                    "the parameters of the model that is trained.",
                )


def _cleared(name: str, statement: ast.stmt) -> Mistake:
    text = ast.unparse(statement)
    return Mistake(
        f"{name} changes nothing: {text} stands between backward() and step(), which then finds no "
        "gradient.",
        line=statement.lineno,
        text="Move it before backward(), or behind step().",
        operands=(name,) if name.isidentifier() else (),
    )


def _clearing_between(after: After, held: frozenset[int], name: str, line: int) -> ast.stmt | None:
    """The statement that clears the optimiser's gradients after backward() and before step()."""
    for block in blocks(after.tree):
        last = next((k for k, each in enumerate(block) if leads_to(each, line, after.tree)), None)
        for statement in reversed(block[:last] if last is not None else []):
            if any(calls_of(statement, "backward")):
                break
            for owner, call in calls_of(statement, "zero_grad"):
                if is_on(statement, call.lineno) and (
                    owner == name or after.training.holds(owner, held)
                ):
                    return statement
    return None
