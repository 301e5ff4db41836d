"""Small tensors are noted as they come by, and copied together soon after.

To copy hundreds of small tensors one by one costs more than to copy them all at once. But what is
noted must not change before it is copied, as by a layer that works in place. So what comes of a
layer is copied at once until it has been seen to stay as it is; from then on it is noted, and left
out of the sample should it have changed after all.
"""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor

from dlmagic.frameworks.torch import _compat as compat
from dlmagic.magics.watch.torch.plan import Target
from dlmagic.magics.watch.torch.pools import LARGEST_PART, Pools
from dlmagic.magics.watch.torch.together import copied_together
from dlmagic.magics.watch.torch.units import Units

LARGEST = 1 << 16
"""Larger tensors are copied at once."""

MOST_VALUES = 1 << 22
"""Outputs and gradients with more values than these in all are not noted, to keep little memory
from being freed."""


class Noted(NamedTuple):
    """An output or a gradient that came by.

    Attributes:
        target: The layer.
        call: How often it had run.
        tensor: What came by.
        version: How often it had been changed in place.
    """

    target: Target
    call: int
    tensor: Tensor
    version: int | None


class Noting:
    """The outputs of layers and their gradients, in one measured step after the other."""

    def __init__(self, pools: Pools, units: Units) -> None:
        self._pools, self._units = pools, units
        self._outputs: list[Noted] = []
        self._gradients: list[tuple[Target, int, list[Tensor]]] = []
        self._copied: list[Noted] = []
        self._values, self._ran = 0, False

    def takes(self, target: Target, output: object) -> bool:
        """Whether an output can be noted: a small one of a layer whose outputs stay as they are."""
        return (
            target.calm
            and type(output) is Tensor
            and 0 < output.numel() <= LARGEST
            and output.dtype is target.dtype
            and self._values < MOST_VALUES
        )

    def note(self, target: Target, output: Tensor, call: int) -> None:
        """Look soon at an output, and at the gradient that will reach it."""
        self._values += output.numel()
        self._outputs.append(Noted(target, call, output, compat.version_of(output)))
        if output.requires_grad:
            came: list[Tensor] = []
            self._gradients.append((target, call, came))
            compat.hook_gradient(output, came.append)

    def see_whether_it_stays(self, target: Target, call: int, tensor: Tensor) -> None:
        """What was copied at once is not changed later, or it must be copied at once again."""
        if tensor.numel() <= LARGEST and self._values < MOST_VALUES and not target.restless:
            self._values += tensor.numel()
            self._copied.append(Noted(target, call, tensor, compat.version_of(tensor)))

    def backward_ran(self) -> bool:
        """Whether gradients have reached what was noted: the last output first, or the first."""
        noted = self._gradients
        return self._ran or (bool(noted) and bool(noted[-1][2] or noted[0][2]))

    def copy_outputs(self, phase: int) -> None:
        """Copy the outputs that have been noted."""
        noted, self._outputs = self._outputs, []
        groups: dict[tuple[object, ...], list[Noted]] = {}
        for each in noted:
            target, call, tensor, version = each
            if compat.version_of(tensor) == version:
                key = tensor.shape, tensor.device, call.bit_length(), target.can_be_zero
                groups.setdefault(key, []).append(each)
            else:
                target.unsettle()
        for group in groups.values():
            self._copy(group, [each.target.activation for each in group], phase)
        self._settle()

    def copy_gradients(self, phase: int) -> None:
        """Copy the gradients that have come since it was last called."""
        groups: dict[tuple[object, ...], list[Noted]] = {}
        for target, call, came in self._gradients:
            for tensor in came:
                if compat.version_of(tensor) == target.version:
                    key = tensor.shape, tensor.device, call.bit_length()
                    groups.setdefault(key, []).append(Noted(target, call, tensor, None))
                else:
                    target.unsettle()
            came.clear()
        for group in groups.values():
            self._copy(group, [each.target.gradient for each in group], phase, units=False)
        self._ran = self._ran or bool(groups)
        self._settle()

    def _copy(
        self, group: list[Noted], owners: list[int], phase: int, *, units: bool = True
    ) -> None:
        kind = self._pools.kind(group[0].tensor, group[0].call)
        most = max(1, LARGEST_PART // kind.pool.width)
        for start in range(0, len(group), most):
            part = group[start : start + most]
            rows = kind.pool.several(owners[start : start + most], kind.total)
            tensors = [each.tensor for each in part]
            for first, whole in copied_together(tensors, rows, kind.chosen_in(phase)):
                if units and part[0].target.can_be_zero:
                    targets = [each.target for each in part[first : first + len(whole)]]
                    self._units.add_together(targets, whole)

    def _settle(self) -> None:
        """See which of those that were copied at once have stayed as they were."""
        copied, self._copied = self._copied, []
        for each in copied:
            if compat.version_of(each.tensor) == each.version:
                each.target.calm = not each.target.restless
            else:
                each.target.unsettle()

    def forget(self) -> None:
        """Forget what has been noted."""
        self._outputs, self._gradients, self._copied = [], [], []
        self._values, self._ran = 0, False
