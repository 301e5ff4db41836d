"""The runs behind a report: plain and as a graph, from the same states, and what each did."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from dlmagic.cell.checking import Checker
from dlmagic.cell.compare import Agreement, Tolerance
from dlmagic.cell.frozen import FrozenContainer
from dlmagic.cell.output import Output, unheard
from dlmagic.cell.snapshot import Snapshot
from dlmagic.cell.subject import Subject
from dlmagic.magics.graphmode.capture import Captured, CompiledCell
from dlmagic.magics.graphmode.changes import evaluate
from dlmagic.magics.graphmode.effects import Effects, recording


@dataclass
class Call:
    """One call of the cell, made twice: plainly and as a graph, from one state.

    Attributes:
        subject: The cell, the state and the arguments that it starts from.
        plain: What the plain run produced.
        plain_effects: What it said.
        draws: Whether it drew random numbers.
        graph: What the graph produced; None where it failed.
        graph_effects: What it said.
        captured: What the compiler said during this call.
        seconds: What the graph's run took, compiling included.
        error: What the graph raised where the plain run did not.
        agreement: How the two compare.
    """

    subject: Subject
    plain: FrozenContainer
    plain_effects: Effects
    draws: bool = False
    graph: FrozenContainer | None = None
    graph_effects: Effects = field(default_factory=Effects)
    captured: Captured = field(default_factory=Captured)
    seconds: float = 0.0
    error: BaseException | None = None
    agreement: Agreement | None = None

    def value_of(self, expression: str) -> object:
        """The value of a name, an attribute or an item where this call starts.

        Raises:
            LookupError: There is none, or the expression is anything else.
        """
        namespace = self.subject.cell.namespace
        return evaluate(expression, {**namespace, **self.subject.arguments})


@dataclass
class Inspection:
    """A cell under inspection.

    Attributes:
        output: Where prints of runs go that the user has seen already.
        now: Seconds of a clock.
        calls: What was called so far.
        runs: How often the cell has run.
    """

    output: Output
    now: Callable[[], float]
    calls: list[Call] = field(default_factory=list)
    runs: int = 0

    def call_plainly(self, subject: Subject) -> Call:
        """Run the cell as it is, and put the state back.

        Raises:
            BaseException: What the cell raises.
        """
        with unheard(self.output), recording(subject.cell.source.filename) as effects:
            self.runs += 1
            try:
                with subject.snapshot.copying_first_writes():
                    returned = subject.run()
            except BaseException:
                subject.snapshot.restore()
                raise
        return self.called_plainly(subject, returned, effects)

    def called_plainly(
        self, subject: Subject, returned: tuple[object, ...], effects: Effects
    ) -> Call:
        """A plain run that has just ended; its state is put back."""
        draws = subject.snapshot.draws_random_numbers()
        outcome = subject.outcome(returned)
        subject.watch(outcome)
        return Call(subject, outcome, effects, draws)

    def call_as_graph(self, call: Call, compiled: CompiledCell) -> None:
        """Run the graph from the same state, compare, and put the state back."""
        subject = call.subject
        subject.snapshot.restore()
        start = self.now()
        try:
            with (
                unheard(self.output),
                recording(subject.cell.source.filename) as effects,
            ):
                call.graph_effects = effects
                self.runs += 1
                returned = compiled.run(subject.arguments, call.captured)
            call.seconds = self.now() - start
            call.graph = subject.outcome(returned)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # a cell may raise anything, SystemExit too
            call.error = error
        finally:
            subject.snapshot.restore()
            self.calls.append(call)
        if call.graph is not None:
            call.agreement = self._checker(call).check(call.graph)

    def _checker(self, call: Call) -> Checker:
        start, tolerance = call.subject.snapshot, Tolerance(None, None)
        return Checker(call.subject, start, call.plain, tolerance, self.output, call.draws)


def subject_of(call: Subject, snapshot: Snapshot, arguments: Mapping[str, object]) -> Subject:
    """The same cell from another state."""
    return Subject(
        None, call.cell, dict(arguments), snapshot, snapshot, call.frameworks, call.memory
    )
