"""Probabilities given to a loss that takes the softmax, or the sigmoid, itself."""

from __future__ import annotations

from dlmagic.frameworks.operations import Event, Operation, Seen
from dlmagic.magics.tensors.silent.rule import Listening, Mistake, Sure

_TWICE = {
    "cross_entropy": ("softmax", "or take nll_loss of log_softmax"),
    "binary_cross_entropy_with_logits": ("sigmoid", "or take binary_cross_entropy"),
}
_ON_THE_WAY = frozenset(
    {"view", "reshape", "squeeze", "unsqueeze", "flatten", "transpose", "permute", "float", "to"}
)


class Rule(Listening):
    """A loss whose first input comes out of the function that it applies itself."""

    kind = "softmax-before-loss"
    sure: Sure = "certain"

    def hear(self, event: Event) -> None:
        """A loss that applies softmax or sigmoid itself."""
        if not isinstance(event, Operation) or event.name not in _TWICE or not event.inputs:
            return
        function, advice = _TWICE[event.name]
        maker = _maker(event.inputs[0])
        if maker is not None and maker.name == function:
            message = (
                f"{event.name} applies {function} itself, and its input went through {function} "
                "already: it learns slowly and cannot reach a loss of 0."
            )
            place = maker.frame or event.frame
            text = f"Leave {function} out and give it the scores themselves, {advice}."
            self.found.append(Mistake(message, place, text=text))


def _maker(seen: Seen) -> Operation | None:
    maker = seen.maker
    while maker is not None and maker.name in _ON_THE_WAY and maker.inputs:
        maker = maker.inputs[0].maker
    return maker
