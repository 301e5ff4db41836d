"""Do the answers agree? Compared with the reference, with a float64 run as the referee."""

from __future__ import annotations

from dataclasses import dataclass

from dlmagic.cell.compare import Agreement, Tolerance
from dlmagic.cell.frozen import FrozenContainer
from dlmagic.cell.output import Output
from dlmagic.magics.bench.outcome import compare_outcomes
from dlmagic.magics.bench.subject import Subject


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
        referee = self._in_float64()
        return agreement if referee is None else self._compare(subject, outcome, referee)

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

    def _in_float64(self) -> FrozenContainer | None:
        """What the reference produces in float64, or None where it cannot run so."""
        snapshot = self.subject.snapshot
        snapshot.restore()
        try:
            with self.output.dropped(), snapshot.in_float64():
                return self.subject.outcome(self.subject.run())
        except Exception:
            # A cell that names its dtypes may refuse float64; then there is no referee.
            return None
        finally:
            snapshot.restore()
