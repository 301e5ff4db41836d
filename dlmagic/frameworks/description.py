"""What is known of a tensor without asking for its numbers.

Nothing here waits for a device or copies: shape, type, place in memory. Each framework describes
its own values in ``dlmagic.frameworks.ROOT.description``, as far as the user has imported it.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from dlmagic.frameworks.entries import ENTRIES, is_loaded

_DESCRIBING = ("torch", "tensorflow", "keras", "jax")
T = TypeVar("T")


@dataclass(frozen=True)
class Allocation:
    """A stretch of memory that was asked for in one piece.

    Attributes:
        device: Whose memory.
        start: Its first address.
        end: The address behind its last byte.
    """

    device: str
    start: int
    end: int


@dataclass(frozen=True)
class Description:
    """A tensor or an array as its metadata show it; None is what nobody knows.

    Attributes:
        kind: Its class in the framework's words, such as ``"Parameter"`` or ``"ndarray"``.
        shape: Elements per axis; ``"?"`` for an axis of open length.
        dtype: Without the framework's prefix: ``"float32"``.
        device: Such as ``"cuda:0"``.
        strides: Elements to step over for the next one on each axis.
        contiguous: Whether the elements lie in order without gaps.
        requires_grad: Whether gradients are recorded, or a variable is trained.
        nbytes: Bytes of its elements.
        memory: Where they lie; two that overlap share memory. Empty where there are no numbers.
        remark: What is special about it, such as ``"sparse_coo"``, or an empty text.
    """

    kind: str
    shape: tuple[int | str, ...] | None = None
    dtype: str | None = None
    device: str | None = None
    strides: tuple[int, ...] | None = None
    contiguous: bool | None = None
    requires_grad: bool | None = None
    nbytes: int | None = None
    memory: tuple[Allocation, ...] | None = None
    remark: str = ""


class Describer(Protocol):
    """One framework's module of descriptions."""

    def describe(self, value: object) -> Description | None:
        """The description of one of its tensors; None for any other value."""

    def parts_of(self, value: object) -> list[object] | None:
        """The tensors that belong to one of its modules, models or optimisers; None for others."""


def describers() -> tuple[Describer, ...]:
    """Those of the frameworks that the user has imported, NumPy's last.

    A framework of another version, in which a part is missing that this needs, has none.
    """
    roots = [entry.root for entry in ENTRIES if entry.root in _DESCRIBING and is_loaded(entry)]
    modules = [f"dlmagic.frameworks.{root}.description" for root in [*roots, "plain"]]
    found = (told(lambda: importlib.import_module(module)) for module in modules)  # noqa: B023
    return tuple(each for each in found if each is not None)


def told(probe: Callable[[], T]) -> T | None:
    """What a probe says, or None where the value refuses.

    Fake, lazy, deleted, nested and sparse tensors refuse some of what others tell.
    """
    try:
        return probe()
    except Exception:
        return None


def folded(kind: str, parts: Iterable[Description]) -> Description:
    """Several tensors as one, such as the parameters of a model."""
    described = list(parts)
    trained = {part.requires_grad for part in described} - {None}
    return Description(
        kind=kind,
        dtype=_common(part.dtype for part in described),
        device=_common(part.device for part in described),
        requires_grad=any(trained) if trained else None,
        nbytes=sum(part.nbytes or 0 for part in described),
        memory=_together(described),
        remark=", ".join(_remarks(described)),
    )


def _together(parts: Sequence[Description]) -> tuple[Allocation, ...] | None:
    """All their memory; None where that of one is unknown."""
    places = [part.memory for part in parts]
    if None in places:
        return None
    return tuple(dict.fromkeys(place for part in places if part for place in part))


def _remarks(parts: Sequence[Description]) -> Iterator[str]:
    yield f"{len(parts)} tensor{'' if len(parts) == 1 else 's'}"
    trained = sum(bool(part.requires_grad) for part in parts)
    if 0 < trained < len(parts):
        yield f"{trained} trained"
    yield from dict.fromkeys(part.remark for part in parts if part.remark)


def _common(names: Iterable[str | None]) -> str | None:
    found = list(dict.fromkeys(name for name in names if name is not None))
    return ", ".join(found) if found else None
