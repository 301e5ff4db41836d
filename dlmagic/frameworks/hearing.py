"""What recorders of operations share: how far they listen, and which tensors they have seen."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any, Generic, TypeVar

import numpy as np

from dlmagic.frameworks.operations import Numbers, Operation, Seen

Description = tuple[tuple[int, ...], str, bool, Numbers | None]
"""The shape, the type, whether gradients are recorded, and what the numbers are."""

T = TypeVar("T")
STEPS = 4
"""Steps of an optimiser after which enough was seen: what goes wrong, goes wrong in each."""
STEPS_OF_ALL = 3 * STEPS
"""Steps of several optimisers together, such as those of actors and critics."""
OPERATIONS = 20_000
"""Operations after which nobody listens any more."""
SMALL = 100_000
"""Elements up to which numbers are looked at, on the CPU alone: no device waits."""


class ByIdentity(Generic[T]):
    """What is known of tensors, by their identity; none is kept alive."""

    def __init__(self) -> None:
        self._known: dict[int, T] = {}
        self._alive: dict[int, weakref.ref[Any]] = {}

    def get(self, tensor: object) -> T | None:
        """What is known of one, or None."""
        return self._known.get(id(tensor))

    def put(self, tensor: Any, known: T) -> None:
        """Know this of it from now on, until it dies."""
        key = id(tensor)
        if key not in self._known:
            try:
                self._alive[key] = weakref.ref(tensor, lambda _dead: self._drop(key))
            except TypeError:  # a number in the guise of an array: it is nobody's but this call's
                return
        self._known[key] = known

    def values(self) -> list[T]:
        """What is known of those that are still there."""
        return list(self._known.values())

    def clear(self) -> None:
        """Forget all of them."""
        self._known.clear()
        self._alive.clear()

    def _drop(self, key: int) -> None:
        """Another tensor may get the same identity."""
        self._known.pop(key, None)
        self._alive.pop(key, None)


class SeenTensors:
    """The tensors of a framework that are never changed in place unseen.

    Args:
        describe: What is known of one that nobody has seen being made.
    """

    def __init__(self, describe: Callable[[Any], Description]) -> None:
        self._describe = describe
        self._seen: ByIdentity[Seen] = ByIdentity()
        self._count = 0

    def of(self, tensor: Any) -> Seen:
        """What is known of a tensor; one that was not seen before gets a number."""
        return self._seen.get(tensor) or self.note(tensor, self._describe(tensor))

    def note(self, tensor: Any, known: Description, maker: Operation | None = None) -> Seen:
        """Give a tensor a number, also one that was seen before: it was changed in place."""
        self._count += 1
        shape, dtype, requires_grad, numbers = known
        seen = Seen(self._count, shape, dtype, requires_grad, maker, numbers=numbers)
        self._seen.put(tensor, seen)
        return seen

    def clear(self) -> None:
        """Forget all of them."""
        self._seen.clear()


def numbers_in(array: Any) -> Numbers:
    """What the numbers of an array of NumPy are."""
    if bool(np.isfinite(array).all()):
        return "finite"
    if bool(np.isnan(array).any()):
        return "nan"
    return "infinite" if bool((array == np.inf).any()) else "low"
