"""What a plain run changes in the user's objects, and a graph does not."""

from __future__ import annotations

from collections.abc import Sequence

from dlmagic.cell.frozen import FrozenContainer, FrozenValue
from dlmagic.cell.outcome import equal, frozen_names
from dlmagic.finding import Finding
from dlmagic.magics.graphmode.call import Call
from dlmagic.magics.graphmode.places import Place, Places


def change_findings(calls: Sequence[Call], places: Places) -> list[Finding]:
    """Lists, dictionaries and attributes that a graph does not change as a plain run does."""
    found: dict[str, Finding] = {}
    for number, call in enumerate(calls, 1):
        for path in lost_changes(call):
            name = path.removeprefix("['").removesuffix("']")
            where = "backward" if path in lost_gradients(call) else name
            place = places.naming(where, Place(None, None, None))
            run = "" if number == 1 else " from the second run on"
            found.setdefault(
                name,
                Finding(
                    kind="lost-side-effect",
                    level="error",
                    message=f"The change of {name} is lost{run}: the graph computes without it.",
                    line=place.line,
                    source=place.source,
                    operands=(name,),
                ),
            )
    return list(found.values())


def lost_changes(call: Call) -> list[str]:
    """What a plain run changes in the user's own objects, and a graph not, or otherwise."""
    if call.graph is None or call.agreement is None or call.agreement.agrees is not False:
        return []
    graph, outputs = dict(call.graph.items), set(frozen_names(call.subject.cell.outputs))
    return lost_gradients(call) + [
        path
        for path, value in call.plain.items
        if path not in outputs
        and isinstance(value, FrozenContainer | FrozenValue)
        and (path not in graph or not equal(value, graph[path]))
    ]


def lost_gradients(call: Call) -> list[str]:
    """Gradients that a plain run's ``backward()`` leaves, and a graph does not."""
    if call.graph is None or call.agreement is None or call.agreement.agrees is not False:
        return []
    graph = dict(call.graph.items)
    return [
        path
        for path, value in call.plain.items
        if path.endswith(".grad']") and (path not in graph or not equal(value, graph[path]))
    ]
