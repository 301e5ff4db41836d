"""The tensors that a watched cell has used, by numbers, without keeping any of them alive."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import torch
from torch import Tensor

from dlmagic.frameworks.description import told
from dlmagic.frameworks.hearing import ByIdentity
from dlmagic.frameworks.operations import Numbers, Operation, Seen, Unseen
from dlmagic.frameworks.torch import _compat as compat
from dlmagic.frameworks.torch.graph_questions import is_leaf
from dlmagic.frameworks.torch.small_numbers import numbers_of

_MOST = 1_000
"""Entries up to which the inside of an argument is looked at."""
_PLAIN = frozenset(
    {int, float, bool, str, slice, type(None), type(...), torch.dtype, torch.device, torch.Size}
)


class SeenTensors:
    """What is known of each tensor that is alive.

    Args:
        meet: Called with each tensor whenever something new becomes known of it.
    """

    def __init__(self, meet: Callable[[Tensor], object] = lambda _tensor: None) -> None:
        self._meet = meet
        self._seen: ByIdentity[tuple[Seen, int | None]] = ByIdentity()  # with its version
        self._count = 0

    def known(self, tensor: Tensor) -> Seen:
        """What was seen of it, unless it was changed in place where nobody saw."""
        known = self._seen.get(tensor)
        if known is None:
            return self.note(tensor, None, numbers_of(tensor))
        seen, version = known
        if version == _version(tensor):
            return seen
        return self.note(tensor, None if is_leaf(tensor) else seen.maker, numbers_of(tensor))

    def note(self, tensor: Tensor, maker: Operation | None, numbers: Numbers | None) -> Seen:
        """Know a tensor as the work of an operation from now on."""
        self._count += 1
        self._meet(tensor)
        seen = Seen(
            self._count,
            told(lambda: tuple(tensor.shape)) or (),
            _name_of(tensor.dtype),
            tensor.requires_grad,
            maker,
            id(tensor) if tensor.requires_grad and is_leaf(tensor) else None,
            numbers,
        )
        self._seen.put(tensor, (seen, _version(tensor)))
        return seen

    def in_place_of(self, value: Any, inputs: list[Seen]) -> Any:
        """An argument with what is seen of its tensors in their place; those are collected."""
        if isinstance(value, Tensor):
            inputs.append(self.known(value))
            return inputs[-1]
        if type(value) in _PLAIN:
            return value
        if isinstance(value, list | tuple) and len(value) <= _MOST:
            kind = list if isinstance(value, list) else tuple
            return kind([self.in_place_of(each, inputs) for each in value])
        if isinstance(value, dict) and len(value) <= _MOST:
            return {key: self.in_place_of(each, inputs) for key, each in value.items()}
        return Unseen(type(value).__name__)  # not itself: an event keeps nothing alive

    def number_of(self, value: object) -> int | None:
        """The number under which events know a tensor; None for what was not seen."""
        known = self._seen.get(value) if isinstance(value, Tensor) else None
        return known[0].number if known is not None else None

    def alive(self) -> list[Seen]:
        """What is known of all tensors that are still there."""
        return [seen for seen, _ in self._seen.values()]

    def forget(self) -> None:
        """Know no tensor any more."""
        self._seen.clear()


def tensors_in(values: Sequence[Any]) -> list[Tensor]:
    """The tensors of some values, also in lists and the like."""
    found: list[Tensor] = []
    for value in values:
        if isinstance(value, Tensor):
            found.append(value)
        elif isinstance(value, list | tuple | dict) and len(value) <= _MOST:
            found += tensors_in(tuple(value.values()) if isinstance(value, dict) else value)
    return found


@cache
def _name_of(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")


def _version(tensor: Tensor) -> int | None:
    """None for tensors that keep none."""
    return told(lambda: compat.version_of(tensor))
