"""Counting what JAX compiles while a measurement runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import jax

from dlmagic.frameworks.jax import _compat as compat

_OWN = "_dlmagic_"
_NAMELESS = "<lambda>"


class Counts:
    """What was compiled while somebody counted.

    A name that is compiled a second time is a recompilation: for another shape or type, or
    (JAX does not tell) another function of the same name. Functions without a name are not
    told apart, and count as compiled.
    """

    def __init__(self) -> None:
        self.events = {"compile": 0, "recompile": 0}
        self.names: set[str] = set()
        self.users = 0

    def listen(self, event: str, duration: float, **details: object) -> None:  # noqa: ARG002
        """Called by JAX after everything that it times."""
        name = str(details.get("fun_name", _NAMELESS))
        if not self.users or event != compat.COMPILED or _OWN in name:
            return
        again = name in self.names and _NAMELESS not in name
        self.names.add(name)
        self.events["recompile" if again else "compile"] += 1


_counts = Counts()


def events() -> Mapping[str, int]:
    """How many programs were compiled while somebody counted."""
    return dict(_counts.events)


@contextmanager
def counting() -> Iterator[None]:
    """Listen while active; may be entered several times at once.

    Where JAX offers no way to take a listener away, it stays and does nothing.
    """
    _counts.users += 1
    if _counts.users == 1:
        _counts.names.clear()
        jax.monitoring.register_event_duration_secs_listener(_counts.listen)
    try:
        yield
    finally:
        _counts.users -= 1
        if _counts.users == 0:
            compat.unregister(_counts.listen)
