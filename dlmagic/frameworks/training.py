"""What a notebook holds that has to do with training, as rules about silent mistakes ask for it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from dlmagic.frameworks.captured import Frame


@dataclass(frozen=True)
class Renewed:
    """A model that was made again, and the optimiser that still holds what it was before.

    Attributes:
        optimizer: The optimiser's name.
        model: The model's name.
        code: How the optimiser is made again.
    """

    optimizer: str
    model: str
    code: str


@dataclass(frozen=True)
class Unregistered:
    """Parameters that a module keeps where the framework does not look for them.

    Attributes:
        module: What the user calls the module.
        attribute: The attribute that keeps them.
        kind: What that is, such as ``"list"``.
        parameters: Identities of the parameters.
        frame: The line that sets the attribute, or None.
        code: What that line should be, or None.
    """

    module: str
    attribute: str
    kind: str
    parameters: frozenset[int]
    frame: Frame | None = None
    code: str | None = None


class Training:
    """The answers where no framework is there; a framework's own class knows better."""

    def untrained(self, held: Collection[int], with_gradient: Collection[int]) -> tuple[str, ...]:  # noqa: ARG002
        """Names of parameters that gradients have reached and that are in no optimiser."""
        return ()

    def renewed(self, held: Collection[int], with_gradient: Collection[int]) -> Renewed | None:  # noqa: ARG002
        """The model that took the place of the one whose parameters an optimiser holds."""
        return None

    def holding(self, with_gradient: Collection[int]) -> tuple[str, ...]:  # noqa: ARG002
        """Names of the optimisers that hold some of these parameters."""
        return ()

    def holds(self, name: str, held: Collection[int]) -> bool:  # noqa: ARG002
        """Whether an optimiser or module of this name has some of these parameters."""
        return False

    def name_of(self, module: int, kind: str) -> str | None:  # noqa: ARG002
        """What the user calls a module; an empty text for a part of another, None if nothing."""
        return None

    def unregistered(self) -> tuple[Unregistered, ...]:
        """What modules keep in plain lists and the like."""
        return ()

    def scheduled(self, name: str) -> int | None:  # noqa: ARG002
        """Identity of the optimiser whose learning rate the scheduler of this name changes."""
        return None

    def is_scheduler(self, kind: str) -> bool:  # noqa: ARG002
        """Whether a class of this name schedules learning rates."""
        return False

    def has_stepped(self, optimizer: int) -> bool:  # noqa: ARG002
        """Whether an optimiser has stepped before the cell ran."""
        return False

    def made_with_rate(self, optimizer: int) -> float | None:  # noqa: ARG002
        """The learning rate that an optimiser was made with and still has; None for any other."""
        return None

    def has_gradient_hooks(self) -> bool:
        """Whether functions are called with gradients, which then need no step to be of use."""
        return False
