"""Fixes that put something above or below the cell, where it is no part of the graph."""

from __future__ import annotations

from dlmagic.magics.graphmode.changed_inputs import changed_numbers
from dlmagic.magics.graphmode.dialects import DIALECTS
from dlmagic.magics.graphmode.input_fixes import lengths_that_change, numbers_as_arrays
from dlmagic.magics.graphmode.outside_fix import OutsideFix, Problem
from dlmagic.magics.graphmode.state_fixes import in_variables, moved_out


def outside_fixes(problem: Problem) -> list[OutsideFix]:
    """What could stand outside of the graph, the likeliest first."""
    dialect = DIALECTS.get(problem.framework)
    if dialect is None:
        return []
    if problem.finding.kind == "recompile":
        return [*numbers_as_arrays(problem, dialect), *lengths_that_change(problem)]
    if problem.finding.kind == "baked-constant":
        changed = changed_numbers(problem.first, problem.later)
        known = set(problem.finding.operands) <= set(changed)
        return list(numbers_as_arrays(problem, dialect)) if known else []
    return [*in_variables(problem, dialect), *moved_out(problem)]
