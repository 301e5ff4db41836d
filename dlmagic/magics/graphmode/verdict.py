"""The one line that a reader came for: how much ran as a graph, and whether it can be trusted."""

from __future__ import annotations

from collections.abc import Iterator

from dlmagic.display.units import plural
from dlmagic.finding import Finding
from dlmagic.magics.graphmode.result import GraphReport

_MOST_LINES = 3
_OPENINGS = ("The", "A", "An", "It", "In", "Not", "No", "This")
"""With which a sentence begins that goes on behind a colon; names keep their capital letters."""


def verdict(report: GraphReport) -> str:
    """The answer in one line, such as ``"1 graph, no breaks, no recompiles; values agree."``."""
    if report.ran == "eager" and report.reason:
        return f"The cell ran eagerly, not in mode {report.mode}{_why_eagerly(report)}."
    parts = [", ".join(_counts(report)), ", ".join(_agreements(report)), *_lost(report)]
    return "; ".join(part for part in parts if part) + "."


def _why_eagerly(report: GraphReport) -> str:
    """The reason; its line alone where the first finding says it, which stands right below."""
    first = next(iter(report.findings), None)
    if first is not None and first.message == report.reason and first.line is not None:
        return f", because of {f'{first.cell}, ' if first.cell else ''}line {first.line}"
    reason = report.reason.rstrip(".")
    opened = next((word for word in _OPENINGS if reason.startswith(f"{word} ")), "")
    return f": {opened.lower()}{reason[len(opened) :]}"


def _counts(report: GraphReport) -> Iterator[str]:
    if not report.graphs:
        yield _without_graphs(report)
        if not report.breaks and not report.recompiles:
            return
    else:
        yield plural(len(report.graphs), "graph")
    breaks = [finding for finding in report.findings if finding.kind == "graph-break"]
    yield f"{_number(report.breaks, 'break')}{_lines(breaks)}"
    yield _number(report.recompiles, "recompile")


def _without_graphs(report: GraphReport) -> str:
    if report.ran == "eager":
        return "The cell ran eagerly: no graph was made of it"
    how = "compiled" if report.ran == "graph" else "partly compiled"
    return f"The cell ran {how} in mode {report.mode}, which shows no graph"


def _number(count: int, what: str) -> str:
    return plural(count, what) if count else f"no {what}s"


def _lines(findings: list[Finding]) -> str:
    """``" at lines 4 and 7"``, with the mark of a fix that was tried."""
    own = [f for f in findings if f.line is not None and f.cell is None]
    if not own or len(own) > _MOST_LINES:
        return ""
    mended = {f.line: True for f in own}
    for each in own:
        mended[each.line] &= _verified(each)
    lines = [f"{line}{' (fix verified)' if verified else ''}" for line, verified in mended.items()]
    joined = " and ".join(filter(None, [", ".join(lines[:-1]), lines[-1]]))
    return f" at line{'s' if len(lines) > 1 else ''} {joined}"


def _verified(finding: Finding) -> bool:
    return finding.fix is not None and finding.fix.status == "verified"


def _agreements(report: GraphReport) -> Iterator[str]:
    check = report.check
    if check.agrees is False:
        yield f"values do not agree: {check.reason}"
    elif check.agrees is None:
        yield f"values: {check.reason}" if check.reason else "values were not compared"
    elif check.max_error:
        yield f"values agree to {check.max_error:.1g}"
    else:
        yield "values agree"
    if check.gradients_agree is not None:
        yield "gradients agree" if check.gradients_agree else "gradients do not agree"


def _lost(report: GraphReport) -> Iterator[str]:
    lost = [finding for finding in report.findings if finding.kind == "lost-side-effect"]
    if len(lost) == 1 and lost[0].line is not None:
        yield f"line {lost[0].line}: {lost[0].message[:1].lower()}{lost[0].message[1:].rstrip('.')}"
    elif lost:
        yield f"{plural(len(lost), 'side effect')} lost or doubled"
