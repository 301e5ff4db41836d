"""Small tensors are noted as they come by, and copied together soon after.

To copy hundreds of small tensors one by one costs more than to copy them all at once. But what is
noted must not change before it is copied, as by a layer that works in place. So what comes of a
layer is copied at once until it has been seen to stay as it is; from then on it is noted, and left
out of the sample should it have changed after all.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from torch import Tensor

from dlmagic.frameworks.torch import _compat as compat
from dlmagic.magics.watch.torch.plan import Target
from dlmagic.magics.watch.torch.pools import LARGEST_PART, Pools
from dlmagic.magics.watch.torch.together import copied_together
from dlmagic.magics.watch.torch.units import Units, others_of

LARGEST = 1 << 14
"""Larger tensors are copied at once."""

MOST_VALUES = 1 << 22
"""Outputs and gradients with more values than these in all are not noted, to keep little memory
from being freed."""


MOST_BUCKETS = 1000
"""So many sizes are remembered at most."""

Came = list[Tensor]
"""Gradients that have reached an output."""


class Copied(NamedTuple):
    """An output or a gradient that was copied at once, and may be changed later."""

    target: Target
    tensor: Tensor
    version: int | None


@dataclass(eq=False)
class Bucket:
    """What is copied together, as it is of the same size.

    Attributes:
        values: How many values each tensor has.
        axes: How many axes.
        call: How often its layer had run, about.
        others: The axes along which the units do not lie; None where they are not looked at.
        outputs: Layers with their outputs, how often those had been changed in place, and a place
            for their gradients.
        waiting: Layers of which outputs have been copied, and gradients may come.
    """

    values: int
    axes: int
    call: int
    others: tuple[int, ...] | None
    outputs: list[tuple[Target, Tensor, int, Came]] = field(default_factory=list)
    waiting: list[tuple[Target, Came]] = field(default_factory=list)


class Noting:
    """The outputs of layers and their gradients, in one measured step after the other."""

    def __init__(self, pools: Pools, units: Units) -> None:
        self._pools, self._units = pools, units
        self._buckets: dict[tuple[object, ...], Bucket] = {}
        self._bucket_of: dict[int, Bucket] = {}
        self._copied: list[Copied] = []
        self.forget()

    def note(self, target: Target, output: object, call: int) -> bool:
        """Look soon at an output and at the gradient that will reach it.

        Returns whether it will be done: for a small output of a layer that is known to be calm.
        """
        if not target.calm or type(output) is not Tensor:
            return False
        values, bits = output.numel(), call.bit_length()
        if values > LARGEST or self._values > MOST_VALUES or output.dtype is not target.dtype:
            return False
        which = target.activation << 5 | bits
        bucket = self._bucket_of.get(which)
        if bucket is None or bucket.values != values:
            bucket = self._bucket_of[which] = self._bucket(target, output, bits)
        self._values += values
        came: Came = []
        if output.requires_grad:
            self._last = came
            if self._first is None:
                self._first = came
            compat.hook_gradient(output, came.append)
        bucket.outputs.append((target, output, output._version, came))
        return True

    def see_whether_it_stays(self, target: Target, tensor: Tensor) -> None:
        """What was copied at once is not changed later, or it must be copied at once again."""
        if tensor.numel() <= LARGEST and self._values < MOST_VALUES and not target.restless:
            self._values += tensor.numel()
            self._copied.append(Copied(target, tensor, compat.version_of(tensor)))

    def backward_ran(self) -> bool:
        """Whether gradients have reached what was noted: the last output first, or the first."""
        return self._ran or bool(self._last or self._first)

    def copy_outputs(self, phase: int) -> None:
        """Copy the outputs that have been noted."""
        for bucket in self._buckets.values():
            if bucket.outputs:
                noted, bucket.outputs = bucket.outputs, []
                bucket.waiting += [(target, came) for target, _, _, came in noted]
                calm = [each for each in noted if each[1]._version == each[2]]
                if len(calm) < len(noted):
                    _unsettle((target, each, version) for target, each, version, _ in noted)
                rows = [each[0].activation for each in calm]
                self._copy(bucket, rows, [each[1] for each in calm], phase, outputs=True)
        self._settle()

    def copy_gradients(self, phase: int) -> None:
        """Copy the gradients that have come since it was last called."""
        for bucket in self._buckets.values():
            found = [(target, each) for target, came in bucket.waiting for each in came]
            if found:
                self._ran = True
                calm = [each for each in found if each[1]._version == each[0].version]
                if len(calm) < len(found):
                    _unsettle((target, each, target.version) for target, each in found)
                rows = [target.gradient for target, _ in calm]
                self._copy(bucket, rows, [each[1] for each in calm], phase)
                for _, came in bucket.waiting:
                    came.clear()
        self._settle()

    def _copy(
        self,
        bucket: Bucket,
        owners: Sequence[int],
        tensors: Sequence[Tensor],
        phase: int,
        *,
        outputs: bool = False,
    ) -> None:
        if not tensors:
            return
        kind = self._pools.kind(tensors[0], bucket.call)
        most = max(1, LARGEST_PART // kind.pool.width)
        for start in range(0, len(tensors), most):
            part = slice(start, start + most)
            rows = kind.pool.several(owners[part], kind.total)
            for first, whole in copied_together(tensors[part], rows, kind.chosen_in(phase)):
                if outputs and bucket.others is not None and whole.dim() == bucket.axes + 1:
                    those = owners[start + first : start + first + len(whole)]
                    self._units.add_together(those, whole, bucket.others)

    def _settle(self) -> None:
        """See which of those that were copied at once have stayed as they were."""
        copied, self._copied = self._copied, []
        for target, _, version in copied:
            target.calm = version is not None and not target.restless
        _unsettle(copied)

    def _bucket(self, target: Target, output: Tensor, bits: int) -> Bucket:
        others = tuple(others_of(target, output)) if target.can_be_zero else None
        key = output.numel(), output.device, bits, others
        return self._buckets.setdefault(key, Bucket(output.numel(), output.dim(), 1 << bits - 1, others))

    def forget(self) -> None:
        """Forget what has been noted."""
        if len(self._buckets) > MOST_BUCKETS:
            self._buckets, self._bucket_of = {}, {}
        for bucket in self._buckets.values():
            bucket.outputs, bucket.waiting = [], []
        self._copied = []
        self._first: Came | None = None
        self._last: Came | None = None
        self._values, self._ran = 0, False


def _unsettle(seen: Iterable[tuple[Target, Tensor, int | None]]) -> None:
    """Have layers copied at once from now on of which something has changed since it was seen."""
    for target, tensor, version in seen:
        if compat.version_of(tensor) != version:
            target.calm, target.restless = False, True
