"""Whether the main thread comes to Python's interpreter, or stays in one call of C."""

from __future__ import annotations

import ctypes
import threading

_waiting: list[threading.Event] = []


def _reach(_nothing: object) -> int:
    while _waiting:
        _waiting.pop().set()
    return 0


_for_c = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p)(_reach)


def reaching() -> threading.Event:
    """An event that the main thread sets when it comes to its next instruction of Python.

    It is a pending call (``Py_AddPendingCall`` in the reference of Python's C API). Where that is
    not to be had, the event is set already.
    """
    reached = threading.Event()
    _waiting.append(reached)
    add = getattr(ctypes.pythonapi, "Py_AddPendingCall", None)
    if add is None or add(_for_c, None):
        reached.set()
    return reached
