"""Findings: every break, recompilation, lost side effect and difference, at the user's line."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from dlmagic.finding import Finding, Fix
from dlmagic.frameworks.captured import Frame, GraphBreak
from dlmagic.magics.graphmode.causes import explain
from dlmagic.magics.graphmode.changes import change_of
from dlmagic.magics.graphmode.effects import Effects
from dlmagic.magics.graphmode.inspection import Call
from dlmagic.magics.graphmode.places import Place, Places

_CONSEQUENCE = "may have been caused by an earlier graph break"


def break_findings(breaks: Iterable[GraphBreak], places: Places) -> list[Finding]:
    """One finding for each place and cause, the causes before what follows from them."""
    found: dict[tuple[Place, str], tuple[bool, Finding]] = {}
    for each in breaks:
        place = places.of(each.frames)
        reason, advice = explain(each)
        rest = ", and all of its function runs eagerly" if each.skipped else ""
        finding = Finding(
            kind="graph-break",
            level="warning",
            message=f"The graph ends here: {reason}{rest}.",
            cell=place.cell,
            line=place.line,
            source=place.source,
            fix=Fix(advice) if advice else None,
        )
        consequence = any(_CONSEQUENCE in hint for hint in each.hints)
        known = found.setdefault((place, each.cause), (consequence, finding))
        if each.skipped and not known[1].message.endswith(f"{rest}."):
            found[(place, each.cause)] = (known[0], finding)
    return [finding for _, finding in sorted(found.values(), key=lambda pair: pair[0])]


def recompile_findings(calls: Iterable[Call], places: Places) -> list[Finding]:
    """One finding for each thing that changed, with both of its values where they are known."""
    found: dict[str, Finding] = {}
    for call in calls:
        for each in call.captured.recompilations:
            change = change_of(each.reason, call.value_of)
            if change is None:
                continue
            place = places.of(each.frames)
            finding = Finding(
                kind="recompile",
                level="warning",
                message=f"Compiled again: {change.text}.",
                cell=place.cell,
                line=place.line,
                source=place.source,
                operands=(change.name,) if change.name else (),
            )
            found.setdefault(change.text, finding)
    return list(found.values())


def effect_findings(calls: Sequence[Call], places: Places) -> list[Finding]:
    """What a plain run says and a graph does not, or not as often, or otherwise."""
    findings: dict[tuple[str, Frame | None], Finding] = {}
    for number, call in enumerate(calls, 1):
        if call.error is None:
            for key, message in _lost(call.plain_effects, call.graph_effects, number):
                place = places.of([key[1]] if key[1] else [])
                finding = Finding(
                    kind="lost-side-effect",
                    level="error",
                    message=message,
                    cell=place.cell,
                    line=place.line,
                    source=place.source,
                )
                findings.setdefault(key, finding)
    return list(findings.values())


def _lost(
    plain: Effects, graph: Effects, number: int
) -> Iterable[tuple[tuple[str, Frame | None], str]]:
    wanted, found = plain.by_line(), graph.by_line()
    run = "in the first run" if number == 1 else "from the second run on"
    for key, texts in wanted.items():
        what = "print" if key[0] == "print" else "log record"
        said = found.get(key, type(texts)())
        if said == texts:
            continue
        if not said:
            yield key, f"The {what} is lost {run}: the graph computes without it."
        elif sum(said.values()) != sum(texts.values()):
            times = f"{sum(said.values())} instead of {sum(texts.values())} times"
            yield key, f"The {what} appears {times} {run} of the graph."
        else:
            yield key, f"The {what} says something else {run} of the graph."


def mismatch_findings(calls: Sequence[Call]) -> list[Finding]:
    """Values that differ from those of a plain run."""
    for number, call in enumerate(calls, 1):
        if call.agreement is not None and call.agreement.agrees is False:
            run = "" if number == 1 else " in the second run"
            message = f"The graph computes something else{run}: {call.agreement.reason}."
            return [Finding("mismatch", "error", message)]
    return []
