"""Scores or probabilities given to a loss that expects their logarithms."""

from __future__ import annotations

from collections.abc import Iterable

from dlmagic.frameworks.captured import Span
from dlmagic.frameworks.operations import Event, Operation, Seen
from dlmagic.magics.tensors.silent.ancestry import SAME_NUMBERS, maker_through, plain
from dlmagic.magics.tensors.silent.rule import After, Listening, Mistake, Sure
from dlmagic.magics.tensors.silent.scores import (
    SIGMOID,
    SOFTMAX,
    function_behind,
    function_of,
    is_over_one,
)
from dlmagic.magics.tensors.silent.writing import (
    input_of,
    rewritten,
    short,
    with_method,
)

_LOSSES = {"nll_loss": "NLLLoss", "kl_div": "KLDivLoss"}
_SCORES = frozenset(
    {
        *("linear", "bilinear", "matmul", "rmatmul", "mm", "addmm", "bmm", "baddbmm", "einsum"),
        *("conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "mv"),
        *("relu", "leaky_relu", "elu", "gelu", "silu", "tanh", "layer_norm", "batch_norm"),
    }
)
_ADDING = frozenset({"add", "iadd", "radd"})
_STILL_SCORES = SAME_NUMBERS | {"dropout", "div", "truediv", "mean", "clamp", "nan_to_num"}


class Rule(Listening):
    """Losses of logarithms whose input was made by a layer, a softmax or a sigmoid."""

    kind = "logits-without-softmax"
    sure: Sure = "certain"

    def __init__(self) -> None:
        super().__init__()
        self._losses: dict[Span | None, tuple[Operation, Operation]] = {}

    def hear(self, event: Event) -> None:
        """A loss that expects logarithms of probabilities."""
        if not isinstance(event, Operation) or event.name not in _LOSSES or not event.inputs:
            return
        if event.name == "nll_loss" and event.options.get("reduction") == "none":
            return  # which also picks the number of one class, on purpose
        made = _made_by(event)
        if made is not None and not is_over_one(made):
            self._losses.setdefault(event.span, (event, made))

    def mistakes(self, after: After) -> Iterable[Mistake]:
        """Each line once."""
        self.found += [_mistake(after, loss, made) for loss, made in self._losses.values()]
        return super().mistakes(after)


def _made_by(loss: Operation) -> Operation | None:
    """The operation that gave scores or probabilities; None where these may be logarithms."""
    made = function_behind(loss.inputs[0])
    if made is not None and function_of(made) in (SOFTMAX, SIGMOID):
        return made
    return _layer_behind(loss.inputs[0])


def _layer_behind(scores: Seen) -> Operation | None:
    """The layer that scores came out of, perhaps with a bias or those of another layer added."""
    made = maker_through(scores, _STILL_SCORES)
    if made is None:
        return None
    if plain(made.name) in _SCORES:
        return None if any(map(_is_logarithm, made.inputs)) else made
    if plain(made.name) not in _ADDING or len(made.inputs) < 2:
        return None
    first, other = made.inputs[:2]
    is_bias = len(other.shape) < len(first.shape)
    return _layer_behind(first) if is_bias or _layer_behind(other) is not None else None


def _is_logarithm(seen: Seen) -> bool:
    """Whether a product with it gives logarithms again, as in naive Bayes."""
    made = maker_through(seen, SAME_NUMBERS)
    return made is not None and plain(made.name).startswith("log")


def _mistake(after: After, loss: Operation, made: Operation) -> Mistake:
    given = input_of(after, loss, _LOSSES[loss.name])
    are_scores = not function_of(made)
    axis = min(1, len(loss.inputs[0].shape) - 1) if loss.name == "nll_loss" else -1
    method = f"log_softmax({axis})" if are_scores else "log()"
    change = {given: with_method(after, given, method)} if given is not None else {}
    frame, code = rewritten(loss.frame, change)
    name = short(given)
    return Mistake(
        message=f"{loss.name} expects logarithms of probabilities, and {_said(name, are_scores)}.",
        frame=frame,
        text=_advice(loss, are_scores, method),
        code=code,
        operands=(name,) if name is not None else (),
    )


def _said(name: str | None, are_scores: bool) -> str:
    what = "scores as a layer gives them" if are_scores else "the probabilities themselves"
    return f"gets {what}" if name is None else f"{name} holds {what}"


def _advice(loss: Operation, are_scores: bool, method: str) -> str:
    if loss.name == "nll_loss" and are_scores:
        return "Use cross_entropy, which takes scores; or give it log_softmax of them."
    return f"Give it logarithms: .{method}, or log_softmax of the scores."
