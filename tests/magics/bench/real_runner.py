"""A function as something that can be measured, without a cell around it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from dlmagic.frameworks.plain.adapter import PlainFramework
from dlmagic.frameworks.protocol import Framework


@dataclass
class RealRunner:
    """Calls a function; its last result lives until :meth:`restore`."""

    function: Callable[[], object]
    framework: Framework = field(default_factory=PlainFramework)
    name: str = "real"
    last: object = None

    def restore(self) -> None:
        self.last = None

    def run(self, calls: int) -> None:
        for _ in range(calls):
            self.last = None
            self.last = self.function()

    def run_cold(self, flush: Callable[[], object], clock: object) -> float:
        raise NotImplementedError

    def synchronise(self) -> None:
        self.framework.synchronise(self.last)

    def events(self) -> Mapping[str, int]:
        return {}
