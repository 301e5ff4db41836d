"""How often numba compiles, told by numba itself.

The count must also see what is compiled by an adapter that was made later, so it is one for
the whole process.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from numba.core import event

_OWN = frozenset({"numba", "dlmagic"})


class Compilations(event.Listener):  # type: ignore[misc]  # numba has no types
    """Counts the user's functions that are compiled; numba's own, which they call, are not."""

    def __init__(self) -> None:
        self.counts = Counter({"compile": 0, "recompile": 0})
        self._asked = 0

    def on_start(self, event: Any) -> None:
        """Note a function that begins to be compiled, and whether it has been before."""
        dispatcher = event.data["dispatcher"]
        module = getattr(getattr(dispatcher, "py_func", None), "__module__", None) or ""
        if module.partition(".")[0] in _OWN:
            return
        self.counts["compile"] += 1
        if getattr(dispatcher, "overloads", None):
            self.counts["recompile"] += 1

    def on_end(self, event: Any) -> None:
        """Nothing: what failed has taken its time, too."""

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Listen until the last one who asked for it has left."""
        self._asked += 1
        if self._asked == 1:
            event.register("numba:compile", self)
        try:
            yield
        finally:
            self._asked -= 1
            if not self._asked:
                event.unregister("numba:compile", self)


COMPILATIONS = Compilations()
