"""Python numbers that a graph has kept from its first call, where later calls have others."""

from __future__ import annotations

from collections.abc import Sequence

from dlmagic.finding import Finding
from dlmagic.magics.graphmode.call import Call
from dlmagic.magics.graphmode.changed_inputs import changed_numbers
from dlmagic.magics.graphmode.places import Place, Places

KEEPING = ("trace", "export", "graph", "xla", "jit")
"""Modes in which only arrays are inputs of a graph."""


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
