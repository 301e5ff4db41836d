"""An optimiser that steps again and again with gradients that nobody has cleared."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from dlmagic.frameworks.captured import Frame
from dlmagic.frameworks.operations import Event, Operation, Step
from dlmagic.magics.tensors.silent.calls import stepping
from dlmagic.magics.tensors.silent.rule import After, Listening, Mistake, Sure

_CLEARING = frozenset({"zero_", "_foreach_zero_", "fill_"})
_SHRINKING = frozenset({"mul_", "__imul__", "_foreach_mul_"})
_SETTING = frozenset({"copy_", "sub_", "__isub__", "__setitem__"})
_ENOUGH = 2
"""Steps in a row that found the gradients of the step before: once may be on purpose."""


@dataclass
class _Optimizer:
    """What has happened since an optimiser's last step.

    Attributes:
        gradients: Numbers of the gradients that it found.
        frame: Where it stepped.
        cleared: Whether somebody has set gradients back, or makes them fade on purpose.
        backward: Whether gradients were added.
        in_a_row: Steps that found those of the step before.
    """

    gradients: frozenset[int] = frozenset()
    frame: Frame | None = None
    cleared: bool = False
    backward: bool = False
    in_a_row: int = 0


class Rule(Listening):
    """Between two steps there was a backward pass and nothing that cleared."""

    kind = "gradients-not-cleared"
    sure: Sure = "certain"

    def __init__(self) -> None:
        super().__init__()
        self._known: dict[int, _Optimizer] = {}
        self._found: list[Step] = []

    def hear(self, event: Event) -> None:
        """Clearing, backward passes, and steps."""
        if isinstance(event, Operation):
            for each in self._known.values():
                each.cleared |= _clears(event, each)
                each.backward |= event.name == "backward"
        elif isinstance(event, Step) and not event.closure:
            self._step(event)

    def _step(self, event: Step) -> None:
        before = self._known.get(event.optimizer, _Optimizer())
        again = event.uncleared and event.fresh and before.backward and not before.cleared
        row = before.in_a_row + 1 if again else 0
        self._known[event.optimizer] = _Optimizer(event.gradients, event.frame, in_a_row=row)
        if row == _ENOUGH:
            self._found.append(event)

    def mistakes(self, after: After) -> Iterable[Mistake]:
        """Each optimiser once, unless it is one of an old model, which its own rule tells of."""
        for step in {each.frame: each for each in reversed(self._found)}.values():
            name = stepping(after.tree, step)
            yield _mistake(step, name or "optimizer")


def _clears(event: Operation, known: _Optimizer) -> bool:
    if event.name in _CLEARING:
        return True  # also by another tensor for the same memory, such as p.grad.data
    if not any(each.number in known.gradients for each in event.inputs):
        return False
    if event.name in _SHRINKING:
        # Clipping takes a tensor; a number makes the gradients of earlier steps fade.
        return isinstance(event.arguments[-1], int | float) and event.frame != known.frame
    return event.name in _SETTING


def _mistake(step: Step, name: str) -> Mistake:
    some = step.uncleared < step.with_gradient
    what = f"of {step.uncleared} of {step.with_gradient} parameters " if some else ""
    return Mistake(
        f"Gradients {what}are never cleared: each step of {name} adds those of all steps before, "
        "and the updates grow.",
        step.frame,
        text="Clear them before each backward():",
        code=f"{name}.zero_grad()",
        operands=(name,) if name.isidentifier() else (),
    )
