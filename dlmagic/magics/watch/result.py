"""What a watched training leaves: the newest figures, their courses, what was wrong, the cost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dlmagic.magics.watch.course_result import Course, course_of
from dlmagic.magics.watch.layer_result import LayerState
from dlmagic.magics.watch.packed_result import PackedArray
from dlmagic.magics.watch.rank_result import RankState
from dlmagic.magics.watch.sample_result import Overhead, Quantity, Row, Silent, Statistic
from dlmagic.result import Result

__all__ = ["Course", "LayerTable", "WatchList", "WatchResult", "WatchedModel"]


class Losses(NamedTuple):
    """Losses over time."""

    steps: NDArray[np.int64]
    values: NDArray[np.float64]


@dataclass(frozen=True, repr=False, kw_only=True)
class LayerTable(Result):
    """The newest figures of each layer; ``pandas.DataFrame(table)`` takes them.

    Attributes:
        model: What the model is called.
        step: The step at which they were measured; 0 before any.
        layers: In the model's order.
    """

    view: ClassVar[str] = "dlmagic.magics.watch.table_view"

    model: str = ""
    step: int = 0
    layers: tuple[LayerState, ...] = ()

    def __iter__(self) -> Iterator[LayerState]:
        return iter(self.layers)

    def __len__(self) -> int:
        return len(self.layers)

    def __getitem__(self, layer: str) -> LayerState:
        """The layer of this path.

        Raises:
            KeyError: It was not measured.
        """
        for each in self.layers:
            if layer in (each.layer, *each.also):
                return each
        raise KeyError(layer)


@dataclass(frozen=True, repr=False, kw_only=True)
class WatchResult(Result):
    """What was seen of a model while it trained.

    Attributes:
        model: What the model is called.
        kind: Its class.
        framework: Such as ``"torch"``.
        layers: The newest figures of each layer, in the model's order.
        rows: What was measured: quantities of layers and parameters.
        values: As last measured, ``[row, statistic]``, the latter as in ``STATISTICS``.
        courses: Over time, ``[row, statistic, point]``, in three digits.
        points: The step at which each point begins.
        least: The smallest of all samples, ``[row, statistic]``.
        most: The largest.
        steps: Steps of the optimiser.
        skipped: How often gradients were used by no step, as where a gradient scaler skips it.
        samples: Steps that were measured.
        last: The last of them; 0 for none.
        exact: Whether all values were looked at, and not an evenly spread part.
        loss: What the loss is called; an empty text if it was not asked for.
        loss_steps: Steps of the losses.
        loss_values: The losses; in a long course each stands for some, as their mean.
        overhead: What watching cost.
        silent: Layers that were chosen and never fired, and why.
        notes: What else there is to know, a sentence each.
        ended: Why it ended; an empty text while it goes on.
        ranks: The ranks of a cluster that trained it, each a copy or a part: figures are of all of
            them together, losses of rank 0. Empty where this process trained it. Of many, those
            that were lost and then the first ones.
        rank_count: How many ranks there were.
    """

    view: ClassVar[str] = "dlmagic.magics.watch.view"

    model: str = ""
    kind: str = ""
    framework: str = ""
    layers: tuple[LayerState, ...] = ()
    rows: tuple[Row, ...] = ()
    values: PackedArray = field(default_factory=PackedArray)
    courses: PackedArray = field(default_factory=PackedArray)
    points: tuple[int, ...] = ()
    least: PackedArray = field(default_factory=PackedArray)
    most: PackedArray = field(default_factory=PackedArray)
    steps: int = 0
    skipped: int = 0
    samples: int = 0
    last: int = 0
    exact: bool = False
    loss: str = ""
    loss_steps: tuple[int, ...] = ()
    loss_values: tuple[float, ...] = ()
    overhead: Overhead = field(default_factory=Overhead)
    silent: tuple[Silent, ...] = ()
    notes: tuple[str, ...] = ()
    ended: str = ""
    ranks: tuple[RankState, ...] = ()
    rank_count: int = 0

    @property
    def losses(self) -> Losses:
        """Steps and losses; ``plt.plot(*result.losses)`` draws them."""
        return Losses(np.array(self.loss_steps, np.int64), np.array(self.loss_values, float))

    def table(self) -> LayerTable:
        """The newest figures alone."""
        return LayerTable(
            environment=self.environment, model=self.model, step=self.last, layers=self.layers
        )

    def history(self, layer: str, statistic: Statistic, quantity: Quantity | None = None) -> Course:
        """One statistic of a layer over time; ``plt.plot(*result.history("fc1", "std"))`` draws it.

        Args:
            layer: Its path, or that of one of its parameters, such as ``"fc1.weight"``.
            statistic: Such as ``"std"``. The ``"norm"`` and the ``"ratio"`` of a layer are those
                of the table: of all its parameters together.
            quantity: Of what; by default ``"activation"``, for ``"norm"`` ``"gradient"``, for
                ``"ratio"`` ``"update"``, and for a parameter ``"gradient"``.

        Raises:
            InputError: There is no such layer, statistic or quantity.
        """
        return course_of(
            self.rows,
            np.array(self.points, np.int64),
            self.courses.array,
            layer,
            statistic,
            quantity,
        )


@dataclass(frozen=True)
class WatchedModel:
    """A model that is watched, in a list of them.

    Attributes:
        model: What it is called.
        kind: Its class.
        layers: How many layers are measured.
        steps: Steps so far.
        every: One step in so many is measured.
        share: What that costs, as a share of the training's time; None before it can be told.
        findings: How many things are wrong.
    """

    model: str
    kind: str
    layers: int
    steps: int
    every: int
    share: float | None
    findings: int


@dataclass(frozen=True, repr=False, kw_only=True)
class WatchList(Result):
    """All models that are watched at present, or were until now.

    Attributes:
        models: In the order in which they were begun.
        ended: Whether they have just been let go.
    """

    view: ClassVar[str] = "dlmagic.magics.watch.list_view"

    models: tuple[WatchedModel, ...] = ()
    ended: bool = False
