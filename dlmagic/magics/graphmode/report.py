"""From the runs to the report."""

from __future__ import annotations

import math

from dlmagic.environment import Environment
from dlmagic.finding import Finding
from dlmagic.frameworks.captured import CapturedGraph, CapturedNode
from dlmagic.frameworks.protocol import Framework
from dlmagic.magics.graphmode.call import Call
from dlmagic.magics.graphmode.constants import constant_findings, kept_findings
from dlmagic.magics.graphmode.failure import failure_finding
from dlmagic.magics.graphmode.findings import (
    break_findings,
    effect_findings,
    findings_of_preparing,
    mismatch_findings,
    recompile_findings,
)
from dlmagic.magics.graphmode.inspection import Inspection
from dlmagic.magics.graphmode.lost_changes import change_findings
from dlmagic.magics.graphmode.places import Places
from dlmagic.magics.graphmode.request import Request
from dlmagic.magics.graphmode.result import (
    GraphCheck,
    GraphNode,
    GraphOfCell,
    GraphReport,
    Ran,
)

_STEPS_OF_KERAS = (
    "Keras makes a graph of each step of fit(), evaluate(), predict() and the like, not of the "
    "cell: what is around the steps runs as Python. A model keeps these graphs, so that a cell "
    "that is run again finds them compiled."
)
_NOTHING = "there is nothing in it for a graph to compute"
_BYTES = {"bool": 1, "int8": 1, "uint8": 1, "float16": 2, "bfloat16": 2, "int16": 2, "uint16": 2}
_WIDE = {"float64": 8, "int64": 8, "uint64": 8, "complex64": 8, "complex128": 16}


def plain_report(
    mode: str, text: str, reason: str, findings: tuple[Finding, ...] = ()
) -> GraphReport:
    """The report of a cell that ran as it is and not as a graph."""
    return GraphReport(
        environment=Environment.capture(),
        findings=findings,
        mode=mode,
        ran="eager",
        reason=reason,
        cell=text,
        check=GraphCheck(reason=reason),
    )


def report_of(
    inspection: Inspection, mode: str, framework: Framework, request: Request, places: Places
) -> GraphReport:
    """Everything that the calls have shown."""
    calls = inspection.calls
    first = calls[0]
    if first.error is not None:
        return _report_of_failure(first, mode, framework, request, places, inspection.runs)
    breaks = break_findings([b for call in calls for b in call.captured.breaks], places)
    graphs = tuple(
        _graph(graph, places, number)
        for number, call in enumerate(calls, 1)
        for graph in call.captured.graphs
    )
    constants, explained = constant_findings(calls, mode, places)
    findings = [
        *mismatch_findings(inspection, explained),
        *constants,
        *effect_findings(calls, places),
        *change_findings(calls, places),
        *breaks,
        *recompile_findings(calls, places),
        *findings_of_preparing(inspection, places),
        *kept_findings(inspection, places),
    ]
    ran = _ran(mode, framework, graphs, breaks, inspection)
    return GraphReport(
        environment=Environment.capture(),
        findings=tuple(findings),
        mode=mode,
        ran=ran,
        reason=_NOTHING if ran == "eager" and graphs and not breaks else "",
        cell=request.source.text,
        graphs=graphs,
        breaks=len(breaks),
        recompiles=_recompiles(calls),
        compile_seconds=_compile_seconds(calls),
        check=_check(inspection),
        runs=inspection.runs,
        notes=(*_about_steps(framework), *inspection.notes, *_notes(calls)),
    )


def _ran(
    mode: str,
    framework: Framework,
    graphs: tuple[GraphOfCell, ...],
    breaks: list[Finding],
    inspection: Inspection,
) -> Ran:
    if not graphs and mode == "njit":
        return "graph"  # numba compiles the whole cell, or refuses it, and shows no graph
    if not graphs and any(each.kind == "partly-replaced" for each in inspection.prepared):
        return "partly"
    if not graphs and framework.name == "keras":
        return "partly"  # it compiles the steps, and shows no graph
    if not any(graph.operations for graph in graphs):
        return "eager"
    return "partly" if breaks else "graph"


def _recompiles(calls: list[Call]) -> int:
    """How often the cell was compiled once more: calls in which something was."""
    return sum(bool(call.captured.recompilations) for call in calls)


def _compile_seconds(calls: list[Call]) -> float | None:
    """What the first call took longer than the quickest one after it."""
    later = [call.seconds for call in calls[1:] if call.error is None]
    if not later:
        return None
    return max(0.0, calls[0].seconds - min(later))


def _check(inspection: Inspection) -> GraphCheck:
    calls, gradients = inspection.calls, inspection.gradients
    agreements = [call.agreement for call in calls if call.agreement is not None]
    if not agreements:
        return GraphCheck(reason="nothing was compared")
    order = {False: 0, None: 1, True: 2}
    worst = min(agreements, key=lambda each: order[each.agrees])
    errors = [each.max_error for each in agreements if each.max_error is not None]
    return GraphCheck(
        agrees=worst.agrees,
        reason=worst.reason,
        max_error=max(errors, default=None),
        gradients_agree=gradients.agrees,
        gradients_reason=gradients.reason,
        stage=inspection.stage,
        compared=tuple(_name(path) for path, _ in calls[0].plain.items),
    )


def _name(path: str) -> str:
    return path.removeprefix("['").removesuffix("']")


def _about_steps(framework: Framework) -> tuple[str, ...]:
    """What is compiled of a cell that leaves its loop to the framework."""
    return (_STEPS_OF_KERAS,) if framework.name == "keras" else ()


def _notes(calls: list[Call]) -> tuple[str, ...]:
    notes = []
    if not all(call.captured.complete for call in calls):
        notes.append("Incomplete: the compiler tells of its work in another form than is known.")
    failed = next((call for call in calls[1:] if call.error is not None), None)
    if failed is not None:
        text = " ".join(f"{type(failed.error).__name__}: {failed.error}".split())
        notes.append(f"A later call failed as a graph: {text}")
    return tuple(notes)


def _report_of_failure(
    call: Call, mode: str, framework: Framework, request: Request, places: Places, runs: int
) -> GraphReport:
    error = call.error
    assert error is not None
    finding = failure_finding(error, call.subject.cell, framework, places)
    return GraphReport(
        environment=Environment.capture(),
        findings=(finding,),
        mode=mode,
        ran="eager",
        reason=finding.message,
        cell=request.source.text,
        graphs=tuple(_graph(graph, places) for graph in call.captured.graphs),
        check=GraphCheck(reason="not compared: the graph failed"),
        runs=runs,
    )


def _graph(graph: CapturedGraph, places: Places, call: int = 1) -> GraphOfCell:
    return GraphOfCell(tuple(_node(node, places) for node in graph.nodes), graph.code, call)


def _node(node: CapturedNode, places: Places) -> GraphNode:
    place = places.of(node.frames)
    return GraphNode(
        name=node.name,
        op=node.operation,
        inputs=node.inputs,
        shape=node.shape,
        dtype=node.dtype,
        flops=node.flops,
        nbytes=_nbytes(node),
        line=place.line,
        cell=place.cell,
        module=node.module,
    )


def _nbytes(node: CapturedNode) -> int | None:
    """Bytes of a result whose axes are all known."""
    sizes = [axis for axis in node.shape or () if isinstance(axis, int)]
    if node.shape is None or node.dtype is None or len(sizes) < len(node.shape):
        return None
    item = _BYTES.get(node.dtype) or _WIDE.get(node.dtype) or 4
    return math.prod(sizes) * item
