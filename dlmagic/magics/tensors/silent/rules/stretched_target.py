"""A prediction of shape (N, 1) against a target of shape (N,): each meets all the others."""

from __future__ import annotations

from dlmagic.frameworks.operations import Event, Operation, Seen
from dlmagic.magics.tensors.silent.rule import Listening, Mistake, Sure

_LOSSES = frozenset(
    {"mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss", "gaussian_nll_loss", "poisson_nll_loss"}
)
_DIFFERENCES = frozenset(
    {"sub", "__sub__", "__rsub__", "rsub", "eq", "__eq__", "ne", "__ne__", "squared_difference"}
)
_SUMS = frozenset({"mean", "sum"})
_ON_THE_WAY = frozenset({"pow", "__pow__", "square", "abs", "float", "to", "__mul__", "mul"})


class Rule(Listening):
    """Losses at once; differences and comparisons where all of them become one number."""

    kind = "stretched-target"
    sure: Sure = "certain"

    def hear(self, event: Event) -> None:
        """A loss, or the end of a difference."""
        if not isinstance(event, Operation) or len(event.inputs) == 0:
            return
        if event.name in _LOSSES:
            self._check(event, event)
        elif event.name in _SUMS and event.output is not None and event.output.shape == ():
            maker = _difference_behind(event.inputs[0])
            if maker is not None:
                self._check(maker, event)

    def _check(self, operation: Operation, place: Operation) -> None:
        if len(operation.inputs) < 2:
            return
        one, other = operation.inputs[:2]
        if not _crossed(one.shape, other.shape):
            return
        count = max(one.shape[0], other.shape[0])
        self.found.append(
            Mistake(
                message=(
                    f"Shapes {_text(one)} and {_text(other)} are stretched to {count}×{count}: "
                    "every prediction meets every target, not its own."
                ),
                frame=operation.frame or place.frame,
                text="Give both one shape: prediction[:, 0], or target[:, None].",
            )
        )


def _difference_behind(seen: Seen) -> Operation | None:
    maker = seen.maker
    while maker is not None and maker.name in _ON_THE_WAY and maker.inputs:
        maker = maker.inputs[0].maker
    return maker if maker is not None and maker.name in _DIFFERENCES else None


def _crossed(one: tuple[int, ...], other: tuple[int, ...]) -> bool:
    """Whether a column of N meets a row of N, which was not made a row on purpose."""
    column, row = sorted((one, other), key=len, reverse=True)
    return len(column) == 2 and len(row) == 1 and column[1] == 1 and column[0] == row[0] > 1


def _text(seen: Seen) -> str:
    return "×".join(map(str, seen.shape))
