"""A measurement under way: what is known so far, whole at every moment."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from dlmagic.devices.load import Load
from dlmagic.magics.bench.budget import Budget
from dlmagic.magics.bench.measurement import Ending, Failure, Measurement, Phase, Progress, Round
from dlmagic.magics.bench.runner import Flush, Runner
from dlmagic.magics.bench.warmup import WarmUp

OnProgress = Callable[[Progress], object]


@dataclass
class Session:
    """What the steps of a measurement share.

    Every step adds a finished value or nothing, so an interrupt between any two
    instructions leaves a valid partial measurement.

    Attributes:
        names: All runners, as they were handed in.
        reference: Name of the one that the others are compared with.
        budget: The user's time.
        on_progress: Told before each step.
        running: Runners that have not failed, by name.
        load: Who used the processors during the rounds, once these are over.
        touches: Whether an untimed call precedes the timed ones of each block.
        flush: Empties caches before every timed block, or None.
    """

    names: tuple[str, ...]
    reference: str
    budget: Budget
    on_progress: OnProgress | None
    running: dict[str, Runner]
    warm_ups: dict[str, WarmUp] = field(default_factory=dict)
    calls: dict[str, int] = field(default_factory=dict)
    touches: bool = True
    failures: dict[str, Failure] = field(default_factory=dict)
    rounds: list[Round] = field(default_factory=list)
    load: Load | None = None
    flush: Flush | None = None

    @contextmanager
    def failing_alone(self, name: str, phase: Phase) -> Iterator[None]:
        """Turn an exception of one runner into its failure; only an interrupt goes on.

        Where other ranks run the same, an exception on this one ends it for all: they would wait
        for it in a collective.
        """
        try:
            yield
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # a cell may raise SystemExit, too
            if not self.budget.clock.alone:
                raise
            self.failures[name] = Failure(phase, error)
            self.running.pop(name, None)

    def block_seconds(self, name: str) -> float:
        """What a block of a warm, calibrated runner takes when nothing disturbs it."""
        return self.warm_ups[name].fastest * self.calls[name]

    def report(self, phase: Phase, runner: str = "", rounds_planned: int = 0) -> None:
        """Tell how far the measurement has come."""
        if self.on_progress is not None:
            left = max(0.0, self.budget.left)
            self.on_progress(Progress(phase, runner, len(self.rounds), rounds_planned, left))

    def result(self, ending: Ending) -> Measurement:
        """All that is known now."""
        return Measurement(
            names=self.names,
            reference=self.reference,
            rounds=tuple(self.rounds),
            warm_ups=dict(self.warm_ups),
            calls=dict(self.calls),
            failures=dict(self.failures),
            ending=ending,
            seconds=self.budget.elapsed,
            budget=self.budget.seconds,
            load=self.load,
        )
