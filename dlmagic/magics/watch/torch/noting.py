"""Small tensors are noted as they come by, and copied together soon after.

To copy hundreds of small tensors one by one costs more than to copy them all at once. But what is
noted must not change before it is copied, as by a layer that works in place. So what comes of a
layer is copied at once until it has been seen to stay as it is; from then on it is noted, and left
out of the sample should it have changed after all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor

from dlmagic.frameworks.torch import _compat as compat
from dlmagic.magics.watch.torch.plan import Target
from dlmagic.magics.watch.torch.pools import Pools
from dlmagic.magics.watch.torch.together import Scratch, copied_at_once, copy_together
from dlmagic.magics.watch.torch.units import Units, others_of

LARGEST = 1 << 14
"""Larger tensors are copied at once."""

MOST_VALUES = 1 << 22
"""In a step no more values than these are noted."""

MOST_SIZES = 1000
"""So many sizes are remembered at most."""

Came = list[Tensor]
"""Gradients that have reached an output."""


class Copied(NamedTuple):
    """An output or a gradient that was copied at once, and may be changed later."""

    target: Target
    tensor: Tensor
    version: int | None


@dataclass(frozen=True, eq=False)
class Size:
    """What is copied together.

    Attributes:
        shape: Of each tensor.
        values: How many values it has.
        call: How often its layer had run, about.
        others: The axes along which the units do not lie; None where they are not looked at.
        most: How many such tensors are copied together at most.
    """

    shape: torch.Size
    values: int
    call: int
    others: tuple[int, ...] | None
    most: int


@dataclass(eq=False)
class Handful:
    """Outputs of one size that came by one after the other.

    Attributes:
        size: Their size.
        outputs: Layers with their outputs, and how often those had been changed in place.
        waiting: Layers of all of them, and the gradients that have come.
    """

    size: Size
    outputs: list[tuple[Target, Tensor, int]] = field(default_factory=list)
    waiting: list[tuple[Target, Came]] = field(default_factory=list)


class Noting:
    """The outputs of layers and their gradients, in one measured step after the other.

    Args:
        pools: Where their values go.
        units: Where it goes which units were active.
        fail: Told what goes wrong in a backward pass, which must not suffer.
    """

    def __init__(self, pools: Pools, units: Units, fail: Callable[[Exception], None]) -> None:
        self._pools, self._units, self._fail = pools, units, fail
        self._sizes: dict[tuple[object, ...], Size] = {}
        self._size_of: dict[int, Size] = {}
        self._scratch = Scratch()
        self._phase = 0
        self.begin(0)

    def begin(self, phase: int) -> None:
        """Forget what has been noted; what is noted from now on is of another sample."""
        if len(self._sizes) > MOST_SIZES:
            self._sizes, self._size_of = {}, {}
        self._phase = phase
        self._open: dict[Size, Handful] = {}
        self._all: list[Handful] = []
        self._copied: list[Copied] = []
        self._values, self._ran = 0, False
        self._first_came: Came = []  # the gradients of the first output that has any
        self._last_came = self._first_came

    def note(self, target: Target, output: object, call: int) -> bool:
        """Look soon at an output and at the gradient that will reach it.

        Returns whether it will be done: for a small output of a layer that is known to be calm.
        """
        if not target.calm or type(output) is not Tensor:
            return False
        shape, bits = output.shape, call.bit_length()
        which = target.activation << 5 | bits
        size = self._size_of.get(which)
        if size is None or size.shape != shape:
            size = self._size_of[which] = self._size(target, output, bits)
        values = size.values
        if not 0 < values <= LARGEST or self._values > MOST_VALUES:
            return False
        if output.dtype is not target.dtype:
            return False
        handful = self._open.get(size) or self._another(size)
        self._values += values
        handful.outputs.append((target, output, output._version))
        if output.requires_grad:
            came: Came = []
            first = not handful.waiting
            self._last_came = came
            if len(self._all) == 1 and first:
                self._first_came = came
            handful.waiting.append((target, came))
            hook = partial(self._came_to_first, handful, came) if first else came.append
            compat.hook_gradient(output, hook)
        if len(handful.outputs) >= size.most:
            del self._open[size]
            with torch.no_grad():
                self._copy_outputs(handful)
        return True

    def see_whether_it_stays(self, target: Target, tensor: Tensor) -> None:
        """What was copied at once is not changed later, or it must be copied at once again."""
        if tensor.numel() <= LARGEST and self._values < MOST_VALUES and not target.restless:
            self._values += tensor.numel()
            self._copied.append(Copied(target, tensor, compat.version_of(tensor)))

    def backward_ran(self) -> bool:
        """Whether gradients have reached what was noted: the last output first, or the first."""
        return self._ran or bool(self._last_came) or bool(self._first_came)

    def copy_outputs(self) -> None:
        """Copy the outputs that have been noted."""
        self._open = {}
        for handful in self._all:
            if handful.outputs:
                self._copy_outputs(handful)
        self._settle()

    def copy_gradients(self) -> None:
        """Copy the gradients that have come since it was last called."""
        for handful in self._all:
            self._copy_gradients(handful)
        self._settle()

    def _came_to_first(self, handful: Handful, came: Came, gradient: Tensor) -> None:
        """To those after it gradients have come already, so that they can be copied."""
        came.append(gradient)
        if handful not in self._all:
            return
        try:
            with torch.no_grad():
                self._copy_gradients(handful)
        except Exception as error:  # the session says so
            self._fail(error)

    def _copy_outputs(self, handful: Handful) -> None:
        noted, handful.outputs = handful.outputs, []
        calm = [each for each in noted if each[1]._version == each[2]]
        if len(calm) < len(noted):
            _unsettle(noted)
        rows = [each[0].activation for each in calm]
        self._copy(handful.size, rows, [each[1] for each in calm], outputs=True)

    def _copy_gradients(self, handful: Handful) -> None:
        found = [(target, each) for target, came in handful.waiting for each in came]
        if not found:
            return
        self._ran = True
        calm = [each for each in found if each[1]._version == each[0].version]
        if len(calm) < len(found):
            _unsettle((target, each, target.version) for target, each in found)
        rows = [target.gradient for target, _ in calm]
        self._copy(handful.size, rows, [each[1] for each in calm])
        for _, came in handful.waiting:
            came.clear()

    def _copy(
        self, size: Size, owners: list[int], tensors: list[Tensor], *, outputs: bool = False
    ) -> None:
        if not tensors:
            return
        kind = self._pools.kind(tensors[0], size.call)
        rows = kind.pool.several(owners, kind.total)
        whole = copy_together(tensors, rows, kind.chosen_in(self._phase), self._scratch)
        if outputs and size.others is not None:
            self._units.add_together(owners, whole, size.others)

    def _settle(self) -> None:
        """See which of those that were copied at once have stayed as they were."""
        copied, self._copied = self._copied, []
        for target, _, version in copied:
            target.calm = version is not None and not target.restless
        _unsettle(copied)

    def _size(self, target: Target, output: Tensor, bits: int) -> Size:
        others = tuple(others_of(target, output)) if target.can_be_zero else None
        key = output.shape, bits, others, output.device
        if key not in self._sizes:
            values = output.numel()
            most = copied_at_once(output.device, values)
            self._sizes[key] = Size(output.shape, values, 1 << bits - 1, others, most)
        return self._sizes[key]

    def _another(self, size: Size) -> Handful:
        handful = self._open[size] = Handful(size)
        self._all.append(handful)
        return handful


def _unsettle(seen: Iterable[tuple[Target, Tensor, int | None]]) -> None:
    """Have layers copied at once from now on of which something has changed since it was seen."""
    for target, tensor, version in seen:
        if compat.version_of(tensor) != version:
            target.calm, target.restless = False, True
