"""Counting and timing what JAX compiles while a measurement runs."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import jax

from dlmagic.frameworks.compile_costs import CompileCosts, FinishedPhases
from dlmagic.frameworks.jax import _compat as compat

_OWN = "_dlmagic_"
_NAMELESS = "<lambda>"
_PHASES = {compat.TRACED: "trace", compat.LOWERED: "lower", compat.COMPILED: "compile"}


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
        self.phases = FinishedPhases()
        self.steps = 0
        self.disk_cache: Counter[str] = Counter()

    def listen(self, event: str, duration: float, **details: object) -> None:
        """Called by JAX after everything that it times."""
        name = str(details.get("fun_name", _NAMELESS))
        if not self.users or event not in _PHASES or _OWN in name:
            return
        self.steps += 1
        self.phases.add(_PHASES[event], duration, time.perf_counter())
        if event != compat.COMPILED:
            return
        again = name in self.names and _NAMELESS not in name
        self.names.add(name)
        self.events["recompile" if again else "compile"] += 1

    def listen_to_cache(self, event: str, **details: object) -> None:  # noqa: ARG002
        """Called by JAX after everything that it counts."""
        if self.users and event in (compat.LOADED, compat.STORED):
            self.disk_cache[event] += 1


_counts = Counts()


def events() -> Mapping[str, int]:
    """How many programs were compiled while somebody counted."""
    return dict(_counts.events)


def compile_costs() -> CompileCosts:
    """How long JAX traced, lowered and compiled while somebody counted."""
    found = _counts.disk_cache
    return CompileCosts(
        dict(_counts.phases.seconds), found[compat.LOADED], found[compat.STORED], _counts.steps
    )


@contextmanager
def counting() -> Iterator[None]:
    """Listen while active; may be entered several times at once.

    Where JAX offers no way to take a listener away, it stays and does nothing.
    """
    _counts.users += 1
    if _counts.users == 1:
        _counts.names.clear()
        jax.monitoring.register_event_duration_secs_listener(_counts.listen)
        jax.monitoring.register_event_listener(_counts.listen_to_cache)
    try:
        yield
    finally:
        _counts.users -= 1
        if _counts.users == 0:
            compat.unregister(_counts.listen)
            compat.unregister_from_cache(_counts.listen_to_cache)
