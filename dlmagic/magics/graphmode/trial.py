"""Trying fixes for the findings of a report, the likeliest first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from dlmagic.finding import Finding, Fix
from dlmagic.magics.graphmode.advice import advice_about
from dlmagic.magics.graphmode.call import Call
from dlmagic.magics.graphmode.closer_look import BUILT_IN
from dlmagic.magics.graphmode.fixes import Candidate, candidates
from dlmagic.magics.graphmode.graph_run import GraphRun
from dlmagic.magics.graphmode.in_place_trial import InPlaceTrial
from dlmagic.magics.graphmode.other_cells import other_cells
from dlmagic.magics.graphmode.outside_fix import OutsideFix, Problem
from dlmagic.magics.graphmode.outside_fixes import outside_fixes
from dlmagic.magics.graphmode.outside_trial import OutsideTrial
from dlmagic.magics.graphmode.places import Places

MOST_TRIALS = 6
"""Fixes that are tried for one report; each runs the cell twice."""

_Key = tuple[str, str | None, Candidate | OutsideFix]
_FIXABLE = ("graph-break", "unsupported", "lost-side-effect", "recompile", *BUILT_IN)


@dataclass
class Trials:
    """Tries fixes for the findings of one report.

    Attributes:
        graph_run: The run that the findings are about.
        first: Its first call.
        places: Knows the user's other cells.
        left: How many more may be tried.
        tried: Each fix that was tried, by what it should mend; None for one that did not hold.
    """

    graph_run: GraphRun
    first: Call
    places: Places
    left: int = MOST_TRIALS
    tried: dict[_Key, Fix | None] = field(default_factory=dict)

    def mended(self, findings: Sequence[Finding]) -> list[Finding]:
        """The findings, those that a rewrite mends with that rewrite as their fix."""
        return [self._mended(each) if each.kind in _FIXABLE else each for each in findings]

    def _mended(self, finding: Finding) -> Finding:
        for attempt in self._attempts(finding):
            fix = self._fix_that_holds(attempt)
            if fix is not None:
                return replace(finding, fix=fix)
        if finding.fix is None:
            return replace(finding, fix=advice_about(finding, self.graph_run.framework.name))
        return finding

    def _fix_that_holds(self, attempt: InPlaceTrial | OutsideTrial) -> Fix | None:
        """The fix, if it holds; one that would mend several findings is tried once."""
        key = (attempt.finding.kind, attempt.finding.cell, attempt.candidate)
        if key not in self.tried and self.left > 0:
            self.left -= 1
            self.tried[key] = attempt.fix if attempt.holds() else None
        return self.tried.get(key)

    def _attempts(self, finding: Finding) -> Iterator[InPlaceTrial | OutsideTrial]:
        """Everything that may help, the likeliest first."""
        cell, framework = self.first.subject.cell, self.graph_run.framework.name
        if finding.cell is not None:
            yield from self._in_another_cell(finding)
            return
        if finding.kind != "recompile":
            for candidate in candidates(finding, cell.source.python, framework, cell.namespace):
                text = candidate.edit.apply(cell.source.python)
                yield InPlaceTrial(
                    self.graph_run, self.first, finding, candidate, text, cell.namespace
                )
        later = self._call_about(finding)
        problem = Problem(
            finding,
            cell.source.python,
            framework,
            cell.namespace,
            self.first.subject.arguments,
            later.subject.arguments if later else {},
        )
        for fix in outside_fixes(problem):
            yield OutsideTrial(self.graph_run, self.first, later, finding, fix)

    def _in_another_cell(self, finding: Finding) -> Iterator[InPlaceTrial]:
        """Rewrites of a function that the cell calls."""
        cell = self.first.subject.cell
        for other in other_cells(cell, self.places.name_of_cell):
            if other.name != finding.cell or finding.line is None:
                continue
            framework = self.graph_run.framework.name
            for candidate in candidates(finding, other.source, framework, cell.namespace):
                mended = candidate.edit.apply(other.source)
                names = other.with_function(mended, finding.line, cell.namespace)
                if names is not None:
                    text = cell.source.python
                    yield InPlaceTrial(self.graph_run, self.first, finding, candidate, text, names)

    def _call_about(self, finding: Finding) -> Call | None:
        """The later call that went wrong, or else the last one."""
        later = [call for call in self.graph_run.inspection.calls[1:] if call.error is None]
        for call in later:
            wrong = call.agreement is not None and call.agreement.agrees is False
            if call.captured.recompilations if finding.kind == "recompile" else wrong:
                return call
        return later[-1] if later else None
