"""Trying a rewrite: the mended cell runs plainly and as a graph, and is judged by both."""

from __future__ import annotations

from dataclasses import dataclass

from dlmagic.cell.compare import Tolerance
from dlmagic.cell.outcome import compare_outcomes
from dlmagic.cell.subject import Subject
from dlmagic.finding import Finding, Fix
from dlmagic.magics.graphmode.attempt import attempt, mended_cell
from dlmagic.magics.graphmode.call import Call
from dlmagic.magics.graphmode.closer_look import BUILT_IN
from dlmagic.magics.graphmode.compiled_again import compiled_again
from dlmagic.magics.graphmode.fixes import Candidate
from dlmagic.magics.graphmode.gradients_of_fix import BothCells
from dlmagic.magics.graphmode.graph_run import GraphRun
from dlmagic.magics.graphmode.judging import built_in, is_better, same_said
from dlmagic.magics.graphmode.left_tensors import about_left_tensors


@dataclass
class InPlaceTrial:
    """A rewrite of the cell, or of a function that it calls, to be tried.

    Attributes:
        graph_run: The run that the finding is about.
        first: Its first call.
        finding: What it should mend.
        candidate: The rewrite.
        text: The cell to run.
        namespace: The names that it finds.
        left_tensors: What a plain run has shown that the rewrite leaves as tensors, in words.
    """

    graph_run: GraphRun
    first: Call
    finding: Finding
    candidate: Candidate
    text: str
    namespace: dict[str, object]
    left_tensors: str = ""

    @property
    def fix(self) -> Fix:
        """The fix, once it has been seen to hold."""
        return Fix(self.candidate.text + self.left_tensors, self.candidate.code, "verified")

    def holds(self) -> bool:
        """Whether the mended cell gives the same plainly, and is whole and right as a graph."""
        inspection = self.graph_run.inspection
        with attempt(inspection, self.first.subject.snapshot) as trial:
            try:
                subject = self._subject()
                call = trial.call_plainly(subject)
                if not self._same_plainly(call):
                    return False
                self.left_tensors = about_left_tensors(self.first.plain, call.plain)
                compiled = compiled_again(self.graph_run, subject)
                trial.call_as_graph(call, compiled)
            except Exception:  # a rewrite that fails is none
                return False
            if self.finding.kind in BUILT_IN and built_in(compiled) >= built_in(inspection):
                return False
            if not is_better(call, self.first, self.finding):
                return False
            both = BothCells(self.first.subject, subject, self.graph_run.returned)
            return both.have_same_gradients(compiled.compiler, trial)

    def _subject(self) -> Subject:
        """The mended cell, from the state that the first run started from."""
        first, cell = self.first.subject, mended_cell(self.text, self.namespace)
        arguments = dict(zip(cell.parameters, cell.arguments(), strict=True))
        return Subject(
            None, cell, arguments, first.start, first.snapshot, first.frameworks, first.memory
        )

    def _same_plainly(self, call: Call) -> bool:
        agreement = compare_outcomes(self.first.plain, call.plain, Tolerance(None, None))
        return agreement.agrees is True and same_said(self.first, call)
