"""Where a value that is not finite came from, and which of several such places comes first."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from torch import Tensor

from dlmagic.magics.watch.torch.culprit.numbers import Numbers, Range

Pass = Literal["input", "parameter", "forward", "loss", "backward", "unknown"]


@dataclass(eq=False)
class LayerCall:
    """One call of one layer.

    Attributes:
        path: The layer's path in the model.
        kind: Its class.
        number: Which call of it this is, from 1.
        inputs: Between which values its inputs lie.
        magnitudes: The smallest and the largest magnitude of its outputs, once it has ended.
        ended: When it did, as operations are counted.
    """

    path: str
    kind: str
    number: int
    inputs: Range | None = None
    magnitudes: Range | None = None
    ended: int = sys.maxsize


@dataclass(frozen=True, eq=False)
class Origin:
    """What made a value that is not finite out of finite ones.

    Attributes:
        when: The later, the greater; below zero for what was so before the model was called.
        pass_: In which pass.
        numbers: The values that it made.
        call: The call of a layer in which it happened; None before any.
        operation: What made it, in PyTorch's words.
        inputs: Between which values its inputs lie.
        parameter: The parameter's name in its layer, where it is one.
        deliberate: Whether it is the infinity of a mask, which the program asked for.
    """

    when: int
    pass_: Pass
    numbers: Numbers
    call: LayerCall | None = None
    operation: str = ""
    inputs: Range | None = None
    parameter: str = ""
    deliberate: bool = False


class Origins:
    """From where the values of tensors come that are not finite, known by their memory."""

    def __init__(self) -> None:
        self._known: dict[object, tuple[Origin, Tensor]] = {}

    def of(self, tensor: Tensor) -> Origin | None:
        """Where a tensor's values come from; None for one that nobody has told of."""
        found = self._known.get(_memory_of(tensor))
        return found[0] if found else None

    def put(self, tensor: Tensor, origin: Origin) -> None:
        """Tell it; the tensor is kept, lest another one takes its memory."""
        self._known[_memory_of(tensor)] = (origin, tensor.detach())

    def forget(self) -> None:
        """Keep no tensor any more."""
        self._known.clear()


def first(origins: Iterable[Origin | None]) -> Origin | None:
    """The earliest that nobody asked for, else the earliest."""
    known = [each for each in origins if each is not None]
    return min(known, key=lambda each: (each.deliberate, each.when), default=None)


def _memory_of(tensor: Tensor) -> object:
    try:
        return tensor.device, tensor.untyped_storage().data_ptr()
    except (RuntimeError, NotImplementedError):
        return id(tensor)
