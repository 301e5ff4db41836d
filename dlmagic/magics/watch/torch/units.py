"""Units that have been zero in every sample of a window."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from dlmagic.magics.watch.torch.plan import Target
from dlmagic.magics.watch.torch.transfer import OnItsWay

WINDOW = 16
"""Samples in which a unit must have been zero throughout."""

FEWEST = 4
"""Samples that are needed to say so of any."""

MOST_VALUES, FEWEST_LOOKS = 1 << 16, 64
"""Of an output with more values, some examples are looked at, others in the next sample; of each
unit no fewer values than the second of these. To read all would cost as much as the layer."""

Sizes = tuple[tuple[int, int], ...]
"""Layers' rows, and how many units they have."""

_CHANNELS_SECOND = (
    *(nn.Conv1d, nn.ConvTranspose1d, nn.BatchNorm1d, nn.InstanceNorm1d),
    *(nn.MaxPool1d, nn.AvgPool1d),
)


def channels_of(module: nn.Module, before: nn.Module | None, shape: torch.Size) -> int:
    """The axis of an output along which its units lie.

    Args:
        module: The layer.
        before: The layer before it in the model.
        shape: Of its output.
    """
    if len(shape) == 3 and not isinstance(before or module, _CHANNELS_SECOND):
        return 2
    return 1 if len(shape) > 1 else 0


def others_of(target: Target, output: Tensor) -> list[int]:
    """The axes of an output along which its units do not lie."""
    channels = channels_of(target.module, target.before, output.shape)
    return [axis for axis in range(output.dim()) if axis != channels]


def examples_of(
    output: Tensor, others: Sequence[int], phase: int, most: int = MOST_VALUES
) -> Tensor:
    """Evenly spread examples of an output that is large.

    Args:
        output: Of a layer; the examples lie along its first axis, unless its units do.
        others: The axes along which its units do not lie.
        phase: Number of the sample: where the first example lies.
        most: Values that are wanted, about.
    """
    if output.numel() <= most or 0 not in others:
        return output
    looks = math.prod(output.shape[axis] for axis in others)
    apart = min(output.numel() // most, looks // FEWEST_LOOKS, output.shape[0])
    return output if apart < 2 else output[phase % apart :: apart]


class Units:
    """Which units of which layers have been active in the latest samples.

    Args:
        exact: Whether all examples are looked at, however many.
    """

    def __init__(self, *, exact: bool = False) -> None:
        self._exact = exact
        self._now: list[tuple[list[int], Tensor]] = []
        self._window: dict[torch.device, tuple[Sizes, list[Tensor]]] = {}

    def add(self, target: Target, output: Tensor, phase: int) -> None:
        """Note which units of a layer, whose outputs are never below zero, were active.

        Args:
            target: The layer.
            output: Its output.
            phase: Number of the sample.
        """
        others = others_of(target, output)
        if not self._exact:
            output = examples_of(output, others, phase)
        self._now.append(([target.activation], _activity(output, others)[None]))

    def add_together(self, owners: list[int], outputs: Tensor, others: Sequence[int]) -> None:
        """The same for layers whose outputs are alike, given one after the other in a tensor.

        Args:
            owners: Numbers of their rows.
            outputs: Their outputs.
            others: The axes of an output along which its units do not lie.
        """
        self._now.append((owners, _activity(outputs, [axis + 1 for axis in others])))

    def finish(self) -> list[DeadUnits]:
        """Which units are dead, once the window is long enough."""
        return list(self._finished())

    def _finished(self) -> Iterator[DeadUnits]:
        parts, self._now = _each_once(self._now), []
        for device in {each.device for _, each in parts}:
            here = [(owners, each) for owners, each in parts if each.device == device]
            sizes = tuple((owner, each.shape[1]) for owners, each in here for owner in owners)
            known, window = self._window.get(device, (sizes, []))
            window = window if known == sizes else []
            active = torch.cat([each.reshape(-1) for _, each in here]) != 0
            self._window[device] = sizes, [*window, active][-WINDOW:]
            if len(window) + 1 >= FEWEST:
                # On a processor the largest of bytes is found much sooner than any() of booleans.
                whole = torch.stack(self._window[device][1]).view(torch.uint8)
                yield DeadUnits(sizes, whole.amax(0).view(torch.bool))

    def clear(self) -> None:
        """Forget the step that was not finished."""
        self._now = []


def _activity(outputs: Tensor, others: Sequence[int]) -> Tensor:
    """Of each unit, a value that is zero where it was never active.

    Nothing is below zero, so a sum tells it; a processor finds the largest value up to 25 times
    later.
    """
    return outputs.sum(tuple(others)) if others else outputs.clone()


def _each_once(parts: list[tuple[list[int], Tensor]]) -> list[tuple[list[int], Tensor]]:
    """How active the units of layers were, over all calls of those that ran several times."""
    owners = [owner for those, _ in parts for owner in those]
    if len(set(owners)) == len(owners):
        return parts
    found: dict[int, Tensor] = {}
    rows = (row for _, each in parts for row in each.unbind(0))
    for owner, row in zip(owners, rows, strict=True):
        before = found.get(owner)
        same = before is not None and before.shape == row.shape
        found[owner] = torch.maximum(before, row) if same and before is not None else row
    return [([owner], row[None]) for owner, row in found.items()]


class DeadUnits:
    """Which units were active, on its way to the host."""

    def __init__(self, sizes: tuple[tuple[int, int], ...], active: Tensor) -> None:
        self._sizes, self._way = sizes, OnItsWay([active])

    def arrived(self) -> bool:
        """Whether it is there."""
        return self._way.arrived()

    def shares(self) -> tuple[list[int], NDArray[np.float64]]:
        """The layers' rows, and of each the share of its units that are dead."""
        owners, counts = map(list, zip(*self._sizes, strict=True))
        starts = np.cumsum([0, *counts[:-1]])
        dead = np.add.reduceat(~self._way.arrays()[0], starts, dtype=np.float64)
        return owners, dead / counts
