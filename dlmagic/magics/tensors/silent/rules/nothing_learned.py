"""Steps of an optimiser with a learning rate of 0."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterable

from dlmagic.frameworks.operations import Event, Step
from dlmagic.magics.tensors.silent.calls import stepping
from dlmagic.magics.tensors.silent.rule import After, Listening, Mistake, Sure

_ENOUGH = 2
"""Steps: a warm-up may begin at 0."""


class Rule(Listening):
    """The rate was 0 as the optimiser was made, at each step, and when the cell has ended."""

    kind = "nothing-learned"
    sure: Sure = "certain"

    def __init__(self) -> None:
        super().__init__()
        self._steps: dict[int, list[Step]] = defaultdict(list)

    def hear(self, event: Event) -> None:
        """Steps."""
        if isinstance(event, Step):
            self._steps[event.optimizer].append(event)

    def mistakes(self, after: After) -> Iterable[Mistake]:
        """Each optimiser once."""
        for optimizer, steps in self._steps.items():
            if len(steps) < _ENOUGH or any(each.rates != {0.0} for each in steps):
                continue
            if after.training.made_with_rate(optimizer) != 0:
                continue
            frame = steps[0].frame
            name = stepping(after.tree, steps[0]) or "The optimiser"
            made = _line_that_makes(name, after.tree)
            yield Mistake(
                f"{name} has a learning rate of 0: its steps change nothing.",
                frame if made is None else None,
                line=made,
                text="Give it one above 0; 1 // 10 is 0, and 1 / 10 is not.",
                operands=(name,) if name.isidentifier() else (),
            )


def _line_that_makes(name: str, tree: ast.Module) -> int | None:
    """Where the cell makes the optimiser."""
    for node in ast.walk(tree):
        match node:
            case ast.Assign([target], ast.Call()) if ast.unparse(target) == name:
                return node.lineno
            case _:
                continue
    return None
