"""What the user asked ``%tensors`` for, and where it looks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import TracebackType

SORT_KEYS = ("name", "size", "shape", "dtype", "device", "kind")
"""What a table can be sorted by."""


@dataclass(frozen=True)
class Request:
    """One look at the tensors of a notebook.

    Attributes:
        namespace: The notebook's names.
        pattern: Which names, such as ``"x*"``; empty for all.
        sort: One of :data:`SORT_KEYS`.
        values: Whether to look at the numbers, too, which waits for the devices.
        outputs: What the notebook keeps of the cells' results, by their numbers.
        traceback: Of the last error, whose functions keep their variables.
    """

    namespace: Mapping[str, object]
    pattern: str = ""
    sort: str = "name"
    values: bool = False
    outputs: Mapping[int, object] = field(default_factory=dict)
    traceback: TracebackType | None = None
