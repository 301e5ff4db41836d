"""How a report looks: the verdict, what was found, the graphs, the small print."""

from __future__ import annotations

from collections.abc import Iterator

from dlmagic.display.findings import notice
from dlmagic.display.parts import Code, Column, Document, Fold, Part, Span, Table, sentence, shorten
from dlmagic.display.units import about, plural, seconds
from dlmagic.finding import Finding
from dlmagic.magics.graphmode.drawing import picture_of
from dlmagic.magics.graphmode.grouping import result_text
from dlmagic.magics.graphmode.result import GraphNode, GraphOfCell, GraphReport
from dlmagic.magics.graphmode.together import together
from dlmagic.magics.graphmode.verdict import verdict

_MOST_NOTICES = 12
_MOST_GRAPHS = 12
_LONGEST_CODE = 6_000
_MOST_OPERATIONS = 60
_LIMIT = 300_000  # bytes: a drawn graph is the largest result there is


def document(report: GraphReport) -> Document:
    """Everything that a report has to say, the verdict first."""
    parts = (sentence(verdict(report), role="answer"), *_parts(report))
    return Document(parts, limit=_LIMIT)


def _parts(report: GraphReport) -> Iterator[Part]:
    findings = together([each for each in report.findings if not _is_said(each, report)])
    yield from map(notice, findings[:_MOST_NOTICES])
    yield from _and_more(len(findings) - _MOST_NOTICES, "findings; report.findings has them")
    if report.graphs:
        yield _table(report)
        yield from _and_more(len(report.graphs) - _MOST_GRAPHS, "graphs; report.graphs has them")
        yield from filter(None, [picture_of(report)])
        yield _operations(report)
        yield _code(report)
    yield from _notes(report)


def _is_said(finding: Finding, report: GraphReport) -> bool:
    """Whether the verdict says all of it."""
    return (finding.message, finding.line, finding.fix) == (report.reason, None, None)


def _and_more(count: int, what: str) -> Iterator[Part]:
    if count > 0:
        yield sentence(f"And {count} more {what}.", role="note")


def _table(report: GraphReport) -> Table:
    columns = (
        Column("graph"),
        Column("operations", numeric=True),
        Column("lines"),
        Column("first to last"),
        Column("FLOPs", numeric=True),
    )
    graphs = report.graphs[:_MOST_GRAPHS]
    rows = tuple(_row(number, graph) for number, graph in enumerate(graphs, 1))
    return Table(f"Graphs that mode {report.mode} made of the cell", columns, rows)


def _row(number: int, graph: GraphOfCell) -> tuple[Span, ...]:
    operations = graph.operations
    flops = [node.flops for node in operations if node.flops is not None]
    ends = f"{operations[0].op} … {operations[-1].op}" if len(operations) > 1 else ""
    return (
        Span(str(number)),
        Span(str(len(operations))),
        Span(_lines(graph)),
        Span(ends or "".join(node.op for node in operations), "code"),
        Span(about(sum(flops)) if flops else "–"),
    )


def _lines(graph: GraphOfCell) -> str:
    """``"4–7"``, or where it is in another cell ``"Cell In[3]: 2"``."""
    own = sorted({node.line for node in graph.operations if node.line and node.cell is None})
    if own:
        return f"{own[0]}–{own[-1]}" if len(own) > 1 else str(own[0])
    others = [(node.cell, node.line) for node in graph.operations if node.line]
    return f"{others[0][0]}: {others[0][1]}" if others else "–"


def _operations(report: GraphReport) -> Fold:
    """What the picture shows, as a table."""
    columns = (
        Column("operation"),
        Column("graph", numeric=True),
        Column("result"),
        Column("line"),
        Column("FLOPs", numeric=True),
        Column("module"),
    )
    found = [
        (number, node) for number, graph in enumerate(report.graphs, 1) for node in graph.operations
    ]
    rows = tuple(_operation(number, node) for number, node in found[:_MOST_OPERATIONS])
    parts: list[Part] = [Table("The operations of the graphs, in order", columns, rows)]
    more = "operations; the nodes of report.graphs are all of them"
    parts += _and_more(len(found) - _MOST_OPERATIONS, more)
    return Fold("The operations of the graphs", tuple(parts))


def _operation(number: int, node: GraphNode) -> tuple[Span, ...]:
    line = str(node.line or "–")
    return (
        Span(node.op, "code"),
        Span(str(number)),
        Span(result_text(node) or "–"),
        Span(f"{node.cell}: {line}" if node.cell else line),
        Span(about(node.flops) if node.flops else "–"),
        Span(shorten(node.module, 40)),
    )


def _code(report: GraphReport) -> Fold:
    texts = [graph.code.strip() for graph in report.graphs[:_MOST_GRAPHS]]
    text = "\n\n".join(f"# graph {number}\n{text}" for number, text in enumerate(texts, 1))
    if len(text) > _LONGEST_CODE:
        text = f"{text[:_LONGEST_CODE]}\n# … report.graphs has the rest"
    where = "report.graphs[0].code is the code of the first graph, and so on."
    return Fold("The code of the graphs", (Code(text),), instead=where)


def _notes(report: GraphReport) -> Iterator[Part]:
    for note in report.notes:
        yield sentence(shorten(note, 240), role="note")
    compiled = report.compile_seconds
    spent = [
        f"mode {report.mode}",
        f"compiling took {seconds(compiled, digits=2)}" if compiled is not None else "",
        f"the cell ran {plural(report.runs, 'time')} for this report",
        f"{seconds(report.seconds, digits=2)} in all",
    ]
    yield sentence("; ".join(filter(None, spent)), role="note")
