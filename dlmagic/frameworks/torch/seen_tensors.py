"""The tensors that a watched cell has used, by numbers, without keeping any of them alive."""

from __future__ import annotations

import weakref

from torch import Tensor

from dlmagic.frameworks.operations import Numbers, Operation, Seen
from dlmagic.frameworks.torch import _compat as compat
from dlmagic.frameworks.torch.small_numbers import looked_at, numbers_of


class SeenTensors:
    """What is known of each tensor that is alive."""

    def __init__(self) -> None:
        self._seen: dict[int, Seen] = {}
        self._versions: dict[int, int | None] = {}
        self._count = 0

    def known(self, tensor: Tensor) -> Seen:
        """What was seen of it, unless it was changed in place where nobody saw."""
        seen = self._seen.get(id(tensor))
        if seen is None:
            return self.note(tensor, None, numbers_of(tensor))
        if self._versions.get(id(tensor)) == _version(tensor):
            return seen
        return self.note(tensor, None if tensor.is_leaf else seen.maker, numbers_of(tensor))

    def note(self, tensor: Tensor, maker: Operation | None, numbers: Numbers | None) -> Seen:
        """Know a tensor as the work of an operation from now on."""
        self._count += 1
        key = id(tensor)
        seen = Seen(
            self._count,
            looked_at(lambda: tuple(tensor.shape)) or (),
            str(tensor.dtype).removeprefix("torch."),
            tensor.requires_grad,
            maker,
            key if tensor.requires_grad and tensor.is_leaf else None,
            numbers,
        )
        if key not in self._seen:
            weakref.finalize(tensor, self._seen.pop, key, None)
        self._seen[key] = seen
        self._versions[key] = _version(tensor)
        return seen

    def number_of(self, value: object) -> int | None:
        """The number under which events know a tensor; None for what was not seen."""
        seen = self._seen.get(id(value)) if isinstance(value, Tensor) else None
        return seen.number if seen is not None else None

    def forget(self) -> None:
        """Know no tensor any more."""
        self._seen.clear()
        self._versions.clear()


def _version(tensor: Tensor) -> int | None:
    """None for tensors that keep none."""
    return looked_at(lambda: compat.version_of(tensor))
