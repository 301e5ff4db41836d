"""A hidden second copy of the reference: the run's own proof that equals come out equal.

It takes its turn in every round like any other runner, is the same callable, and is compared
with the reference in the same way. What it shows beyond chance is what this machine, at this
time, does to runners that do not differ; no smaller difference is called one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from dlmagic.magics.bench.clock import Clock
from dlmagic.magics.bench.runner import Flush, Runner
from dlmagic.magics.bench.session import Session

SECOND_COPY = "second copy of the reference"
"""Its name among the runners of a round."""

_ROUNDS_WITH_IT = 10  # fewer are too few to give a share of the time away
_BLOCKS_PER_TURN = 2  # a restore and a touch may take as long as the block itself


@dataclass(frozen=True)
class SecondCopy:
    """The reference under another name.

    Attributes:
        reference: What it calls.
        name: Its own.
    """

    reference: Runner
    name: str = SECOND_COPY

    def restore(self) -> None:
        """See :meth:`dlmagic.magics.bench.runner.Runner.restore`."""
        self.reference.restore()

    def run(self, calls: int) -> None:
        """See :meth:`dlmagic.magics.bench.runner.Runner.run`."""
        self.reference.run(calls)

    def run_cold(self, flush: Flush, clock: Clock) -> float:
        """See :meth:`dlmagic.magics.bench.runner.Runner.run_cold`."""
        return self.reference.run_cold(flush, clock)

    def synchronise(self) -> None:
        """See :meth:`dlmagic.magics.bench.runner.Runner.synchronise`."""
        self.reference.synchronise()

    def events(self) -> Mapping[str, int]:
        """See :meth:`dlmagic.magics.bench.runner.Runner.events`."""
        return self.reference.events()


def add_second_copy(session: Session) -> None:
    """Let it take part, where there is something to compare and time for ten rounds with it."""
    reference = session.running.get(session.reference)
    if reference is None or len(session.running) < 2:
        return
    copied = session.block_seconds(session.reference)
    turns = copied + sum(session.block_seconds(name) for name in session.running)
    if session.budget.left < _ROUNDS_WITH_IT * _BLOCKS_PER_TURN * turns:
        return
    session.running[SECOND_COPY] = SecondCopy(reference)
    session.calls[SECOND_COPY] = session.calls[session.reference]


def drop_second_copy(session: Session) -> None:
    """Take it out where the reference itself has dropped out."""
    if session.reference not in session.running:
        session.running.pop(SECOND_COPY, None)
