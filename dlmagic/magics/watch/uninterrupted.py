"""Work that an interrupt must not leave half done."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

T = TypeVar("T")


def uninterrupted(work: Callable[[], T], name: str) -> T:
    """Do something where no interrupt reaches it, and wait for it.

    Python interrupts its main thread alone, so there the work is given to another one. Whoever
    waits is interrupted as ever; the work then goes on by itself until it is done.

    Args:
        work: What to do.
        name: Of the thread.

    Returns:
        What the work returns. What it raises is raised.
    """
    if threading.current_thread() is not threading.main_thread():
        return work()
    done: Future[T] = Future()
    thread = threading.Thread(target=_do, args=(work, done), name=name, daemon=True)
    try:
        thread.start()
    except RuntimeError:  # the interpreter ends, and has no more threads
        return work()
    result = done.result()
    thread.join()
    return result


def _do(work: Callable[[], T], done: Future[T]) -> None:
    try:
        done.set_result(work())
    except BaseException as error:  # whatever it is, it is for who waits
        done.set_exception(error)
