"""An optimiser none of whose parameters has a gradient when it steps."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable, Iterator
from itertools import takewhile

from dlmagic.frameworks.captured import Span
from dlmagic.frameworks.operations import Event, Operation, Step
from dlmagic.magics.tensors.silent.calls import blocks, calls_of, leads_to, stepping
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
        self._backward: dict[Span | None, Operation] = {}
        self._zeroed = False
        self._after_zeros: list[Step] = []

    def hear(self, event: Event) -> None:
        """Backward passes and steps."""
        self._steps.hear(event)
        if self._cuts.hear(event) and isinstance(event, Step):
            self._cut.add(event.optimizer)  # another rule names the place
        if isinstance(event, Operation) and event.name in ("backward", *_TO_ZERO):
            self._zeroed = event.name in _TO_ZERO
            if not self._zeroed:
                self._backward[event.span] = event
        elif isinstance(event, Step) and self._zeroed:
            self._after_zeros.append(event)

    def mistakes(self, after: After) -> Iterable[Mistake]:
        """Each optimiser once, unless its model was made again: then another rule speaks."""
        return dict.fromkeys(self._told_of(after))  # a loop has one name for several

    def _told_of(self, after: After) -> Iterator[Mistake]:
        idle = self._steps.idle()
        for step in {each.optimizer: each for each in (*self._after_zeros, *idle)}.values():
            name = stepping(after.tree, step) or "The optimiser"
            clearing = _clearing_between(after, step, name, self._backward.values())
            if clearing is not None:
                yield _cleared(name, clearing)
            elif step.optimizer in self._cut or step not in idle:
                continue
            elif after.training.renewed(step.held, self._steps.reached) is None:
                yield from self._idle(step, name)

    def _idle(self, step: Step, name: str) -> Iterator[Mistake]:
        """Nothing for frozen parameters of one optimiser among several: they may thaw."""
        if step.came:
            message = (
                f"{name} changes nothing: its gradients are cleared between backward() and step()."
            )
            text = "Clear them before backward(), or after step()."
            yield Mistake(message, step.frame, text=text)
        elif step.trainable:
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


def _cleared(name: str, clearing: ast.Call) -> Mistake:
    text = ast.unparse(clearing)
    return Mistake(
        f"{name} changes nothing: {text} stands between backward() and step(), which then finds no "
        "gradient.",
        line=clearing.lineno,
        text="Move it before backward(), or after step().",
        operands=(name,) if name.isidentifier() else (),
    )


def _clearing_between(
    after: After, step: Step, name: str, backward: Collection[Operation]
) -> ast.Call | None:
    """The call that clears the optimiser's gradients after backward() and before step()."""
    for statement in _between(backward, step, after.tree):
        for owner, call in calls_of(statement, "zero_grad"):
            if owner == name or after.training.holds(owner, step.held):
                return call
    return None


def _between(backward: Collection[Operation], step: Step, tree: ast.Module) -> Iterator[ast.stmt]:
    """Statements that run after a backward pass and ahead of the step, the last first."""

    def goes_back(statement: ast.stmt) -> bool:
        return any(leads_to(statement, each, tree) for each in backward)

    for block in blocks(tree):
        steps = (k for k, each in enumerate(block) if leads_to(each, step, tree))
        last = next(steps, None)
        if last is not None and not goes_back(block[last]):
            yield from takewhile(lambda each: not goes_back(each), reversed(block[:last]))
