"""Do the answers agree? Compared with the reference, with a more exact run as the referee."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass

from dlmagic.cell.compare import Agreement, Tolerance
from dlmagic.cell.frozen import FrozenContainer
from dlmagic.cell.outcome import compare_outcomes
from dlmagic.cell.output import Output, unheard
from dlmagic.cell.snapshot import Snapshot
from dlmagic.cell.subject import Subject
from dlmagic.frameworks.protocol import Widen

_NO_REPEAT = Agreement(None, "not compared: the reference itself does not repeat", None)
_NUDGES = 2  # one change may happen to carry less far than another


@dataclass
class Checker:
    """Compares outcomes with one of an alternative as it is.

    Attributes:
        subject: The alternative.
        start: The state that it ran from.
        outcome: What it produced.
        tolerance: How far apart numbers may be.
        output: Where prints of further runs go.
        random: Whether the cell draws random numbers.
    """

    subject: Subject
    start: Snapshot
    outcome: FrozenContainer
    tolerance: Tolerance
    output: Output
    random: bool
    _repeats: Agreement | None = None

    def check(self, outcome: FrozenContainer, *, of_another: bool = False) -> Agreement:
        """Compare an outcome, and find out whether a difference is an error.

        Args:
            outcome: What some run produced.
            of_another: Whether another alternative produced it.
        """
        agreement = self._compare(outcome, of_another)
        if agreement.agrees is True or (agreement.max_error is None and agreement.agrees is None):
            return agreement
        if self.repeats().agrees is False:
            return _NO_REPEAT
        # In float64 other numbers would be drawn; from slightly other values, the same.
        for referee in self._nudged() if self.random else self._referees():
            agreement = self._compare(outcome, of_another, referee)
            if agreement.agrees is True:
                return agreement
        if self.random:
            reason = "not compared: the cell draws random numbers, and each mode draws its own"
            return Agreement(None, reason, agreement.max_error)
        if agreement.agrees is False and self.repeats().agrees is None:
            return _NO_REPEAT  # a time in seconds is small, but its changes are no rounding
        return agreement

    def repeats(self) -> Agreement:
        """Whether a second run of the reference, from the same state, agrees with the first."""
        if self._repeats is None:
            self.start.restore()
            try:
                with unheard(self.output):
                    again = self._capture(self.subject.run())
            finally:
                self.start.restore()
            self._repeats = self._compare(again, of_another=False)
        return self._repeats

    def _compare(
        self, outcome: FrozenContainer, of_another: bool, referee: FrozenContainer | None = None
    ) -> Agreement:
        return compare_outcomes(
            self.outcome, outcome, self.tolerance, referee=referee, same_cell=not of_another
        )

    def _capture(self, returned: tuple[object, ...]) -> FrozenContainer:
        return self.subject.outcome(returned, since=self.start)

    def _referees(self) -> Iterator[FrozenContainer]:
        """What the reference produces in float64; without that, from slightly other values."""
        exact = self._run_within(self.start.in_float64())
        if exact is not None:
            yield exact
            return
        yield from self._nudged()

    def _nudged(self) -> Iterator[FrozenContainer]:
        """What the reference produces from values that differ in their last digits."""
        for seed in range(_NUDGES):
            near = self._run_within(self.start.nudged(seed))
            if near is not None:
                yield near

    def _run_within(self, changed: AbstractContextManager[Widen]) -> FrozenContainer | None:
        """What the reference produces with changed values, or None where it cannot run so."""
        self.start.restore()
        try:
            with unheard(self.output), changed as widen:
                arguments = {name: widen(each) for name, each in self.subject.arguments.items()}
                return self._capture(self.subject.run(arguments))
        except Exception:
            # A cell that names its dtypes may refuse float64; then this is no referee.
            return None
        finally:
            self.start.restore()


class Checks:
    """All comparisons of a benchmark.

    A mode is compared with its own alternative as it is, from the state that every mode starts
    from. Alternatives are compared with each other by what the user would see: their first
    runs, from the state that the user left. For one may keep its state in a model, where a
    second run goes on learning, and another in values that it returns.

    Args:
        own: By alternative, what its modes are compared with.
        first: By alternative, its first run.
        reference: The alternative that the others are compared with.
    """

    def __init__(
        self,
        own: dict[str | None, Checker],
        first: dict[str | None, Checker],
        reference: str | None,
    ) -> None:
        self.own = own
        self._first = first
        self._reference = reference
        self._across: dict[str | None, Agreement] = {}

    def check(self, subject: Subject, outcome: FrozenContainer) -> Agreement:
        """Compare what a mode of an alternative produced."""
        own = self.own[subject.block].check(outcome)
        if subject.block == self._reference:
            return own
        across = self._agreement_with_reference(subject.block)
        if across.agrees is not True or own.agrees is True:
            return across
        return own

    def across(self, block: str | None) -> Agreement | None:
        """How another alternative agrees with that of the reference; None for its own."""
        return None if block == self._reference else self._agreement_with_reference(block)

    def _agreement_with_reference(self, block: str | None) -> Agreement:
        if block not in self._across:
            other, reference = self._first[block], self._first[self._reference]
            reference.random = reference.random or other.random
            self._across[block] = reference.check(other.outcome, of_another=True)
        return self._across[block]
