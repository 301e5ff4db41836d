"""Units that have been zero in every sample of a window."""

from __future__ import annotations

from collections.abc import Iterator

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


def _others(target: Target, output: Tensor) -> list[int]:
    """The axes of an output along which its units do not lie."""
    channels = channels_of(target.module, target.before, output.shape)
    return [axis for axis in range(output.dim()) if axis != channels]


class Units:
    """Which units of which layers have been active in the latest samples."""

    def __init__(self) -> None:
        self._now: dict[int, Tensor] = {}
        self._window: dict[torch.device, tuple[tuple[tuple[int, int], ...], list[Tensor]]] = {}

    def add(self, target: Target, output: Tensor) -> None:
        """Note which units of a layer, whose outputs are never below zero, were active."""
        others = _others(target, output)
        self._note(target, output.amax(others) if others else output)

    def add_together(self, targets: list[Target], outputs: Tensor) -> None:
        """The same for layers whose outputs are alike, given one after the other in a tensor."""
        kinds: dict[tuple[int, ...], list[int]] = {}
        for place, target in enumerate(targets):
            kinds.setdefault(tuple(_others(target, outputs[0])), []).append(place)
        for others, places in kinds.items():
            some = len(places) < len(outputs)
            chosen = torch.stack([outputs[place] for place in places]) if some else outputs
            axes = [axis + 1 for axis in others]
            largest = chosen.amax(axes) if axes else chosen.clone()
            for place, each in zip(places, largest.unbind(0), strict=True):
                self._note(targets[place], each)

    def _note(self, target: Target, largest: Tensor) -> None:
        before = self._now.get(target.activation)
        if before is not None and before.shape == largest.shape:
            largest = torch.maximum(before, largest)
        self._now[target.activation] = largest

    def finish(self) -> list[DeadUnits]:
        """Which units are dead, once the window is long enough."""
        return list(self._finished())

    def _finished(self) -> Iterator[DeadUnits]:
        now, self._now = self._now, {}
        for device in {each.device for each in now.values()}:
            here = {owner: each for owner, each in now.items() if each.device == device}
            sizes = tuple((owner, len(each)) for owner, each in here.items())
            known, window = self._window.get(device, (sizes, []))
            window = window if known == sizes else []
            active = torch.cat(list(here.values())) != 0
            self._window[device] = sizes, [*window, active][-WINDOW:]
            if len(window) + 1 >= FEWEST:
                yield DeadUnits(sizes, torch.stack(self._window[device][1]).any(0))

    def clear(self) -> None:
        """Forget the step that was not finished."""
        self._now = {}


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
