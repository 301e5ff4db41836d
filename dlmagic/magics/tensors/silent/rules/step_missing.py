"""A training loop in which no optimiser ever steps."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterable

from dlmagic.frameworks.operations import End, Event, GradientRead, Operation, Step
from dlmagic.magics.tensors.silent.calls import Loop, calls_of, is_on, names_in, owner_of
from dlmagic.magics.tensors.silent.rule import After, Listening, Mistake, Sure

_LOOKED_AT = frozenset({"register_hook", "retain_grad", "register_post_accumulate_grad_hook"})
_ENOUGH = 3
"""Backward passes at one line."""


class Rule(Listening):
    """Backward passes in a loop, an optimiser for what they reach, and nobody who uses them."""

    kind = "step-missing"
    sure: Sure = "certain"

    def __init__(self) -> None:
        super().__init__()
        self._used = False
        self._lines: Counter[int] = Counter()
        self._reached: frozenset[int] = frozenset()

    def hear(self, event: Event) -> None:
        """Backward passes, and what uses their gradients."""
        if isinstance(event, Step | GradientRead):
            self._used = True
        elif isinstance(event, End):
            self._reached = event.reached
        elif isinstance(event, Operation):
            self._used |= event.name in _LOOKED_AT
            if event.name == "backward" and event.frame is not None:
                self._lines[event.frame.line] += 1

    def mistakes(self, after: After) -> Iterable[Mistake]:
        """The backward pass that nothing comes of."""
        lines = [line for line, count in self._lines.items() if count >= _ENOUGH]
        names = after.training.holding(self._reached) if lines else ()
        if self._used or not names or after.training.has_gradient_hooks():
            return
        line = next((each for each in lines if owner_of(after.tree, each, "backward")), None)
        if line is not None and _trains(after.tree, line) and not _steps_or_measures(after):
            mentioned = names_in(after.tree)
            name = next((each for each in names if each in mentioned), names[0])
            yield Mistake(
                f"{name} never steps: gradients are computed in each round, and nothing is "
                "changed with them.",
                line=line,
                text="Add this after backward():",
                code=f"{name}.step()",
                operands=(name,),
            )


def _steps_or_measures(after: After) -> bool:
    """Whether something may step that was not seen to, or a norm of gradients is kept."""
    for owner, _ in calls_of(after.tree, "step"):
        if after.training.scheduled(owner) is None:
            return True
    statements = [each for each in ast.walk(after.tree) if isinstance(each, ast.Expr)]
    alone = {id(each.value) for each in statements}
    norms = calls_of(after.tree, "clip_grad_norm_", "get_total_norm")
    return any(id(call) not in alone for _, call in norms)


def _trains(tree: ast.Module, line: int) -> bool:
    """Whether gradients are cleared in each round, or it is one of several epochs."""
    owners = [
        node
        for node in ast.walk(tree)
        if isinstance(node, Loop | ast.FunctionDef) and is_on(node, line)
    ]
    innermost = max(owners, key=lambda each: each.lineno, default=None)
    if innermost is not None and any(calls_of(innermost, "zero_grad")):
        return True
    epochs = sum(isinstance(each, Loop) for each in owners) > 1
    return epochs or any(calls_of(tree, "step"))
