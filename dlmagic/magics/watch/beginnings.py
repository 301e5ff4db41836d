"""Who wants to be told at once that a model is watched, whoever asked for it."""

from __future__ import annotations

from collections.abc import Callable

Hearer = Callable[[], object]

_hearers: list[Hearer] = []


def hear_beginnings(hearer: Hearer) -> None:
    """Be told of each beginning, in the thread that it happens in."""
    _hearers.append(hearer)


def stop_hearing(hearer: Hearer) -> None:
    """Be told no longer."""
    if hearer in _hearers:
        _hearers.remove(hearer)


def tell_beginning() -> None:
    """A model is watched from now on."""
    for hearer in tuple(_hearers):
        hearer()
