"""The libraries of linear algebra that this process has loaded, and their threads."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from types import ModuleType

from dlmagic.devices.reading import Reason

_NOT_INSTALLED = Reason("the package threadpoolctl is not installed: pip install threadpoolctl")
_NONE = Reason("no library of linear algebra is loaded")
_KINDS = ("blas", "openmp")


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
    """Those that are loaded, NumPy's at least; without threadpoolctl, what that was built with."""
    try:
        control = importlib.import_module("threadpoolctl")
    except ImportError:
        return _of_numpy()
    importlib.import_module("numpy")  # with it comes a library of its own
    return _loaded(control) or _NONE


def _loaded(control: ModuleType) -> tuple[Algebra, ...]:
    known = [each for each in control.threadpool_info() if each["user_api"] in _KINDS]
    return tuple(
        Algebra(
            each["user_api"],
            str(each["internal_api"]),
            each["version"] or Reason("the library does not tell it"),
            int(each["num_threads"]),
        )
        for each in sorted(known, key=lambda each: str(each["user_api"]))
    )


def _of_numpy() -> tuple[Algebra, ...] | Reason:
    import numpy as np

    try:
        built = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
        name, version = str(built["name"]), str(built["version"])
    except (KeyError, TypeError, AttributeError):
        return _NOT_INSTALLED
    return (Algebra("blas", name, version, _NOT_INSTALLED),)
