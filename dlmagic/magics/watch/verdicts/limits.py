"""From where on something is said, and for how long it must have been so."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """The defaults are what the literature and practice name, with patience added.

    Attributes:
        gradient: Root mean square of a weight's gradient below which nothing is learned.
        gradient_ratio: The same as a share of that of the last layer.
        gradient_of_use: Root mean square that is enough, however large that of the last layer is:
            where a model has parts side by side, the one may have a much larger loss.
        explosion: Times the usual norm of all gradients together.
        gradient_to_weight: Norm of all gradients together, in norms of the weights.
        dead: Share of a layer's units that are never active.
        saturated: Share of a layer's outputs that are near the ends of their range.
        smallest_update: Ratio of an update's norm to its weight's, and likewise the largest.
        largest_update: See there.
        patience: Samples in a row that must show it.
        first_steps: Steps in which warm-up, first estimates of an optimiser and layers that start
            at zero make most things look wrong.
        usual: Samples that tell what is usual.
        least_values: Smaller parameters are left out.
    """

    gradient: float = 1e-7
    gradient_ratio: float = 1e-4
    gradient_of_use: float = 1e-4
    explosion: float = 100.0
    gradient_to_weight: float = 1e3
    dead: float = 0.5
    saturated: float = 0.5
    smallest_update: float = 10**-4.5
    largest_update: float = 10**-1.5
    patience: int = 5
    first_steps: int = 10
    usual: int = 10
    least_values: int = 32
