"""Values that a graph has kept: numbers that later calls have others of, and those of functions."""

from __future__ import annotations

from collections.abc import Sequence

from dlmagic.finding import Finding, Fix
from dlmagic.magics.graphmode.call import Call
from dlmagic.magics.graphmode.changed_inputs import changed_numbers, is_number
from dlmagic.magics.graphmode.inspection import Inspection
from dlmagic.magics.graphmode.kept_values import KeptValue
from dlmagic.magics.graphmode.places import Place, Places

KEEPING = ("trace", "export", "graph", "xla", "jit")
"""Modes in which only arrays are inputs of a graph, and numbers are not."""


def constant_findings(
    calls: Sequence[Call], mode: str, places: Places
) -> tuple[list[Finding], list[Call]]:
    """A finding for each number that changed where the graph went wrong for it.

    Returns:
        The findings, and the calls that they explain.
    """
    found: dict[str, Finding] = {}
    explained = []
    first = calls[0].subject.arguments
    for call in calls[1:] if mode in KEEPING else ():
        now = call.subject.arguments
        wrong = call.agreement is not None and call.agreement.agrees is False
        names = changed_numbers(first, now) if wrong else ()
        if names:
            explained.append(call)
        for name in names:
            found.setdefault(name, _finding(name, first[name], call, places))
    return list(found.values()), explained


def kept_findings(inspection: Inspection, places: Places) -> list[Finding]:
    """A finding for each value from outside with which the graph goes wrong, or may go wrong."""
    looked_at = [(kept, wrong) for kept, wrong in inspection.kept if wrong != ""]
    return [_about_kept(kept, wrong, places) for kept, wrong in looked_at]


def _about_kept(kept: KeptValue, wrong: str | None, places: Places) -> Finding:
    place, name = places.of([kept.frame]), kept.place.name
    if place.line is None:
        place = places.naming(kept.function, place)
    reads = f"the global {name}" if kept.is_global else f"{name} from around it"
    proof = f": with {_shown(kept.changed())}, {wrong}" if wrong else ""
    value = _shown(kept.place.read())
    return Finding(
        kind="baked-constant",
        level="warning" if wrong else "hint",
        message=f"{kept.function} reads {reads} ({value}), and the graph keeps that value{proof}.",
        cell=place.cell,
        line=place.line,
        source=place.source,
        operands=(name,),
        fix=Fix(f"Pass {name} to {kept.function} as an argument that is an array or a tensor."),
    )


def _shown(value: object) -> str:
    """A number as it is; of an array, that it is one."""
    if is_number(value):
        return repr(value)
    shape = tuple(getattr(value, "shape", ()))
    return f"an array of shape {shape}"


def _finding(name: str, kept: object, call: Call, places: Places) -> Finding:
    place = places.naming(name, Place(None, None, None))
    assert call.agreement is not None
    now = call.subject.arguments[name]
    return Finding(
        kind="baked-constant",
        level="error",
        message=f"The graph keeps {name} as {kept!r}: with {now!r}, {call.agreement.reason}.",
        line=place.line,
        source=place.source,
        operands=(name,),
    )
