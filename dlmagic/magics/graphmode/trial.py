"""Trying a rewrite: the mended cell runs plainly and as a graph, and is judged by both."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from dlmagic.cell.compare import Tolerance
from dlmagic.cell.function import compile_cell
from dlmagic.cell.outcome import compare_outcomes
from dlmagic.cell.output import unheard
from dlmagic.cell.source import CellSource, register_text
from dlmagic.cell.subject import Subject
from dlmagic.finding import Finding, Fix
from dlmagic.magics.graphmode.call import Call
from dlmagic.magics.graphmode.capture import CompiledCell
from dlmagic.magics.graphmode.fixes import Candidate, candidates
from dlmagic.magics.graphmode.graph_run import BUILT_IN, GraphRun
from dlmagic.magics.graphmode.inspection import Inspection
from dlmagic.magics.graphmode.modes import compiler_of

MOST_TRIALS = 6
"""Fixes that are tried for one report; each runs the cell twice."""

_FIXABLE = ("graph-break", "unsupported", "lost-side-effect", "baked-branch", "baked-constant")


@dataclass
class Trials:
    """Tries fixes for the findings of one report.

    Attributes:
        graph_run: The run that the findings are about.
        first: Its first call.
        left: How many more may be tried.
    """

    graph_run: GraphRun
    first: Call
    left: int = MOST_TRIALS

    def mended(self, findings: Sequence[Finding]) -> list[Finding]:
        """The findings, those that a rewrite mends with that rewrite as their fix."""
        return [self._mended(each) if each.kind in _FIXABLE else each for each in findings]

    def _mended(self, finding: Finding) -> Finding:
        source = self.first.subject.cell.source
        framework, namespace = self.graph_run.framework, self.first.subject.cell.namespace
        for candidate in candidates(finding, source.python, framework.name, namespace):
            if self.left <= 0:
                return finding
            self.left -= 1
            if self._holds(candidate, finding):
                code = candidate.edit.code or None
                return replace(finding, fix=Fix(candidate.text, code, "verified"))
        return finding

    def _holds(self, candidate: Candidate, finding: Finding) -> bool:
        """Whether the mended cell gives the same plainly, and is whole and right as a graph."""
        inspection = self.graph_run.inspection
        trial = Inspection(inspection.output, inspection.now)
        start = self.first.subject.snapshot
        start.restore()
        try:
            subject = self._subject(candidate.edit.apply(self.first.subject.cell.source.python))
            call = trial.call_plainly(subject)
            if not self._same_plainly(call):
                return False
            compiled = self._compiled(subject)
            trial.call_as_graph(call, compiled)
        except Exception:  # a rewrite that fails is none
            return False
        finally:
            start.restore()
            inspection.runs += trial.runs
        if finding.kind in BUILT_IN and _built_in(compiled) >= _built_in(inspection):
            return False
        return self._is_better(call, finding)

    def _subject(self, python: str) -> Subject:
        """The mended cell, from the state that the first run started from."""
        source = CellSource(python, python, register_text(python), 0)
        first = self.first.subject
        cell = compile_cell(source, first.cell.namespace)
        cell.define()
        arguments = dict(zip(cell.parameters, cell.arguments(), strict=True))
        return Subject(
            None, cell, arguments, first.start, first.snapshot, first.frameworks, first.memory
        )

    def _same_plainly(self, call: Call) -> bool:
        agreement = compare_outcomes(self.first.plain, call.plain, Tolerance(None, None))
        said, says = (each.plain_effects.texts for each in (self.first, call))
        # What prints from within a graph does so past Python, where nobody can note it.
        return agreement.agrees is True and says in (said, [])

    def _compiled(self, subject: Subject) -> CompiledCell:
        mode = self.graph_run.mode
        # Whether a graph breaks does not depend on what compiles it, and this takes no time.
        quick = "compile:eager" if mode.startswith("compile") else mode
        compiler = compiler_of(self.graph_run.framework, quick)
        with unheard(self.graph_run.surroundings.output):
            prepared = compiler.prepare(subject.cell, subject.arguments, subject.run_once)
        subject.snapshot.restore()
        return CompiledCell(subject.cell, compiler, prepared, self.graph_run.framework)

    def _is_better(self, call: Call, finding: Finding) -> bool:
        """Whether the answers agree, and what the finding is about is gone."""
        if call.agreement is None or call.agreement.agrees is not True:
            return False
        if finding.kind == "graph-break":
            before, now = _causes(self.first), _causes(call)
            fewer = now.total() < before.total() or _graphs(call) < _graphs(self.first)
            return fewer and not now - before
        return sorted(call.plain_effects.texts) == sorted(call.graph_effects.texts)


def _causes(call: Call) -> Counter[tuple[str, str]]:
    """How often each cause ended a graph, by cause and function."""
    places = {
        (found.cause, found.frames[-1].function, found.frames[-1].line if found.frames else 0)
        for found in call.captured.breaks
    }
    return Counter((cause, function) for cause, function, _ in places)


def _built_in(prepared: CompiledCell | Inspection) -> int:
    """How many values and branches have been built into a graph."""
    found = prepared.prepared
    findings = found if isinstance(found, tuple) else found.findings
    return sum(finding.kind in BUILT_IN for finding in findings)


def _graphs(call: Call) -> int:
    """Graphs that compute something."""
    ends = ("input", "output", "constant")
    found = (graph.nodes for graph in call.captured.graphs)
    return sum(any(node.operation not in ends for node in nodes) for nodes in found)
