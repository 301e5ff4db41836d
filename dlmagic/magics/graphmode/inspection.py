"""The runs behind a report: plain and as a graph, from the same states, and what each did."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from dlmagic.cell.checking import Checker
from dlmagic.cell.compare import Tolerance
from dlmagic.cell.outcome import equal
from dlmagic.cell.output import Output, unheard
from dlmagic.cell.snapshot import Snapshot
from dlmagic.cell.subject import Subject
from dlmagic.finding import Finding
from dlmagic.frameworks.outside import replaced
from dlmagic.magics.graphmode.call import Call
from dlmagic.magics.graphmode.capture import CompiledCell, Runnable
from dlmagic.magics.graphmode.effects import Effects, recording
from dlmagic.magics.graphmode.gradients import GradientCheck, compare_gradients
from dlmagic.magics.graphmode.kept_values import KeptValue
from dlmagic.magics.graphmode.witnesses import WITNESSES, time_limited

_WITNESS_SECONDS = 2.0
"""For a plain run with other inputs."""
_MOST_KEPT = 3
"""Values outside that are tried; each takes two runs."""


@dataclass
class Inspection:
    """A cell under inspection.

    Attributes:
        output: Where prints of runs go that the user has seen already.
        now: Seconds of a clock.
        calls: What was called so far.
        runs: How often the cell has run.
        gradients: How gradients compare, where that was looked at.
        prepared: What preparing the cell has found already.
        witness: A change of the inputs under which the graph goes wrong, or an empty text.
        kept: Values that functions read from outside, each with what goes wrong in the graph when
            it is another one: an empty text where nothing does, None where nobody can say.
        stage: The part of the compiler after which the answer is wrong, or an empty text.
        notes: What else a reader should know.
    """

    output: Output
    now: Callable[[], float]
    calls: list[Call] = field(default_factory=list)
    runs: int = 0
    gradients: GradientCheck = field(default_factory=GradientCheck)
    prepared: tuple[Finding, ...] = ()
    witness: str = ""
    kept: list[tuple[KeptValue, str | None]] = field(default_factory=list)
    stage: str = ""
    notes: list[str] = field(default_factory=list)

    def call_plainly(self, subject: Subject) -> Call:
        """Run the cell as it is, and put the state back.

        Raises:
            BaseException: What the cell raises.
        """
        with unheard(self.output), recording(subject.cell.source.filename, heard=False) as effects:
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

    def call_as_graph(self, call: Call, compiled: Runnable) -> None:
        """Run the graph from the same state, compare, and put the state back."""
        subject = call.subject
        subject.snapshot.restore()
        start = self.now()
        try:
            with (
                unheard(self.output),
                recording(subject.cell.source.filename, heard=False) as effects,
            ):
                call.graph_effects = effects
                effects.found += compiled.effects.found
                compiled.effects = Effects()
                self.runs += 1
                with subject.within():
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

    def failed(self, call: Call, error: BaseException) -> None:
        """Note that the cell could not even be compiled."""
        call.error = error
        self.calls.append(call)

    def compare_gradients(self, compiled: CompiledCell) -> None:
        """Compare the gradients of the first call."""
        self.gradients = compare_gradients(self.calls[0], compiled, self.output)
        self.runs += self.gradients.runs

    def look_for_witness(self, compiled: CompiledCell) -> None:
        """Find inputs for which a graph that has something built in gives another answer."""
        first = self.calls[0].subject
        for words, change in WITNESSES:
            arguments = {name: change(value) for name, value in first.arguments.items()}
            if all(arguments[name] is first.arguments[name] for name in arguments):
                return
            try:
                with time_limited(_WITNESS_SECONDS):
                    call = self.call_plainly(subject_of(first, first.snapshot, arguments))
            except Exception:  # an input that the cell does not take proves nothing
                continue
            self.call_as_graph(call, compiled)
            self.calls.pop()  # not one that the user asked for
            if call.error is None and call.agreement and call.agreement.agrees is False:
                self.witness = f"with {words} {call.agreement.reason}"
                return

    def look_at_kept(self, found: Sequence[KeptValue], compiled: CompiledCell) -> None:
        """Find out whether the graph goes wrong when a value outside is another one."""
        for kept in found[:_MOST_KEPT]:
            try:
                self.kept.append((kept, self._with_another(kept, compiled)))
            except Exception:  # a value that the cell does not take proves nothing
                continue
        self.kept += [(kept, None) for kept in found[_MOST_KEPT:]]

    def _with_another(self, kept: KeptValue, compiled: CompiledCell) -> str | None:
        first = self.calls[0]
        subject = subject_of(first.subject, first.subject.snapshot, first.subject.arguments)
        other = kept.changed()
        subject.within = lambda: replaced([kept.place], [other])
        with time_limited(_WITNESS_SECONDS):
            call = self.call_plainly(subject)
        if equal(call.plain, first.plain):
            return ""
        self.call_as_graph(call, compiled)
        self.calls.pop()  # not one that the user asked for
        if call.agreement is None or call.agreement.agrees is None:
            return None
        return "" if call.agreement.agrees else call.agreement.reason

    def _checker(self, call: Call) -> Checker:
        start, tolerance = call.subject.snapshot, Tolerance(None, None)
        return Checker(call.subject, start, call.plain, tolerance, self.output, call.draws)


def subject_of(call: Subject, snapshot: Snapshot, arguments: Mapping[str, object]) -> Subject:
    """The same cell from another state."""
    return Subject(
        None, call.cell, dict(arguments), snapshot, snapshot, call.frameworks, call.memory
    )
