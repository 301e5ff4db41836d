"""The rounds: every runner takes its turn once in each, until enough is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from dlmagic.magics.bench.block import Block, run_block
from dlmagic.magics.bench.measurement import Ending, Round
from dlmagic.magics.bench.order import Turns
from dlmagic.magics.bench.second_copy import SECOND_COPY, drop_second_copy
from dlmagic.magics.bench.session import Session
from dlmagic.magics.bench.stopping import precise_median, precise_speedup

_FEWEST = 2  # rounds, however slow the cell is
_FORGIVEN = 3  # blocks of a runner with a late compilation that cost no budget


@dataclass
class Rounds:
    """Runs rounds within what is left of a session's budget.

    Attributes:
        session: Its runners are warm and calibrated.
        generator: Draws the order of the runners.
        looks: After how many rounds to look at the precision; the last one ends it.
    """

    session: Session
    generator: np.random.Generator
    looks: Sequence[int]
    _left_at_start: float = field(init=False)
    _precise_before: bool = field(init=False, default=False)

    def run(self) -> Ending:
        """Rounds until the answer is precise, or time or runners run out."""
        self._left_at_start = self.session.budget.left
        turns = Turns(self.generator)
        while self.session.running:
            order = turns.next_order(tuple(self.session.running))
            ending, order = self.session.budget.clock.decided((self._ending(), order))
            if ending is not None:
                return ending
            self.session.report("measure", rounds_planned=self._planned())
            self._run_round(tuple(order))
        return "failed"

    def _ending(self) -> Ending | None:
        done = len(self.session.rounds)
        if done >= self.looks[-1]:
            return "rounds"
        if done in self.looks and self._precise_again():
            return "precise"
        if done >= _FEWEST and self.session.budget.left < self._pace():
            return "budget"
        return None

    def _precise_again(self) -> bool:
        """Whether this look and the one before found it precise.

        Ending at the first would pick the moments at which the noise looks small by chance,
        and the intervals would cover the truth in 94 % of all trials, not in 95 %.
        """
        before, self._precise_before = self._precise_before, precise(self.session)
        return before and self._precise_before

    def _run_round(self, order: tuple[str, ...]) -> None:
        blocks: dict[str, Block] = {}
        for name in order:
            whose = self.session.reference if name == SECOND_COPY else name
            if whose in self.session.running:  # one of both copies may have failed for both
                with self.session.failing_alone(whose, "measure"):
                    blocks[name] = self._run_turn(name)
        drop_second_copy(self.session)
        if blocks:
            self.session.rounds.append(Round(order, blocks))

    def _run_turn(self, name: str) -> Block:
        budget = self.session.budget
        start = budget.elapsed
        session = self.session
        runner, calls = session.running[name], session.calls[name]
        block = run_block(runner, budget.clock, calls, touch=session.touches, flush=session.flush)
        if block.events or block.touch_events:
            self._forgive(name, budget.elapsed - start)
        return block

    def _forgive(self, name: str, seconds: float) -> None:
        """A late compilation must not leave the others without rounds; a steady one may."""
        if name != SECOND_COPY and self.session.warm_ups[name].outcome == "compiling":
            return
        blocks = (done.blocks[name] for done in self.session.rounds if name in done.blocks)
        if sum(bool(block.events or block.touch_events) for block in blocks) < _FORGIVEN:
            self.session.budget.exclude(seconds)

    def _pace(self) -> float:
        """Seconds a round, compiling not counted."""
        spent = self._left_at_start - self.session.budget.left
        return spent / max(1, len(self.session.rounds))

    def _planned(self) -> int:
        """Rounds in the end, at the present pace; 0 before the first."""
        done, pace = len(self.session.rounds), self._pace()
        if not done or pace <= 0:
            return 0
        return min(self.looks[-1], done + max(0, int(self.session.budget.left / pace)))


def precise(session: Session) -> bool:
    """Whether every speedup (or, without a reference, every median) is known well enough."""
    measurement = session.result("budget")
    others = [n for n in session.running if n not in (session.reference, SECOND_COPY)]
    if others and session.reference in session.running:
        return all(precise_speedup(*measurement.pairs(name)) for name in others)
    return all(precise_median(measurement.steady_samples(name)) for name in session.running)
