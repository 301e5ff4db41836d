"""Counting what JAX compiles while a measurement runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import jax

from dlmagic.frameworks.jax import _compat as compat


class Counts:
    """What was compiled while somebody counted.

    A name that is compiled a second time is a recompilation: for other shapes or types, or by
    another function that has the same name. JAX's own operations and functions without a name
    are not told apart, and count as compiled.
    """

    def __init__(self) -> None:
        self.compiled: Counter[str] = Counter()
        self.users = 0

    def listen(self, event: str, duration: float, **details: object) -> None:  # noqa: ARG002
        """Called by JAX after everything that it times."""
        if self.users and event == compat.COMPILED:
            self.compiled[str(details.get("fun_name", ""))] += 1

    def events(self) -> Mapping[str, int]:
        """Ever-growing counts."""
        return {"compile": self.compiled.total()}


_counts = Counts()


def events() -> Mapping[str, int]:
    """How many programs were compiled while somebody counted."""
    return _counts.events()


@contextmanager
def counting() -> Iterator[None]:
    """Listen while active; may be entered several times at once.

    Where JAX offers no way to take a listener away, it stays and does nothing.
    """
    _counts.users += 1
    if _counts.users == 1:
        jax.monitoring.register_event_duration_secs_listener(_counts.listen)
    try:
        yield
    finally:
        _counts.users -= 1
        if _counts.users == 0:
            compat.unregister(_counts.listen)
