"""Findings: every break, recompilation, lost side effect and difference, at the user's line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from dlmagic.cell.compare import Tolerance
from dlmagic.cell.frozen import FrozenContainer
from dlmagic.cell.outcome import compare_outcomes
from dlmagic.finding import Finding, Fix
from dlmagic.frameworks.captured import Frame, GraphBreak, Recompilation
from dlmagic.magics.graphmode.call import Call
from dlmagic.magics.graphmode.causes import explain
from dlmagic.magics.graphmode.changes import Change, change_of
from dlmagic.magics.graphmode.effects import EffectKey
from dlmagic.magics.graphmode.inspection import Inspection
from dlmagic.magics.graphmode.lost_changes import lost_changes, lost_gradients
from dlmagic.magics.graphmode.places import Place, Places
from dlmagic.magics.graphmode.said import said_alike, said_instead

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


def recompile_findings(calls: Sequence[Call], places: Places) -> list[Finding]:
    """One finding for each thing that changed, with both of its values where they are known.

    Where nothing else is known, an object that the cell itself changes is why: its change has a
    finding of its own, and what mends that mends this.
    """
    found: dict[str, Finding] = {}
    explained = any(lost_changes(call) for call in calls)
    for call in calls:
        changes = [
            (each, change)
            for each in call.captured.recompilations
            if (each.reason or not explained)
            and (change := change_of(each.reason, call.value_of)) is not None
        ]
        causes = [(each, change) for each, change in changes if not change.follows]
        for each, change in causes or changes:
            found.setdefault(change.text, _recompile_finding(each, change, places))
    return list(found.values())


def _recompile_finding(found: Recompilation, change: Change, places: Places) -> Finding:
    place = places.of(found.frames)
    if change.name:
        place = places.naming(change.name, place)
    return Finding(
        kind="recompile",
        level="warning",
        message=f"Compiled again: {change.text}.",
        cell=place.cell,
        line=place.line,
        source=place.source,
        operands=(change.name,) if change.name else (),
    )


def effect_findings(calls: Sequence[Call], places: Places) -> list[Finding]:
    """What a plain run says and a graph does not, or not as often, or otherwise."""
    finished = [call for call in calls if call.error is None]
    keys = dict.fromkeys(key for call in finished for key in call.plain_effects.by_line())
    findings = []
    for key in keys:
        told = [_told(call, key) for call in finished]
        message = _about_effect(key[0], told)
        if message:
            place = places.of([key[1]] if key[1] else [])
            findings.append(
                Finding(
                    kind="lost-side-effect",
                    level="error",
                    message=message,
                    cell=place.cell,
                    line=place.line,
                    source=place.source,
                )
            )
    return findings


@dataclass(frozen=True)
class _Told:
    """How often a plain run said something, how often the graph did, and whether the same.

    Where only the graph says a text, ``instead`` tells both texts.
    """

    plain: int
    graph: int
    same: bool
    instead: str = ""


def _told(call: Call, key: EffectKey) -> _Told:
    wanted = call.plain_effects.by_line().get(key, Counter())
    found = call.graph_effects.by_line().get(key, Counter())
    # Code that a compiler has rewritten has lines of its own: what it says is known by its text.
    elsewhere = call.graph_effects.by_line().get((key[0], None), Counter())
    found = found | (elsewhere & wanted)
    same = said_alike(wanted, found)
    return _Told(wanted.total(), found.total(), same, "" if same else said_instead(wanted, found))


def _about_effect(kind: str, told: Sequence[_Told]) -> str:
    """What became of a print or a log record, over all calls; an empty text where nothing did."""
    what = "print" if kind == "print" else "log record"
    first, last = told[0], told[-1]
    if all(each.same for each in told):
        return ""
    if not last.graph and first.graph:
        return f"The {what} is lost from the second run on: it runs only while the graph is made."
    if not last.graph:
        return f"The {what} is lost: the graph computes without it."
    wrong = next(each for each in told if not each.same)
    if wrong.graph != wrong.plain:
        return f"The {what} appears {wrong.graph} instead of {wrong.plain} times."
    return f"The {what} says {wrong.instead} in the graph."


def findings_of_preparing(inspection: Inspection, places: Places) -> list[Finding]:
    """What preparing has found, at the user's line; proven where a witness was found."""
    found = []
    looked_at = {kept.place.name for kept, _ in inspection.kept}
    for each in inspection.prepared:
        if each.kind == "baked-constant" and looked_at.intersection(each.operands):
            continue
        if each.cell is not None and each.line is not None:
            place = places.of([Frame(each.cell, each.line, "")])
            each = replace(each, cell=place.cell, line=place.line, source=place.source)
        if each.kind in ("baked-branch", "baked-constant") and inspection.witness:
            message = f"{each.message.rstrip('.')}: {inspection.witness}."
            each = replace(each, level="error", message=message)
        found.append(each)
    return found


def _differs_elsewhere(call: Call) -> bool:
    """Whether anything differs besides changes that are lost."""
    lost = set(lost_changes(call))
    if call.graph is None or not lost:
        return True
    plain, graph = (
        FrozenContainer("dict", tuple(item for item in each.items if item[0] not in lost))
        for each in (call.plain, call.graph)
    )
    return compare_outcomes(plain, graph, Tolerance(None, None)).agrees is False


def mismatch_findings(inspection: Inspection, explained: Sequence[Call]) -> list[Finding]:
    """Values and gradients that differ from those of a plain run, but for calls explained."""
    found = []
    for number, call in enumerate(inspection.calls, 1):
        wrong = call.agreement is not None and call.agreement.agrees is False
        if wrong and call not in explained and _differs_elsewhere(call):
            assert call.agreement is not None
            run = "" if number == 1 else " in a later run"
            blame = f"; it goes wrong in {inspection.stage}" if inspection.stage else ""
            message = f"The graph computes something else{run}: {call.agreement.reason}{blame}."
            found.append(Finding("mismatch", "error", message))
            break
    gradients = inspection.gradients
    if gradients.agrees is False and not lost_gradients(inspection.calls[0]):
        message = f"The gradients of the graph differ: {gradients.reason}."
        found.append(Finding("gradient-mismatch", "error", message))
    return found
