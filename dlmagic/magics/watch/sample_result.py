"""What is measured of a model while it trains: one row per layer and quantity, one sample a step.

Every framework's watcher delivers samples of this form; the history, the verdicts, the live view
and the exporters read nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Quantity = Literal["activation", "activation-gradient", "gradient", "weight", "update"]

QUANTITIES: tuple[Quantity, ...] = (
    "activation",
    "activation-gradient",
    "gradient",
    "weight",
    "update",
)
"""What a layer has: its outputs and the gradients that reach them; its parameters, their
gradients, and by how much a step changes them."""

Statistic = Literal[
    "mean", "std", "norm", "min", "max", "zeros", "dead", "nan", "inf", "ratio", "seen", "total"
]

STATISTICS: tuple[Statistic, ...] = (
    "mean",
    "std",
    "norm",
    "min",
    "max",
    "zeros",
    "dead",
    "nan",
    "inf",
    "ratio",
    "seen",
    "total",
)
"""The columns of a sample.

``mean``, ``std`` (of the population), ``min`` and ``max`` are of the finite values that were seen.
``norm`` is the Euclidean norm of all values: in a sampled row it is estimated, as root mean square
times the root of their number. ``zeros`` is the share of zeros, ``dead`` the share of units that
were zero throughout the window of samples (of outputs that can be zero throughout, such as those
of ReLU), ``nan`` and ``inf`` count what was seen. ``ratio`` is that of an update's norm to its
weight's. ``seen`` is how many values were looked at, ``total`` how many there are.
"""

SMALLEST_EXPONENT, LARGEST_EXPONENT = -30, 20


def _edges() -> NDArray[np.float64]:
    powers = 2.0 ** np.arange(SMALLEST_EXPONENT, LARGEST_EXPONENT + 1)
    return np.concatenate([-powers[::-1], powers])


EDGES: NDArray[np.float64] = _edges()
"""Edges between the bins of all histograms, ascending: powers of two with either sign.

There are ``len(EDGES) + 1`` bins: the first holds all below the first edge, the last all from the
last edge on, and the one in the middle what lies within ``2 ** SMALLEST_EXPONENT`` of zero. A bin
holds its lower edge. Values that are not finite are in none.
"""

BINS = len(EDGES) + 1


@dataclass(frozen=True)
class Row:
    """One line of the table: a quantity of a layer or of one of its parameters.

    Attributes:
        layer: The layer's path in the model, such as ``"encoder.0.linear"``; an empty text is the
            model itself.
        kind: The layer's class, such as ``"Linear"``.
        quantity: What is measured.
        parameter: The parameter's name in its layer, such as ``"weight"``; empty for outputs.
        shape: Shape of the parameter, or of the output as last seen.
        also: Other paths of the same layer or parameter, where it is shared.
        activation: The function that a hidden layer ends with itself, such as ``"tanh"``; empty
            where there is none, or it is not known.
        groups: In how many groups a layer normalises each example; 0 where it has none, or it is
            not known.
    """

    layer: str
    kind: str
    quantity: Quantity
    parameter: str = ""
    shape: tuple[int, ...] = ()
    also: tuple[str, ...] = ()
    activation: str = ""
    groups: int = 0


@dataclass(frozen=True, eq=False)
class Sample:
    """What was measured in one step.

    Attributes:
        step: The step of the optimiser, from 1.
        rows: What is measured, in the model's order. It is the same tuple from sample to sample
            as long as nothing else is measured.
        values: ``[row, statistic]`` as float32, in the order of :data:`STATISTICS`; NaN where a
            statistic has not been measured.
        histograms: ``[row, bin]`` as uint32: how many of the values that were seen lie in each bin.
        exact: Whether all values were looked at, and not an evenly spread part.
        calls: How often each row's layer ran in the step, ``[row]``; 0 where the row is of a
            parameter.
        is_many: Whether the step was many in one, as of L-BFGS, which evaluates the loss anew
            between them.
    """

    step: int
    rows: tuple[Row, ...]
    values: NDArray[np.float32]
    histograms: NDArray[np.uint32]
    exact: bool
    calls: NDArray[np.uint32]
    is_many: bool = False

    def column(self, statistic: Statistic) -> NDArray[np.float32]:
        """One statistic of all rows."""
        return self.values[:, STATISTICS.index(statistic)]


@dataclass(frozen=True)
class Overhead:
    """What watching costs, as measured.

    Attributes:
        plain_step: Seconds that a step takes without being measured (median); None before any.
        sampled_step: Seconds that a measured step takes (median); None before any.
        share: Time that was added, as a share of the time that the plain steps would have taken,
            without what is paid once; None before it can be told.
        every: One step in so many is measured at present.
        steps: Steps so far.
        sampled: Those of them that were measured.
        once: Seconds that were paid once, with the first measured steps: for buffers, where a
            framework compiles for a program that measures, and because some of them follow closely.
    """

    plain_step: float | None = None
    sampled_step: float | None = None
    share: float | None = None
    every: int = 1
    steps: int = 0
    sampled: int = 0
    once: float = 0.0


@dataclass(frozen=True)
class Silent:
    """A layer that was chosen and has not fired.

    Attributes:
        layer: Its path in the model.
        kind: Its class.
        why: Why, as far as it can be told.
    """

    layer: str
    kind: str
    why: str


@dataclass(frozen=True)
class Untrained:
    """A layer whose parameters require gradients in vain.

    Attributes:
        layer: Its path in the model.
        kind: Its class; empty where it is so of all layers.
        optimised: Whether an optimiser has them, so that they got no gradient.
    """

    layer: str
    kind: str
    optimised: bool


@dataclass(frozen=True)
class Culprit:
    """Where values first stopped being finite.

    Attributes:
        step: The step of the optimiser in which it was seen.
        pass_: In which pass: ``"forward"``, ``"backward"``, or before both, as ``"input"`` (the
            batch) or ``"parameter"`` (a weight was so already), or between them as ``"loss"``.
            Where it is only known that a step's result was so, it is ``"donated"`` if the step
            could not be run once more as its arguments are gone, and else ``"result"``.
        layer: The layer's path; empty where no layer is to blame.
        kind: The layer's class.
        call: Which call of the layer in the step, from 1; of what a step has returned as an array,
            the place of the first value that is not finite.
        what: What is not finite, such as ``"NaN"``, ``"Inf"`` or ``"NaN and Inf"``.
        count: How many values of it.
        total: Among how many.
        parameter: The parameter's name, where one is to blame; of an input of a step of JAX, that
            of the argument.
        certain: Whether the step was run once more to find it, rather than told by which gradients
            are not finite.
        trail: The layers that ran before, the last ones first to last: path, class, and the
            smallest and largest magnitude of their outputs.
        operation: What made it inside the layer, as the framework calls it, such as ``"log"``;
            empty where it cannot be told.
        inputs: The smallest and the largest of what the operation or the layer was given; None
            where it was given nothing finite.
        dtype: Type of the values, such as ``"float16"``; empty where it is not known.
        ranks: Ranks of a cluster on which it was so; empty where this process trained.
    """

    step: int
    pass_: Literal[
        "input", "parameter", "forward", "loss", "backward", "unknown", "donated", "result"
    ]
    layer: str
    kind: str
    call: int
    what: str
    count: int
    total: int
    parameter: str = ""
    certain: bool = True
    trail: tuple[tuple[str, str, float, float], ...] = ()
    operation: str = ""
    inputs: tuple[float, float] | None = None
    dtype: str = ""
    ranks: tuple[int, ...] = ()
