"""What a framework says about its compiling: seconds by phase, disk caches, amount of work."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Cache = Literal["cold", "warm"]
_NESTED_AT_MOST = 1000  # finished phases that may lie inside one that is not finished yet


@dataclass(frozen=True)
class CompileCosts:
    """What compiling has cost in this process so far; it only grows.

    Attributes:
        phases: Seconds by phase, in the framework's own terms, such as ``"trace"``. Phases
            inside another one count there only, so that their sum is time that has passed.
        loaded: Pieces of compiled code that came from a cache on disk.
        stored: Pieces that were not in the cache, and have been written to it.
        steps: Pieces of work; two compilations of one cell that did the same have as many.
    """

    phases: Mapping[str, float] = field(default_factory=dict)
    loaded: int = 0
    stored: int = 0
    steps: int = 0

    def since(self, before: CompileCosts) -> CompileCosts:
        """What has been added since another reading; phases without any time are left out."""
        passed = {name: s - before.phases.get(name, 0.0) for name, s in self.phases.items()}
        return CompileCosts(
            {name: seconds for name, seconds in passed.items() if seconds > 0},
            self.loaded - before.loaded,
            self.stored - before.stored,
            self.steps - before.steps,
        )

    def __add__(self, other: CompileCosts) -> CompileCosts:
        phases: dict[str, float] = defaultdict(float, self.phases)
        for name, seconds in other.phases.items():
            phases[name] += seconds
        return CompileCosts(
            dict(phases),
            self.loaded + other.loaded,
            self.stored + other.stored,
            self.steps + other.steps,
        )

    @property
    def cache(self) -> Cache | None:
        """``cold`` if a disk cache was written to, ``warm`` if it was only read from."""
        if self.stored:
            return "cold"
        return "warm" if self.loaded else None


class FinishedPhases:
    """Adds up phases of which each is told when it has ended, those inside before those around.

    Attributes:
        seconds: By phase, so far; what lies inside of another phase is not counted twice.
    """

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self._spans: deque[tuple[float, float]] = deque(maxlen=_NESTED_AT_MOST)

    def add(self, phase: str, seconds: float, now: float) -> None:
        """Note a phase that took ``seconds`` and ends ``now``."""
        start, inside = now - seconds, 0.0
        # Phases do not overlap, so one whose middle lies in this one lies in it as a whole.
        while self._spans and sum(self._spans[-1]) / 2 > start:
            begun, ended = self._spans.pop()
            inside += ended - begun
        self._spans.append((start, now))
        self.seconds[phase] += max(0.0, seconds - inside)


class RunningPhases:
    """Adds up phases that are told when they begin and when they end.

    Attributes:
        seconds: By phase, so far; what lies inside of another phase is not counted twice.
    """

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self._open: list[str] = []
        self._since = 0.0

    def begin(self, phase: str, now: float) -> None:
        """Note that a phase begins, perhaps inside another one."""
        self._account(now)
        self._open.append(phase)

    def end(self, now: float) -> None:
        """Note that the phase which began last ends."""
        self._account(now)
        if self._open:
            self._open.pop()

    def _account(self, now: float) -> None:
        if self._open:
            self.seconds[self._open[-1]] += now - self._since
        self._since = now
