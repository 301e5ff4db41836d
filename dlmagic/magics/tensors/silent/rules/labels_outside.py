"""Labels that a loss accepts though they cannot be meant."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import replace

from dlmagic.frameworks.operations import Event, Operation
from dlmagic.magics.tensors.silent.rewriting import expression, rewritten
from dlmagic.magics.tensors.silent.rule import After, Listening, Mistake, Sure
from dlmagic.magics.tensors.silent.verdicts_on_labels import Verdict, place_of_target, verdict_on

_ON_THE_WAY = frozenset({"float", "long", "to", "double", "view", "reshape", "squeeze"})
_TWICE = Verdict(
    "one_hot() is given what is one-hot already: each 0 and 1 becomes a row.",
    "Encode the class numbers once.",
)
_ALL_IGNORED = Verdict(
    "All labels are the one that is passed over (ignore_index), so the loss is 0/0.",
    "Leave out batches without labels, or look at how the labels are padded.",
)


class Rule(Listening):
    """Losses, and encodings that are done twice."""

    kind = "labels-outside"
    sure: Sure = "certain"

    def __init__(self) -> None:
        super().__init__()
        self._ignored: list[Operation] = []
        self._instead: dict[Mistake, tuple[Operation, str]] = {}

    def mistakes(self, after: After) -> Iterable[Mistake]:
        """Each line once, with what it becomes where that is certain."""
        for each in super().mistakes(after):
            event, template = self._instead[each]
            line = event.frame.line if event.frame and template else None
            place = place_of_target(event.name)
            code = rewritten(after.tree, line, lambda n: _with_target(n, place, template))  # noqa: B023
            yield replace(each, code=code)

    def hear(self, event: Event) -> None:
        """Losses, one-hot encodings, and what backward begins at."""
        if not isinstance(event, Operation):
            return
        if event.name == "backward":
            self._backward(event)
        elif event.name == "one_hot" and _is_made_by_one_hot(event):
            self._note(event, _TWICE)
        elif event.labels is not None and event.labels.all_ignored:
            self._ignored.append(event)
        elif event.labels is not None:
            verdict = verdict_on(event, event.labels)
            if verdict is not None:
                self._note(event, verdict)

    def _backward(self, event: Operation) -> None:
        """Batches without labels matter where the loss is NaN for them and is used all the same."""
        if self._ignored and event.inputs and event.inputs[0].numbers == "nan":
            self._note(self._ignored[0], _ALL_IGNORED)
        self._ignored.clear()

    def _note(self, event: Operation, verdict: Verdict) -> None:
        mistake = Mistake(verdict.message, event.frame, text=verdict.text)
        self.found.append(mistake)
        self._instead[mistake] = (event, verdict.instead)


def _with_target(node: ast.expr, place: int, template: str) -> ast.expr | None:
    """The only call of a line that has so many arguments, with another target."""
    if not isinstance(node, ast.Call) or len(node.args) <= place:
        return None
    node.args[place] = expression(template, target=node.args[place])
    return node


def _is_made_by_one_hot(event: Operation) -> bool:
    maker = event.inputs[0].maker if event.inputs else None
    while maker is not None and maker.name in _ON_THE_WAY and maker.inputs:
        maker = maker.inputs[0].maker
    return maker is not None and maker.name == "one_hot"
