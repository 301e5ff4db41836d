"""Iterators of Python's that a cell uses up: a graph would hold what they gave only once."""

from __future__ import annotations

from dlmagic.cell.function import CellFunction
from dlmagic.cell.reach import one_pass
from dlmagic.finding import Finding, Fix
from dlmagic.magics.graphmode.places import Place, Places


def iterator_findings(cell: CellFunction, places: Places) -> tuple[Finding, ...]:
    """One finding for each iterator that the cell reads, at the first line that names it."""
    read = [name for name in cell.reads if name in cell.namespace]
    return tuple(_finding(name, places) for name in read if one_pass(cell.namespace[name]))


def _finding(name: str, places: Places) -> Finding:
    place = places.naming(name, Place(None, None, None))
    loops = (place.source or "").startswith("for ")
    instead = f"list({name})" if loops else f"value = next({name})"
    return Finding(
        kind="unsupported",
        level="warning",
        message=f"{name} is used up: a graph would hold only what it gave while it was made.",
        line=place.line,
        source=place.source,
        operands=(name,),
        fix=Fix(f"Take out of it what the cell needs in an earlier cell: {instead}."),
    )
