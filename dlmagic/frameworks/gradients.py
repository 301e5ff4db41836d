"""The gradients of a cell, taken twice, in a form that all frameworks share.

All floating-point outputs are projected on random directions, the same in both runs; the
gradient of that one number is taken with respect to everything that can have one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

Gradients = Mapping[str, object]
"""Each gradient under the user's name for what it is taken for."""

NOTHING = "the cell reads nothing that could have a gradient"


@dataclass(frozen=True)
class Differentiated:
    """How the gradients of a cell are found; each way runs it once.

    Attributes:
        plain: Of the cell as it is; None where no output depends on what it is taken for.
        graph: Of the cell as a graph, from the same state; likewise.
    """

    plain: Callable[[], Gradients | None]
    graph: Callable[[], Gradients | None]


def directions(shapes: Sequence[Sequence[int]]) -> list[Any]:
    """Random numbers for each output, the same for outputs of the same shapes."""
    generator = np.random.default_rng(0)
    return [np.asarray(generator.standard_normal(tuple(shape))) for shape in shapes]
