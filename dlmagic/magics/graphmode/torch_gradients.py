"""Gradients of a cell of PyTorch's as it is, in whatever mode it is to run."""

from __future__ import annotations

from dlmagic.cell.subject import Subject
from dlmagic.frameworks.gradients import Gradients
from dlmagic.frameworks.torch.gradients import (
    Leaves,
    gradients_of,
    inputs_as_leaves,
    parameters_among,
)
from dlmagic.magics.graphmode.gradients_of_fix import Choose


def leaves_of(subject: Subject) -> tuple[Leaves, Leaves]:
    """Parameters, or else copies of the inputs; and those of them that replace arguments."""
    parameters = parameters_among((item.path, item.value) for item in subject.snapshot.reached)
    replaced = {} if parameters else inputs_as_leaves(subject.arguments)
    return parameters or replaced, replaced


class PlainlyDifferentiable:
    """What each of PyTorch's compilers knows of the cell as it is."""

    def plain_gradients(self, subject: Subject, choose: Choose) -> Gradients | None:
        """With respect to parameters; where there are none, to the floating-point inputs.

        Raises:
            RuntimeError: The cell's own backward pass has used the graph up.
        """
        leaves, replaced = leaves_of(subject)
        return gradients_of(choose(subject.run(replaced)), leaves) if leaves else None
