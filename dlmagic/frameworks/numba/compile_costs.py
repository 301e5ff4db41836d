"""What numba spends its time on while it compiles, and whether its disk cache took part."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from numba.core import event

from dlmagic.frameworks.compile_costs import CompileCosts, RunningPhases
from dlmagic.frameworks.numba import _compat as compat

_COMPILE, _PASS, _LLVM = "numba:compile", "numba:run_pass", "numba:llvm_lock"
_PHASES = {
    "nopython_type_inference": "type inference",
    "partial_type_inference": "type inference",
    "native_lowering": "lowering",
    "native_parfor_lowering": "lowering",
    "nopython_backend": "lowering",
}
"""Passes by the phase that they belong to; all others analyse and rewrite."""


class Costs(event.Listener):  # type: ignore[misc]  # numba has no types
    """Times the passes of numba's compiler, and LLVM apart from the passes that call it.

    What numba compiles for a function of its own that the user's calls is part of the cost.
    """

    def __init__(self) -> None:
        self._phases = RunningPhases()
        self._depth = 0
        self._passes = 0
        self._loaded = 0
        self._stored = 0
        self._asked = 0

    def compile_costs(self) -> CompileCosts:
        """All that was compiled while somebody listened."""
        return CompileCosts(dict(self._phases.seconds), self._loaded, self._stored, self._passes)

    def on_start(self, event: Any) -> None:
        """Note that a function, a pass or work of LLVM begins."""
        if event.kind == _LLVM:
            if self._depth:
                self._phases.begin("LLVM", time.perf_counter())
            return
        name = ""
        if event.kind == _PASS:
            self._passes += 1
            name = str(event.data["name"]).partition(" ")[0]
        self._depth += 1
        self._phases.begin(_PHASES.get(name, "analysis"), time.perf_counter())

    def on_end(self, event: Any) -> None:
        """Note that it ends, with or without an error."""
        if not self._depth:
            return
        self._phases.end(time.perf_counter())
        if event.kind != _LLVM:
            self._depth -= 1

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Listen until the last one who asked for it has left."""
        self._asked += 1
        if self._asked > 1:
            try:
                yield
            finally:
                self._asked -= 1
            return
        kinds = (_COMPILE, _PASS, _LLVM)
        for kind in kinds:
            event.register(kind, self)
        try:
            with compat.watching_disk_cache(self._note_loaded, self._note_stored):
                yield
        finally:
            self._asked -= 1
            for kind in kinds:
                event.unregister(kind, self)

    def _note_loaded(self) -> None:
        self._loaded += 1

    def _note_stored(self) -> None:
        self._stored += 1


COSTS = Costs()
