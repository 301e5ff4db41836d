"""Probabilities given to a loss that takes the softmax, or the sigmoid, itself."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from dlmagic.frameworks.captured import Frame, Span
from dlmagic.frameworks.operations import Event, Operation
from dlmagic.magics.tensors.silent.ancestry import SAME_NUMBERS, maker_through
from dlmagic.magics.tensors.silent.layers import call_of, layer_of, without_layer
from dlmagic.magics.tensors.silent.rule import After, Listening, Mistake, Sure
from dlmagic.magics.tensors.silent.scores import (
    SIGMOID,
    SOFTMAX,
    axis_of,
    classes,
    function_behind,
    function_of,
    is_over_one,
)
from dlmagic.magics.tensors.silent.writing import (
    in_place_of,
    input_of,
    operand,
    rewritten,
)

_TWICE = {
    "cross_entropy": (SOFTMAX, (SOFTMAX,)),
    "binary_cross_entropy_with_logits": (SIGMOID, (SIGMOID, SOFTMAX)),
    "multilabel_soft_margin_loss": (SIGMOID, (SIGMOID, SOFTMAX)),
    "sparse_softmax_cross_entropy_with_logits": (SOFTMAX, (SOFTMAX,)),
    "softmax_cross_entropy_with_logits": (SOFTMAX, (SOFTMAX,)),
    "sigmoid_cross_entropy_with_logits": (SIGMOID, (SIGMOID, SOFTMAX)),
}
_LOSSES = {
    "cross_entropy": "CrossEntropyLoss",
    "binary_cross_entropy_with_logits": "BCEWithLogitsLoss",
    "multilabel_soft_margin_loss": "MultiLabelSoftMarginLoss",
}
"""The module of each loss; TensorFlow has none."""
_OTHER_LOSS = {SOFTMAX: "nll_loss of the logarithm", SIGMOID: "binary_cross_entropy"}


class Rule(Listening):
    """A loss whose first input comes out of the function that it applies itself."""

    kind = "softmax-before-loss"
    sure: Sure = "certain"

    def __init__(self) -> None:
        super().__init__()
        self._pairs: dict[tuple[Span | None, ...], tuple[Operation, Operation]] = {}

    def hear(self, event: Event) -> None:
        """A loss that applies softmax or sigmoid itself."""
        if not isinstance(event, Operation) or event.name not in _TWICE or not event.inputs:
            return
        scores = event.inputs[0]
        made = function_behind(scores)
        if made is None or function_of(made) not in _TWICE[event.name][1]:
            return
        if function_of(made) == SOFTMAX and event.name == "cross_entropy":
            axis = axis_of(made)
            if axis is None or made.inputs[0].shape[axis] != classes(scores):
                return  # along another axis than that of the classes
        if not is_over_one(made):  # of which another rule speaks
            self._pairs.setdefault((made.span, event.span), (made, event))

    def mistakes(self, after: After) -> Iterable[Mistake]:
        """Each line once."""
        self.found += [_mistake(after, made, loss) for made, loss in self._pairs.values()]
        return super().mistakes(after)


def _mistake(after: After, made: Operation, loss: Operation) -> Mistake:
    applied, function = _TWICE[loss.name][0], function_of(made)
    again = "already" if applied == function else "before"
    frame, code = _scores_for_loss(after, made, loss) or _dropped(after, made)
    if maker_through(loss.inputs[0], SAME_NUMBERS) is not made:
        code = None  # what keeps probabilities off zero has no place after scores
    other = f"; or use {_OTHER_LOSS[function]}" if loss.name in _LOSSES else ""
    return Mistake(
        message=(
            f"{loss.name} applies {applied} itself, and its input went through {function} {again}: "
            "it learns slowly and cannot reach a loss of 0."
        ),
        frame=frame or loss.frame,
        text=f"Give it the scores, without the {function}{other}.",
        code=code,
    )


def _scores_for_loss(
    after: After, made: Operation, loss: Operation
) -> tuple[Frame | None, str | None] | None:
    """The loss with ``logits``, where the cell says ``probabilities = softmax(logits)``."""
    call = call_of(after, made, function_of(made))
    scores = operand(after, call) if call is not None else None
    probabilities = input_of(after, loss, _LOSSES.get(loss.name, loss.name))
    if not isinstance(scores, ast.Name) or not isinstance(probabilities, ast.Name):
        return None
    named = [
        node.targets
        for node in ast.walk(after.tree)
        if isinstance(node, ast.Assign) and node.value is call
    ]
    if [ast.unparse(each) for target in named for each in target] != [probabilities.id]:
        return None
    if scores.id == probabilities.id:
        return None
    return rewritten(loss.frame, {probabilities: scores.id})


def _dropped(after: After, made: Operation) -> tuple[Frame | None, str | None]:
    """The line without the function."""
    function = function_of(made)
    call = call_of(after, made, function)
    scores = operand(after, call) if call is not None else None
    if call is not None and scores is not None:
        return rewritten(made.frame, {call: in_place_of(after, call, scores)})
    layer = layer_of(after, function) if call is None else None
    if layer is None or made.frame is None:
        return made.frame, None
    at_layer = Frame(made.frame.file, layer.lineno, "")
    found = without_layer(after, layer)
    return rewritten(at_layer, {found[0]: found[1]}) if found is not None else (at_layer, None)
