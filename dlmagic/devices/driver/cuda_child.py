"""Starts CUDA's driver library, in a process of its own, and tells how far that goes."""

from __future__ import annotations

import ctypes
import sys
from pathlib import Path
from typing import Any

_NAMES = {"linux": "libcuda.so.1", "win32": "nvcuda.dll"}


def look() -> dict[str, Any]:
    """The library, the code of ``cuInit``, its CUDA and how many devices it gives."""
    library, problem = _library()
    if library is None:
        return {"missing": problem}
    code = library.cuInit(0)
    return {
        "library": _file(),
        "code": code,
        "cuda": _number(library, "cuDriverGetVersion"),
        "devices": _number(library, "cuDeviceGetCount") if code == 0 else 0,
    }


def _library() -> tuple[Any, str]:
    """The library, or why it cannot be loaded."""
    name = _NAMES.get(sys.platform)
    if name is None:
        return None, f"CUDA is not made for {sys.platform}"
    try:
        return ctypes.CDLL(name), ""
    except OSError as problem:
        return None, str(problem)


def _number(library: Any, function: str) -> int:
    found = ctypes.c_int()
    getattr(library, function)(ctypes.byref(found))
    return found.value


def _file() -> str | None:
    """The file that was loaded, whose name has the driver's version."""
    try:
        lines = Path("/proc/self/maps").read_text().splitlines()
    except OSError:
        return None
    files = [line.split(maxsplit=5)[-1] for line in lines]
    return next((file for file in files if Path(file).name.startswith("libcuda.so")), None)
