"""What a report says first, and what it draws."""

from __future__ import annotations

import base64
import re
import time
import xml.etree.ElementTree as ElementTree

import pytest

from dlmagic.display.html import render as as_html
from dlmagic.finding import Finding, Fix
from dlmagic.magics.graphmode.drawing import MOST_BOXES, picture_of
from dlmagic.magics.graphmode.result import GraphCheck, GraphNode, GraphOfCell, GraphReport, Ran
from dlmagic.magics.graphmode.together import together
from dlmagic.magics.graphmode.verdict import verdict
from dlmagic.magics.graphmode.view import document

AGREES = GraphCheck(agrees=True, max_error=3e-7, gradients_agree=True)


def graph(count: int = 2, module: str = "", call: int = 1) -> GraphOfCell:
    """A chain of operations."""
    nodes = [GraphNode("x", "input", shape=(4, 3), dtype="float32")]
    for k in range(count):
        place = module.format(k)
        nodes.append(
            GraphNode(f"n{k}", "relu", (nodes[-1].name,), (4, 3), "float32", line=2, module=place)
        )
    nodes.append(GraphNode("output", "output", (nodes[-1].name,)))
    return GraphOfCell(tuple(nodes), "code", call)


def report(
    *graphs: GraphOfCell, findings: tuple[Finding, ...] = (), ran: Ran = "graph", **more: object
) -> GraphReport:
    options = {"mode": "compile", "check": AGREES, **more}
    return GraphReport(graphs=graphs, findings=findings, ran=ran, **options)  # type: ignore[arg-type]


BREAK = Finding("graph-break", "warning", "The graph ends here.", line=4, source="if x:")
FIXED = Finding("graph-break", "warning", "It ends.", line=6, fix=Fix("Do.", "y", "verified"))
LOST = Finding("lost-side-effect", "error", "The print is lost.", line=7)


@pytest.mark.parametrize(
    ("found", "line"),
    [
        (
            report(graph()),
            "1 graph, no breaks, no recompiles; values agree to 3e-07, gradients agree.",
        ),
        (
            report(graph(), graph(), findings=(BREAK, FIXED), breaks=2, recompiles=1),
            (
                "2 graphs, 2 breaks at lines 4 and 6 (fix verified), 1 recompile; "
                "values agree to 3e-07, gradients agree."
            ),
        ),
        (
            report(graph(), findings=(LOST,), check=GraphCheck(None, "random numbers")),
            "1 graph, no breaks, no recompiles; values: random numbers; line 7: the print is lost.",
        ),
        (
            report(graph(), check=GraphCheck(False, "y differs", gradients_agree=False)),
            (
                "1 graph, no breaks, no recompiles; values do not agree: y differs, "
                "gradients do not agree."
            ),
        ),
        (
            report(graph(), findings=(FIXED, FIXED), breaks=2),
            (
                "1 graph, 2 breaks at line 6 (fix verified), no recompiles; "
                "values agree to 3e-07, gradients agree."
            ),
        ),
        (
            report(mode="njit", check=GraphCheck(agrees=True)),
            "The cell ran compiled in mode njit, which shows no graph; values agree.",
        ),
        (
            report(ran="eager", reason="It cannot."),
            "The cell ran eagerly, not in mode compile: it cannot.",
        ),
        (
            report(ran="eager", reason="TensorFlow cannot."),
            "The cell ran eagerly, not in mode compile: TensorFlow cannot.",
        ),
        (
            report(ran="eager", reason="It ends.", findings=(FIXED,)),
            "The cell ran eagerly, not in mode compile, because of line 6.",
        ),
    ],
)
def test_the_verdict_comes_first(found: GraphReport, line: str) -> None:
    assert verdict(found) == line
    assert " ".join(repr(found).split()).startswith(line)


def test_a_reason_that_stands_at_no_line_is_said_once() -> None:
    lost = Finding("unsupported", "error", "The cell draws numbers.")
    text = repr(report(ran="eager", reason=lost.message, findings=(lost,)))
    assert text.count("cell draws numbers") == 1


