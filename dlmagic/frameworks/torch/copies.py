"""Tensors that operations must put in order before they begin, and what one such copy costs."""

from __future__ import annotations

import time
import weakref
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from dlmagic.frameworks.operations import Copied, CopyTime, Seen
from dlmagic.frameworks.torch import _compat as compat

_ORDERING = frozenset({"contiguous", "reshape", "flatten"})
_CONVOLVING = frozenset({"conv1d", "conv2d", "conv3d"})
_MULTIPLYING = frozenset({"matmul", "__matmul__", "mm", "bmm", "linear"})
_COPYING = _ORDERING | _CONVOLVING | _MULTIPLYING
_SMALL = 64 * 2**20  # bytes up to which the very tensor is copied to take the time
_ROUNDS = 3
_BY_LOOPS = 400  # products of numbers


@dataclass(frozen=True)
class _Remembered:
    """A tensor that was copied.

    Attributes:
        copied: What of it was.
        base: The tensor whose memory it looks at, unless it is gone.
        offset: Where it begins there, in elements.
        dtype: Its type.
        is_on_cpu: Whether it may be copied once more without waiting for a device.
    """

    copied: Copied
    base: weakref.ref[Tensor]
    offset: int
    dtype: torch.dtype
    is_on_cpu: bool


class Copies:
    """Remembers tensors that were copied, without keeping them alive."""

    def __init__(self) -> None:
        self._tensors: dict[tuple[object, ...], _Remembered] = {}

    def made_by(
        self,
        name: str,
        inputs: Sequence[Tensor],
        result: object,
        known: Callable[[Tensor], Seen],
    ) -> tuple[Copied, ...]:
        """What an operation copied of its inputs.

        Args:
            name: The operation's.
            inputs: The tensors that it took.
            result: What it gave.
            known: What is known of a tensor.
        """
        if name not in _COPYING:
            return ()
        copied = [each for each in _copied(name, inputs, result) if not each.requires_grad]
        return tuple(self._noted(each, known) for each in copied)

    def _noted(self, tensor: Tensor, known: Callable[[Tensor], Seen]) -> Copied:
        base = compat.base_of(tensor)
        number = known(base).number
        source = (
            number,
            compat.version_of(base),
            *(tuple(tensor.shape), tensor.stride(), tensor.storage_offset()),
        )
        nbytes = tensor.numel() * tensor.element_size()
        copied = Copied(
            source, known(tensor).number, number, tuple(tensor.shape), tensor.stride(), nbytes
        )
        self._tensors[source] = _Remembered(
            copied,
            weakref.ref(base),
            int(tensor.storage_offset()),
            tensor.dtype,
            tensor.device.type == "cpu",
        )
        return copied

    def time_of(self, source: tuple[object, ...]) -> CopyTime | None:
        """What one copy costs; None on devices that would have to be waited for."""
        known = self._tensors.get(source)
        if known is None or not known.is_on_cpu:
            return None
        base, copied = known.base(), known.copied
        with compat.without_modes(), torch.no_grad():
            if base is not None and copied.nbytes <= _SMALL:
                tensor = base.detach().as_strided(copied.shape, copied.strides, known.offset)
                return CopyTime(_seconds(tensor), is_measured=True)
            return _of_one_like_it(copied, known.dtype)


def _copied(name: str, inputs: Sequence[Tensor], result: object) -> Iterator[Tensor]:
    if not inputs or any(_is_special(each) for each in inputs[:2]):
        return
    first = inputs[0]
    if name in _ORDERING:
        if not first.is_contiguous() and not _share(first, result):
            yield first
    elif name in _CONVOLVING:
        if not first.is_contiguous() and not _is_channels_last(first):
            yield first
    elif name in _MULTIPLYING and not _is_tiny(inputs):
        yield from (each for each in inputs[:2] if _fits_no_product(each))


def _is_special(tensor: Tensor) -> bool:
    """Whether it has no memory of its own that would be copied in the usual way."""
    own = type(tensor).__torch_dispatch__ is Tensor.__torch_dispatch__
    return tensor.layout != torch.strided or not own or tensor.device.type == "meta"


def _share(tensor: Tensor, result: object) -> bool:
    if not isinstance(result, Tensor):
        return True
    return tensor.untyped_storage().data_ptr() == result.untyped_storage().data_ptr()


def _is_channels_last(tensor: Tensor) -> bool:
    """Whether the channels, which come second, lie next to each other, as convolutions allow."""
    return tensor.dim() < 3 or tensor.movedim(1, -1).is_contiguous()


def _fits_no_product(tensor: Tensor) -> bool:
    """Whether neither rows nor columns lie in order: libraries for products need one of them."""
    if tensor.dim() < 2 or min(tensor.shape[-2:]) < 2:
        return False
    return 1 not in tensor.stride()[-2:]


def _is_tiny(factors: Sequence[Tensor]) -> bool:
    """Whether matrices of a batch are so small that PyTorch multiplies them by loops of its own."""
    if len(factors) < 2 or max(each.dim() for each in factors) < 3 or factors[1].dim() < 2:
        return False
    return factors[0].shape[-2:].numel() * factors[1].shape[-1] < _BY_LOOPS


def _of_one_like_it(copied: Copied, dtype: torch.dtype) -> CopyTime | None:
    """Reckoned from a tensor with the same strides and fewer rows."""
    rows = copied.shape[0]
    taken = max(1, min(rows, rows * _SMALL // max(1, copied.nbytes)))
    shape = (taken, *copied.shape[1:])
    span = 1 + sum((n - 1) * stride for n, stride in zip(shape, copied.strides, strict=True))
    if span * dtype.itemsize > 4 * _SMALL:
        return None
    like = torch.zeros(span, dtype=dtype, device="cpu").as_strided(shape, copied.strides)
    return CopyTime(_seconds(like) * rows / taken, is_measured=False)


def _seconds(tensor: Tensor) -> float:
    """The quickest of a few: what else the machine does only adds to it."""
    times = []
    for _ in range(_ROUNDS):
        begin = time.perf_counter()
        tensor.contiguous()
        times.append(time.perf_counter() - begin)
    return min(times)
