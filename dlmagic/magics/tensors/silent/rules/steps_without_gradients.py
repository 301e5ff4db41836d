"""An optimiser none of whose parameters has a gradient when it steps."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from dlmagic.frameworks.operations import Event, Operation, Step
from dlmagic.magics.tensors.silent.calls import blocks, calls_of, is_on, leads_to, stepping
from dlmagic.magics.tensors.silent.cuts import Cuts
from dlmagic.magics.tensors.silent.idle_steps import IdleSteps
from dlmagic.magics.tensors.silent.rule import After, Listening, Mistake, Sure

_TO_ZERO = ("zero_", "_foreach_zero_")


class Rule(Listening):
    """A step after a backward pass that left none of the optimiser's parameters a gradient."""

    kind = "step-without-gradients"
    sure: Sure = "certain"

    def __init__(self) -> None:
        super().__init__()
        self._steps = IdleSteps()
        self._cuts = Cuts()
        self._cut: set[int] = set()
        self._zeroed = False
        self._after_zeros: list[Step] = []

    def hear(self, event: Event) -> None:
        """Backward passes and steps."""
        self._steps.hear(event)
        if self._cuts.hear(event) and isinstance(event, Step):
            self._cut.add(event.optimizer)  # another rule names the place
        if isinstance(event, Operation) and event.name in ("backward", *_TO_ZERO):
            self._zeroed = event.name in _TO_ZERO
        elif isinstance(event, Step) and self._zeroed:
            self._after_zeros.append(event)

    def mistakes(self, after: After) -> Iterable[Mistake]:
        """Each optimiser once, unless its model was made again: then another rule speaks."""
        idle = self._steps.idle()
        for step in {each.optimizer: each for each in (*self._after_zeros, *idle)}.values():
            name = stepping(after.tree, step) or "The optimiser"
            clearing = _clearing_between(after, step, name)
            if clearing is not None:
                yield _cleared(name, clearing)
            elif step.optimizer in self._cut or step not in idle:
                continue
            elif after.training.renewed(step.held, self._steps.reached) is None:
                yield from self._idle(step, name)

    def _idle(self, step: Step, name: str) -> Iterator[Mistake]:
        """Nothing for frozen parameters of one optimiser among several: they may thaw."""
        if step.trainable:
            message = f"{name} changes nothing: backward() has reached none of its parameters."
            advice = (
                "Take the loss from the model that it was made for, or make it again from the "
                "parameters of the model that is trained."
            )
            yield Mistake(message, step.frame, text=advice)
        elif not self._steps.are_many:
            message = f"{name} changes nothing: all of its parameters are frozen."
            advice = "Give it those that are trained, or set requires_grad_(True)."
            yield Mistake(message, step.frame, text=advice)


def _cleared(name: str, statement: ast.stmt) -> Mistake:
    text = ast.unparse(statement)
    return Mistake(
        f"{name} changes nothing: {text} stands between backward() and step(), which then finds no "
        "gradient.",
        line=statement.lineno,
        text="Move it before backward(), or after step().",
        operands=(name,) if name.isidentifier() else (),
    )


def _clearing_between(after: After, step: Step, name: str) -> ast.stmt | None:
    """The statement that clears the optimiser's gradients after backward() and before step()."""
    line = step.frame.line if step.frame is not None else 0
    for block in blocks(after.tree):
        last = next((k for k, each in enumerate(block) if leads_to(each, line, after.tree)), None)
        for statement in reversed(block[:last] if last is not None else []):
            if any(calls_of(statement, "backward")):
                break
            for owner, call in calls_of(statement, "zero_grad"):
                if is_on(statement, call.lineno) and (
                    owner == name or after.training.holds(owner, step.held)
                ):
                    return statement
    return None
