"""The state that a plain run leaves, kept while the cell runs as a graph, and put back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from dlmagic.cell.function import CellFunction
from dlmagic.cell.snapshot import Snapshot, take_snapshot


@contextmanager
def state_after(cell: CellFunction, before: Snapshot) -> Iterator[Snapshot]:
    """Save the state as it is now; put it back at the end, whatever happens.

    Args:
        cell: The cell, which has just run.
        before: The state that it started from.
    """
    after = take_snapshot(cell.namespace, cell.needs, frameworks=before.frameworks, earlier=before)
    after.copy_what_was_written(before)
    try:
        yield after
    finally:
        try:
            after.restore()
        except KeyboardInterrupt:
            after.restore()
            raise
