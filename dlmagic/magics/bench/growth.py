"""Values that grow faster with every run: run over and over, they would use up the memory."""

from __future__ import annotations

import weakref
from collections.abc import Iterable, Mapping

from dlmagic.cell.reach import Reached
from dlmagic.errors import CellError

_FASTER = 1.5  # a list that doubles grows by 2; one that is appended to, by 1


def sizes_of(items: Iterable[Reached]) -> dict[str, int]:
    """Items of containers and bytes of arrays, by path."""
    sizes: dict[str, int] = {}
    for item in items:  # a tensor and its storage share a path
        sizes[item.path] = max(_size(item), sizes.get(item.path, 0))
    return sizes


def refuse_growth(*runs: Mapping[str, int]) -> None:
    """Refuse a cell that makes a value larger by more and more.

    Args:
        runs: Sizes before the first run, after it, and after the second.

    Raises:
        CellError: Some value grows so.
    """
    before, first, second = runs
    for path, size in second.items():
        earlier, grown = first[path] - before[path], size - first[path]
        if earlier > 0 and grown >= _FASTER * earlier and size >= _FASTER * first[path]:
            raise CellError(
                f"The cell makes {path} larger with every run ({before[path]:,}, "
                f"{first[path]:,}, {size:,}): run over and over it would use up the memory.",
                f"Make {path.partition('.')[0].partition('[')[0]} inside the cell.",
            )


def _size(item: Reached) -> int:
    if isinstance(item.value, list | dict | set | bytearray):
        return 0 if _holds_nothing(item.value) else len(item.value)
    if item.owner is None:  # an attribute of other objects may run their code
        return 0
    try:
        size = getattr(item.value, "nbytes", 0)
    except (NotImplementedError, RuntimeError):  # a sparse tensor does not tell
        return 0
    return size if isinstance(size, int) else 0


def _holds_nothing(value: object) -> bool:
    """Whether it is a list of weak references, as those of pandas, which clears it in time."""
    return isinstance(value, list) and bool(value) and isinstance(value[0], weakref.ref)
