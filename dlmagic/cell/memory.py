"""How much memory a snapshot needs, told and checked before anything large is copied."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from dlmagic.errors import StateError
from dlmagic.frameworks.protocol import Saved, SavedContents

_GB = 1e9
_WORTH_TELLING = 100e6


@dataclass(frozen=True)
class Footprint:
    """Bytes of the arrays that a cell reaches.

    Attributes:
        copied: Those copied before the cell runs: arrays of NumPy, and tensors over memory
            that is not their framework's own, tell nobody when they are written to.
        referenced: Those copied only when they are first written to.
    """

    copied: int = 0
    referenced: int = 0

    def __str__(self) -> str:
        return _gigabytes(self.copied + self.referenced)

    def note(self) -> str | None:
        """One sentence for the user where it is worth one, from 100 MB on."""
        if self.copied + self.referenced < _WORTH_TELLING:
            return None
        if not self.copied:
            return f"The cell reads {self}; tensors are copied only when they are first written to."
        if not self.referenced:
            return f"The cell reads {self}; arrays of NumPy are copied before it runs."
        return (
            f"The cell reads {self}; {_gigabytes(self.copied)} of arrays are copied before it "
            "runs, tensors only when they are first written to."
        )


def free_memory() -> int:
    """Bytes that can be had without swapping."""
    import psutil

    return int(psutil.virtual_memory().available)


@dataclass(frozen=True)
class Memory:
    """Where copies go.

    Attributes:
        free: Says how many bytes there are.
        tell: Told what will be needed, before anything large is copied.
    """

    free: Callable[[], int] = free_memory
    tell: Callable[[Footprint], object] = lambda _footprint: None

    def copy(self, contents: Iterable[SavedContents]) -> None:
        """Copy what must be copied before the cell runs.

        Raises:
            StateError: It does not fit; nothing has been copied.
        """
        missing = [part for part in contents if part.ahead and not part.has_copy]
        needed, free = sum(part.size for part in missing), self.free()
        if needed > free:
            raise StateError(
                f"The cell reads {_gigabytes(needed)} of arrays, which must be copied so that they "
                f"can be put back, and only {_gigabytes(free)} of memory is free.",
                "Make them inside the cell, or use a part of them.",
            )
        for part in missing:
            part.copy_now()


def contents_of(saved: Iterable[Saved]) -> list[SavedContents]:
    """Those parts of a snapshot that may be large."""
    return [part for part in saved if isinstance(part, SavedContents)]


def footprint_of(contents: Iterable[SavedContents]) -> Footprint:
    """The sum over all parts."""
    copied = referenced = 0
    for part in contents:
        if part.ahead:
            copied += part.size
        else:
            referenced += part.size
    return Footprint(copied, referenced)


def _gigabytes(size: float) -> str:
    return f"{size / _GB:.1f} GB" if size >= _GB / 10 else f"{size / _GB:.2g} GB"
