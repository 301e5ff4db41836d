"""The two operands of a loss of PyTorch, in the user's words."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from dlmagic.magics.tensors.explain.arguments import given, with_call
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.rule import Candidate, Operand

_NAMES = (
    "cross_entropy",
    "nll_loss",
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "mse_loss",
    "l1_loss",
    "smooth_l1_loss",
    "huber_loss",
    "kl_div",
)


@dataclass(frozen=True)
class Loss:
    """A loss that was asked for.

    Attributes:
        failure: What happened to it.
        name: The function's name.
        function: The function.
        output: What the model gave.
        target: What it should have given.
    """

    failure: Failure = field(repr=False)
    name: str
    function: Any = field(repr=False)
    output: Operand
    target: Operand

    @property
    def is_of_classes(self) -> bool:
        """Whether the target holds the numbers of classes."""
        return self.name in ("cross_entropy", "nll_loss")

    def with_target(self, text: str, code: str, change: Any) -> Candidate:
        """A candidate that changes the target; see :func:`with_call`."""
        return with_call(
            self.failure,
            self.target,
            text,
            code,
            lambda target, output: self.function(output, change(target)),
            self.output.value,
        )

    def with_output(self, text: str, code: str, change: Any) -> Candidate:
        """A candidate that changes what the model gave."""
        return with_call(
            self.failure,
            self.output,
            text,
            code,
            lambda output, target: self.function(change(output), target),
            self.target.value,
        )


def loss_of(failure: Failure) -> Loss | None:
    """The loss in whose code the error was raised, or None."""
    for name in _NAMES:
        step = failure.inside(name, "nn.functional")
        if step is None:
            continue
        output = given(failure, step.local("input"), 0, "the output")
        target = given(failure, step.local("target"), 1, "the target")
        if output.shape is None or target.shape is None:
            return None
        return Loss(failure, name, step.frame.f_globals[name], output, target)
    return None
