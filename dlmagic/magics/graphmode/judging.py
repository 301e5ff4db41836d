"""Whether a mended cell is better than the cell as it is."""

from __future__ import annotations

from collections import Counter

from dlmagic.finding import Finding
from dlmagic.magics.graphmode.call import Call
from dlmagic.magics.graphmode.capture import CompiledCell
from dlmagic.magics.graphmode.closer_look import BUILT_IN
from dlmagic.magics.graphmode.effects import Effects
from dlmagic.magics.graphmode.inspection import Inspection


def is_better(call: Call, before: Call, finding: Finding) -> bool:
    """Whether a call's answers agree, and what the finding is about is gone.

    Args:
        call: Of the mended cell.
        before: The same call of the cell as it is.
        finding: What should be mended.
    """
    if call.agreement is None or call.agreement.agrees is not True:
        return False
    causes, now = _causes(before), _causes(call)
    if now - causes:
        return False
    if finding.kind == "graph-break":
        return _broken_lines(call) < _broken_lines(before) or _graphs(call) < _graphs(before)
    return sorted(_said(call.plain_effects)) == sorted(_said(call.graph_effects))


def agrees(call: Call) -> bool:
    """Whether the graph gives the same values, and says the same in the same order."""
    right = call.agreement is not None and call.agreement.agrees is True
    return right and _said(call.plain_effects) == _said(call.graph_effects)


def same_said(before: Call, call: Call) -> bool:
    """Whether two plain runs say the same, a log record and a print of its text being equal.

    What prints from within a graph does so past Python, where nobody can note it.
    """
    return _said(call.plain_effects) in (_said(before.plain_effects), [])


def built_in(prepared: CompiledCell | Inspection) -> int:
    """How many values and branches have been built into a graph."""
    found = prepared.prepared
    findings = found if isinstance(found, tuple) else found.findings
    return sum(finding.kind in BUILT_IN for finding in findings)


def _said(effects: Effects) -> list[str]:
    """What was said, without the levels of log records."""
    return [
        each.text.partition(": ")[2] if each.kind == "log" else each.text.removesuffix("\n")
        for each in effects.found
    ]


def _causes(call: Call) -> Counter[tuple[str, str]]:
    """How often each cause ended a graph, by cause and function."""
    places = {
        (found.cause, found.frames[-1].function, found.frames[-1].line if found.frames else 0)
        for found in call.captured.breaks
    }
    return Counter((cause, function) for cause, function, _ in places)


def _broken_lines(call: Call) -> int:
    """Lines at which a graph ends; one that ends for another reason now is not mended."""
    innermost = (found.frames[-1:] for found in call.captured.breaks)
    return len({(frame.file, frame.line) for frames in innermost for frame in frames})


def _graphs(call: Call) -> int:
    """Graphs that compute something."""
    ends = ("input", "output", "constant")
    found = (graph.nodes for graph in call.captured.graphs)
    return sum(any(node.operation not in ends for node in nodes) for nodes in found)
