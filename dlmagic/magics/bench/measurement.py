"""What a measurement has seen: every sample of every runner, and how it ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from dlmagic.devices.load import Load
from dlmagic.magics.bench.block import Block
from dlmagic.magics.bench.warmup import WarmUp

Phase = Literal["warm-up", "measure"]
Ending = Literal["precise", "budget", "rounds", "interrupted", "failed"]


@dataclass(frozen=True)
class Progress:
    """How far a measurement has come; told before each step, between the timed blocks.

    Attributes:
        phase: What happens next.
        runner: Name of the runner that it happens to, empty while all take turns.
        rounds_done: Complete rounds.
        rounds_planned: Rounds that fit into the time at the present pace; 0 before the first.
        seconds_left: Of the budget, at least 0.
    """

    phase: Phase
    runner: str
    rounds_done: int
    rounds_planned: int
    seconds_left: float


@dataclass(frozen=True)
class Failure:
    """An exception in one runner, which stopped none of the others.

    Attributes:
        phase: When it happened.
        error: The exception, traceback included.
    """

    phase: Phase
    error: BaseException


@dataclass(frozen=True)
class Round:
    """One turn of every runner.

    Attributes:
        order: Names in the order in which they ran.
        blocks: What each ran, by name. A runner that failed is missing.
    """

    order: tuple[str, ...]
    blocks: Mapping[str, Block]


@dataclass(frozen=True)
class Measurement:
    """All that was timed.

    Attributes:
        names: The runners, as they were handed in.
        reference: Name of the one that the others are compared with.
        rounds: Every complete round.
        warm_ups: By name; a runner that failed or was interrupted in its warm-up is missing.
        calls: Calls per block, by name.
        failures: By name.
        ending: Why it ended: ``precise`` (every speedup known to half a percent), ``budget``,
            ``rounds`` (as many as are ever needed), ``interrupted`` or ``failed`` (no runner
            was left).
        seconds: Wall time of everything, compiling included.
        budget: Seconds that the user granted.
        load: Who used the processors during the rounds; None before they began.
    """

    names: tuple[str, ...]
    reference: str
    rounds: tuple[Round, ...]
    warm_ups: Mapping[str, WarmUp]
    calls: Mapping[str, int]
    failures: Mapping[str, Failure]
    ending: Ending
    seconds: float
    budget: float
    load: Load | None = None

    @property
    def interrupted(self) -> bool:
        """Whether the user stopped it; what is here is complete rounds only."""
        return self.ending == "interrupted"

    def blocks(self, name: str) -> tuple[Block, ...]:
        """Every block of a runner, one per round in which it ran."""
        return tuple(done.blocks[name] for done in self.rounds if name in done.blocks)

    def samples(self, name: str) -> tuple[float, ...]:
        """Seconds a call of a runner, one per round, marked blocks included."""
        return tuple(block.per_call for block in self.blocks(name))

    def steady_samples(self, name: str) -> tuple[float, ...]:
        """The samples in which nothing was compiled; all of them where none is clean."""
        clean = tuple(block.per_call for block in self.blocks(name) if block.clean)
        return clean or self.samples(name)

    def pairs(self, name: str) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """Seconds a call of the reference and of a runner, in the rounds that both share.

        Rounds in which one of them compiled are left out, unless none would remain.
        """
        shared = [r.blocks for r in self.rounds if {self.reference, name} <= r.blocks.keys()]
        clean = [b for b in shared if b[self.reference].clean and b[name].clean] or shared
        return (
            tuple(blocks[self.reference].per_call for blocks in clean),
            tuple(blocks[name].per_call for blocks in clean),
        )

    def events(self, name: str) -> dict[str, int]:
        """What happened to a runner in its rounds, such as ``{"recompile": 2}``."""
        counts: dict[str, int] = {}
        for block in self.blocks(name):
            for event, count in (*block.events.items(), *block.touch_events.items()):
                counts[event] = counts.get(event, 0) + count
        return counts
