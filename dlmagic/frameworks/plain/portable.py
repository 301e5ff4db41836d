"""Settings of Python and NumPy in another process."""

from __future__ import annotations

import decimal
import gc
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

Setting = tuple[str, Callable[[], Any], Callable[[Any], object]]


def _all() -> Iterator[Setting]:
    yield "NumPy's error handling", np.geterr, lambda state: np.seterr(**state)
    yield "recursion limit", sys.getrecursionlimit, sys.setrecursionlimit
    yield "garbage collector", gc.isenabled, lambda on: gc.enable() if on else gc.disable()
    yield "decimal precision", lambda: decimal.getcontext().prec, _set_precision


def settings() -> dict[str, object]:
    """Every setting by name that decides what Python and NumPy compute."""
    return {name: read() for name, read, _ in _all()}


def take_over(settings: Mapping[str, object]) -> None:
    """Set what differs from another process's settings."""
    for name, read, write in _all():
        if name in settings and read() != settings[name]:
            write(settings[name])


def _set_precision(digits: int) -> None:
    decimal.getcontext().prec = digits
