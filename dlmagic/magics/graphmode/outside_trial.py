"""Trying a fix that puts something above or below the cell: the calls are made again with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from dlmagic.cell.output import unheard
from dlmagic.cell.subject import Subject
from dlmagic.finding import Finding, Fix
from dlmagic.magics.graphmode.attempt import attempt, mended_cell
from dlmagic.magics.graphmode.call import Call
from dlmagic.magics.graphmode.compiled_again import compiled_again
from dlmagic.magics.graphmode.graph_run import GraphRun
from dlmagic.magics.graphmode.inspection import Inspection
from dlmagic.magics.graphmode.judging import agrees, is_better
from dlmagic.magics.graphmode.mended import MendedCell, Outside
from dlmagic.magics.graphmode.other_cells import with_functions_of_its_own
from dlmagic.magics.graphmode.outside_fix import OutsideFix


@dataclass
class OutsideTrial:
    """A fix to be tried on two calls of the cell.

    What a plain run gives in each of them is known already, so the graph alone runs again.

    Attributes:
        graph_run: The run that the finding is about.
        first: Its first call.
        later: The call that went wrong, or the last one; None where there is only one.
        finding: What it should mend.
        candidate: The fix.
    """

    graph_run: GraphRun
    first: Call
    later: Call | None
    finding: Finding
    candidate: OutsideFix

    @property
    def fix(self) -> Fix:
        """The fix, once it has been seen to hold."""
        return Fix(self.candidate.text, self.candidate.code, "verified")

    def holds(self) -> bool:
        """Whether the graph with this fix gives what the cell gives as it is, in both calls."""
        start = self.first.subject.snapshot
        with attempt(self.graph_run.inspection, start) as trial:
            try:
                calls = self._called(trial, self._mended())
            except Exception:  # a fix that fails is none
                return False
        return (
            len(calls) == len(self._before)
            and all(map(agrees, calls))
            and is_better(calls[0], self.first, self.finding)
        )

    @property
    def _before(self) -> Sequence[Call]:
        return [self.first, self.later] if self.later is not None else [self.first]

    def _called(self, trial: Inspection, mended: MendedCell) -> Sequence[Call]:
        """The calls, made again; up to the first that compiles something once more."""
        for number, before in enumerate(self._before):
            call = before.once_more()
            trial.call_as_graph(call, mended)
            if number and self.finding.kind == "recompile" and call.captured.recompilations:
                return trial.calls[:number]
        return trial.calls

    def _mended(self) -> MendedCell:
        """The mended cell in its mode, with what stands above and below it."""
        original = self.first.subject.cell
        names = original.namespace
        more = bool(self.candidate.once or self.candidate.above)
        if more:  # the cell may find names that the notebook does not have
            names = with_functions_of_its_own(names)
        outside = Outside(self.candidate, names, original.source.filename)
        with unheard(self.graph_run.surroundings.output):
            found = outside.above(self.first.subject.arguments)
        subject = self._subject(found if more else names, found)
        compiled = compiled_again(self.graph_run, subject)
        return MendedCell(compiled, original, outside)

    def _subject(self, namespace: dict[str, object], found: Mapping[str, object]) -> Subject:
        first = self.first.subject
        cell = mended_cell(self.candidate.applied_to(first.cell.source.python), namespace)
        arguments = {name: found[name] for name in cell.parameters}
        return replace(first, cell=cell, arguments=arguments, watched=[], watching=False)
