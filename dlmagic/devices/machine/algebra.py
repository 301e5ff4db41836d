"""The libraries of linear algebra that this process has loaded, or will load, and their threads."""

from __future__ import annotations

import importlib
import os
import re
import sys
from dataclasses import dataclass
from types import ModuleType

from dlmagic.devices.machine.packages import find_in
from dlmagic.devices.machine.processor import allowed_cores
from dlmagic.devices.reading import Reason

_NOT_INSTALLED = Reason("the package threadpoolctl is not installed: pip install threadpoolctl")
_UNTOLD = Reason("the library does not tell it")
_NONE = Reason("no library of linear algebra is loaded")
_KINDS = ("blas", "openmp")

_FILE = "numpy/__config__.py"
_BUILT_WITH = re.compile(
    r'"blas": \{\s*"name": "(?:scipy-)?(?P<name>[^"]+)"[^}]*?"version": "(?P<version>[^"]+)"'
)
_VARIABLES = ("OPENBLAS_NUM_THREADS", "GOTO_NUM_THREADS", "OMP_NUM_THREADS")


@dataclass(frozen=True)
class Algebra:
    """A library that computes in threads of its own.

    Attributes:
        kind: ``"blas"`` or ``"openmp"``.
        name: Such as ``"openblas"``.
        version: Of the library.
        threads: How many it uses.
    """

    kind: str
    name: str
    version: str | Reason
    threads: int | Reason


def read_algebra() -> tuple[Algebra, ...] | Reason:
    """Those that are loaded; where none is, the one that NumPy brings."""
    try:
        loaded = _loaded(importlib.import_module("threadpoolctl"))
        untold = _UNTOLD
    except ImportError:
        loaded, untold = (), _NOT_INSTALLED
    if any(each.kind == "blas" for each in loaded):
        return loaded
    return (*_of_numpy(untold), *loaded) or _NONE


def _loaded(control: ModuleType) -> tuple[Algebra, ...]:
    known = [each for each in control.threadpool_info() if each["user_api"] in _KINDS]
    return tuple(
        Algebra(
            each["user_api"],
            str(each["internal_api"]),
            each["version"] or _UNTOLD,
            int(each["num_threads"]),
        )
        for each in sorted(known, key=lambda each: str(each["user_api"]))
    )


def _of_numpy(untold: Reason) -> tuple[Algebra, ...]:
    """From its files: to import NumPy takes longer than everything else that is told."""
    file = find_in(None, _FILE)
    built = file and _BUILT_WITH.search(file.read_text(encoding="utf-8", errors="replace"))
    if not built:
        return ()
    threads: int | Reason = untold
    if "numpy" not in sys.modules and built["name"] == "openblas":
        threads = _threads_of_openblas()
    return (Algebra("blas", built["name"], built["version"], threads),)


def _threads_of_openblas() -> int:
    """As many as it will start: the first variable that has a number, and no more than cores."""
    values = (os.environ.get(name, "").strip() for name in _VARIABLES)
    wanted = next((int(each) for each in values if each.isdigit() and int(each) > 0), None)
    return min(wanted or allowed_cores(), allowed_cores())
