"""State that is a position: in a sequence of random numbers, in a buffer, in a file."""

from __future__ import annotations

import io
import random
from collections.abc import Iterable
from typing import Any

from dlmagic.errors import StateError


class SavedRandom:
    """A generator of Python's ``random`` module."""

    def __init__(self, value: random.Random) -> None:
        self.value = value
        self.state = value.getstate()

    def changed(self) -> bool:
        return self.value.getstate() != self.state

    def restore(self) -> None:
        self.value.setstate(self.state)

    def children(self) -> Iterable[tuple[str, object]]:
        return ()


class SavedBuffer:
    """A text or byte buffer in memory, and where the next read or write happens."""

    def __init__(self, value: io.StringIO | io.BytesIO) -> None:
        self.value: Any = value
        self.kind: Any = io.StringIO if isinstance(value, io.StringIO) else io.BytesIO
        self.state = self._read()

    def changed(self) -> bool:
        return self.value.closed or self._read() != self.state

    def restore(self) -> None:
        if not self.changed():
            return
        if self.value.closed:
            self.kind.__init__(self.value, self.state[0])  # opens it again
        # Writing would translate the ends of lines once more.
        self.kind.__setstate__(self.value, self.state)

    def children(self) -> Iterable[tuple[str, object]]:
        return ()

    def _read(self) -> tuple[object, ...]:
        """Contents, line ending and position; attributes are saved with those of any object."""
        *state, _attributes = self.kind.__getstate__(self.value)
        return (*state, None)


class SavedReader:
    """A file that is open for reading only: where the next read happens."""

    def __init__(self, value: io.IOBase, position: int) -> None:
        self.value = value
        self.position = position

    def changed(self) -> bool:
        return position_of(self.value) != self.position

    def restore(self) -> None:
        """Wind back.

        Raises:
            StateError: The file was closed.
        """
        if self.value.closed:
            name = getattr(self.value, "name", "that the cell reads")
            raise StateError(
                f"The cell closed the file {name}, which was open before.",
                "Open it inside the cell.",
            )
        self.value.seek(self.position)

    def children(self) -> Iterable[tuple[str, object]]:
        return ()


def save_stream(value: object) -> SavedRandom | SavedBuffer | SavedReader | None:
    """The state of a generator, a buffer or a file, or None if it is none or has none."""
    if isinstance(value, random.Random) and not isinstance(value, random.SystemRandom):
        return SavedRandom(value)
    if isinstance(value, io.StringIO | io.BytesIO):
        return None if value.closed else SavedBuffer(value)
    if isinstance(value, io.IOBase):
        position = position_of(value)
        return None if position is None else SavedReader(value, position)
    return None


def position_of(value: io.IOBase) -> int | None:
    """Where the next read of a file happens, if that can be told and nothing is written."""
    try:
        if value.closed or not value.readable() or value.writable() or not value.seekable():
            return None
        return value.tell()
    except OSError:  # in the middle of a loop over its lines
        return None