def test_of_one_line_the_same_advice_is_given_once() -> None:
    fix = Fix("Keep it a tensor.", "y", "verified")
    reasons = [f"Compiled again: n is {k} now, and was 1." for k in range(4)]
    findings = [
        Finding("graph-break", "warning", "The graph ends here: a.", line=4, fix=fix),
        Finding("graph-break", "warning", "The graph ends here: b.", line=4, fix=fix),
        *(Finding("recompile", "warning", each, line=4, fix=fix) for each in reasons),
    ]
    (told,) = together(findings)
    assert told.message == (
        "The graph ends here: a; b. Compiled again: n is 0 now, and was 1; n is 1 now, and was 1; "
        "and for 2 more reasons."
    )
    assert repr(report(graph(), findings=tuple(findings))).count("Keep it a tensor.") == 1


def test_findings_of_other_lines_or_advice_stay_apart() -> None:
    fixes = (Fix("Keep it a tensor.", "y", "verified"), Fix("Drop it."), None, None)
    same_line = [Finding("graph-break", "warning", "It ends.", line=4, fix=fix) for fix in fixes]
    other_lines = [
        Finding("graph-break", "warning", "It ends.", cell, line, fix=fixes[1])
        for cell, line in ((None, 5), ("Cell In[1]", 4), (None, None), (None, None))
    ]
    findings = [*same_line, *other_lines]
    assert together(findings) == findings


def drawn(found: GraphReport) -> ElementTree.Element:
    picture = picture_of(found)
    assert picture is not None
    return ElementTree.fromstring(picture.svg)


def texts(svg: ElementTree.Element) -> list[str]:
    return ["".join(each.itertext()) for each in svg.iter("{http://www.w3.org/2000/svg}text")]


def test_the_picture_holds_every_operation_with_its_shape() -> None:
    said = texts(drawn(report(graph(3))))
    assert said.count("relu") == 3
    assert said.count("4×3 float32") == 4
    assert "x" in said
    assert "output" not in said


def test_a_gap_between_two_graphs_carries_the_line() -> None:
    said = texts(drawn(report(graph(), graph(), findings=(BREAK,), breaks=1)))
    assert "break at line 4: if x:" in said


def test_a_graph_of_a_later_call_is_told_apart() -> None:
    assert "call 2: compiled again" in texts(drawn(report(graph(), graph(call=2))))


def test_parameters_stand_in_their_operation() -> None:
    nodes = (
        GraphNode("x", "input", shape=(3,), dtype="float32"),
        GraphNode("model.fc.weight", "input", shape=(3, 3), dtype="float32"),
        GraphNode("y", "linear", ("x", "model.fc.weight"), (3,), "float32"),
    )
    said = texts(drawn(report(GraphOfCell(nodes))))
    assert "linear model.fc" in said
    assert "model.fc.weight" not in said


@pytest.mark.parametrize("module", ["", "net.layers.{0}", "net"])
@pytest.mark.parametrize("count", [1_000, 100_000])
def test_large_graphs_are_drawn_in_parts_quickly_and_small(count: int, module: str) -> None:
    found = report(graph(count, module))
    start = time.perf_counter()
    page = as_html(document(found))
    seconds = time.perf_counter() - start
    assert len(page.encode()) <= 300_000
    boxes = [each for each in drawn(found).iter() if each.get("class") == "op"]
    assert (12 if "{" in module else 1) <= len(boxes) <= MOST_BOXES + 1
    assert seconds < 1 + count / 5_000


def test_the_page_means_the_same_without_its_picture() -> None:
    page = as_html(document(report(graph(3))))
    (data,) = re.findall(r'src="data:image/svg\+xml;base64,([^"]+)"', page)
    assert b"<script" not in base64.b64decode(data)
    assert page.count("<code>relu</code>") + page.count(">relu<") >= 3
    assert "<details" in page


def test_nothing_is_drawn_where_there_is_no_graph() -> None:
    assert picture_of(report(ran="eager", reason="It cannot.")) is None
