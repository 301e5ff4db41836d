"""Do the answers agree? Compared with the reference, with a float64 run as the referee."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass

from dlmagic.cell.compare import Agreement, Tolerance
from dlmagic.cell.frozen import FrozenContainer
from dlmagic.cell.output import Output
from dlmagic.frameworks.protocol import Widen
from dlmagic.magics.bench.outcome import compare_outcomes
from dlmagic.magics.bench.subject import Subject

_NUDGES = 2  # one change may happen to carry less far than another


@dataclass
class Checker:
    """Compares outcomes with those of the reference.

    Attributes:
        subject: The reference's alternative.
        outcome: What its first run produced.
        tolerance: How far apart numbers may be.
        output: Where prints of further runs go.
        random: Whether the cell draws random numbers.
    """

    subject: Subject
    outcome: FrozenContainer
    tolerance: Tolerance
    output: Output
    random: bool
    _repeats: Agreement | None = None

    def check(self, subject: Subject, outcome: FrozenContainer) -> Agreement:
        """Compare an outcome, and find out whether a difference is an error.

        Args:
            subject: The alternative that produced it.
            outcome: What it produced.
        """
        agreement = self._compare(subject, outcome)
        if agreement.agrees is True or (agreement.max_error is None and agreement.agrees is None):
            return agreement
        if self.repeats().agrees is False:
            return Agreement(None, "not compared: the reference itself does not repeat", None)
        if self.random:
            reason = "not compared: the cell draws random numbers, and each mode draws its own"
            return Agreement(None, reason, agreement.max_error)
        for referee in self._referees():
            agreement = self._compare(subject, outcome, referee)
            if agreement.agrees is True:
                break
        return agreement

    def repeats(self) -> Agreement:
        """Whether a second run of the reference, from the same state, agrees with the first."""
        if self._repeats is None:
            with self.output.dropped():
                again = self._run_again()
            self._repeats = self._compare(self.subject, again)
        return self._repeats

    def _compare(
        self, subject: Subject, outcome: FrozenContainer, referee: FrozenContainer | None = None
    ) -> Agreement:
        same = subject is self.subject
        return compare_outcomes(
            self.outcome, outcome, self.tolerance, referee=referee, same_cell=same
        )

    def _run_again(self) -> FrozenContainer:
        snapshot = self.subject.snapshot
        snapshot.restore()
        try:
            return self.subject.outcome(self.subject.run())
        finally:
            snapshot.restore()

    def _referees(self) -> Iterator[FrozenContainer]:
        """What the reference produces in float64; without that, from slightly other values."""
        exact = self._run_within(self.subject.snapshot.in_float64())
        if exact is not None:
            yield exact
            return
        for seed in range(_NUDGES):
            near = self._run_within(self.subject.snapshot.nudged(seed))
            if near is not None:
                yield near

    def _run_within(self, changed: AbstractContextManager[Widen]) -> FrozenContainer | None:
        """What the reference produces with changed values, or None where it cannot run so."""
        snapshot, subject = self.subject.snapshot, self.subject
        snapshot.restore()
        try:
            with self.output.dropped(), changed as widen:
                arguments = {name: widen(value) for name, value in subject.arguments.items()}
                return subject.outcome(subject.run(arguments))
        except Exception:
            # A cell that names its dtypes may refuse float64; then this is no referee.
            return None
        finally:
            snapshot.restore()
