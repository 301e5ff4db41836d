"""``LD_LIBRARY_PATH`` puts other libraries of CUDA before those that belong to the package."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from dlmagic.magics.gpus.check.evidence import Asked
from dlmagic.magics.gpus.check.result import Cause

_VARIABLE = "LD_LIBRARY_PATH"
_LIBRARIES = ("libcudart.so*", "libcublas.so*", "libcudnn.so*", "libcusparse.so*", "libnccl.so*")


def shadowed(asked: Asked) -> Cause | None:
    """Told where the framework fails, and the variable names a folder with such libraries."""
    folders = (asked.machine.variable(_VARIABLE) or "").split(":")
    found = [(folder, name) for folder in folders if folder for name in _held(folder)]
    if not found:
        return None
    folder, name = found[0]
    left = ":".join(each for each in folders if each and not any(_held(each)))
    return Cause(
        "library-path",
        f"{_VARIABLE} makes {asked.framework.title} load CUDA's libraries from {folder}, not those "
        "that it was built with.",
        (f"{_VARIABLE} names {folder}", f"{folder} has {name}"),
        "Take the folder out of the variable where the notebook is started, and start it again.",
        f"export {_VARIABLE}={left}" if left else f"unset {_VARIABLE}",
    )


def _held(folder: str) -> Iterator[str]:
    for pattern in _LIBRARIES:
        yield from sorted(each.name for each in Path(folder).glob(pattern))
