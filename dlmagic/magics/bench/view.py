"""How a benchmark looks: the answer, the table, the chart of the rounds, the small print."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from dlmagic.display.findings import at_line, notice
from dlmagic.display.parts import (
    Document,
    Notice,
    Part,
    Sentence,
    Span,
    abridge,
    sentence,
    shorten,
    spans,
)
from dlmagic.display.units import Ratio, plural, seconds
from dlmagic.environment import Environment
from dlmagic.finding import Finding
from dlmagic.magics.bench.arm_result import Arm
from dlmagic.magics.bench.baseline_view import baseline_answer, baseline_parts
from dlmagic.magics.bench.compile_lines import compile_lines
from dlmagic.magics.bench.headline import NAME_LIMIT, alerts, answer, others
from dlmagic.magics.bench.picture import picture_of
from dlmagic.magics.bench.ranks.table import rank_parts
from dlmagic.magics.bench.result import BenchResult
from dlmagic.magics.bench.sweep.view import gathered, main_parts
from dlmagic.magics.bench.table import table_of, turns_of

_MOST_NOTICES = 8
_MOST_NOTES = 6


def document(result: BenchResult) -> Document:
    """Everything that a benchmark has to say, the answer first."""
    if result.sweep is not None:
        all_values = gathered(result, result.sweep)
        small = (*_troubles(all_values), *_findings(all_values), *_notes(all_values))
        return Document((*main_parts(result, result.sweep), *small))
    parts: list[Part | None] = [
        *alerts(result),
        answer(result),
        others(result),
        *baseline_answer(result),
        *table_of(result),
        *rank_parts(result),
        *baseline_parts(result),
        picture_of(result),
        *compile_lines(result),
        *_troubles(result),
        *_findings(result),
        *_notes(result),
    ]
    return Document(tuple(part for part in parts if part is not None))


def _troubles(result: BenchResult) -> list[Part]:
    """Why arms failed or were skipped, with the user's line."""
    troubled = [arm for arm in result.arms if arm.status != "ok"]
    return [
        *(_trouble(arm, result.cell.splitlines()) for arm in troubled[:_MOST_NOTICES]),
        *_and_more(len(troubled) - _MOST_NOTICES, "arms were not timed; result.arms says why."),
    ]


def _trouble(arm: Arm, cell: Sequence[str]) -> Notice:
    source = cell[arm.line - 1] if arm.line and 0 < arm.line <= len(cell) else None
    place = at_line(arm.line, source)
    reason = shorten(arm.reason, 240) or "no reason is known"
    words = spans(
        Span(abridge(arm.name, NAME_LIMIT), "strong"),
        *((Span(" at "), *place) if place else ()),
        f" – {reason}",
    )
    return Notice(arm.status, "bad" if arm.status == "failed" else "muted", words)


def _findings(result: BenchResult) -> list[Part]:
    own = [_of_arm(arm, finding) for arm in result.arms for finding in arm.findings]
    found = list(dict.fromkeys([*map(notice, result.findings), *own]))
    more = _and_more(
        len(found) - _MOST_NOTICES, "findings; result.findings and those of its arms have them."
    )
    return [*found[:_MOST_NOTICES], *more]


def _of_arm(arm: Arm, finding: Finding) -> Notice:
    """A finding about one arm, which says about which."""
    shown = notice(finding)
    if arm.name in finding.message:
        return shown
    return replace(
        shown, spans=(Span(abridge(arm.name, NAME_LIMIT), "strong"), Span(": "), *shown.spans)
    )


def _and_more(count: int, what: str) -> list[Sentence]:
    return [sentence(f"And {count} more {what}", role="note")] if count > 0 else []


def _notes(result: BenchResult) -> list[Part]:
    notes: list[Part] = [
        sentence(shorten(note, 200), role="note") for note in result.notes[:_MOST_NOTES]
    ]
    notes += _and_more(len(result.notes) - _MOST_NOTES, "notes; result.notes has them.")
    notes += _null(result)
    spent = f"{turns_of(result)} in {seconds(result.seconds, digits=2)}"
    where = _machine(result.environment) if result.environment else []
    return [*notes, sentence("; ".join([spent, *where]), role="note")]


def _null(result: BenchResult) -> list[Sentence]:
    """What the hidden second copy of the reference came out as."""
    if result.null_speedup is None:
        return []
    came_out = Ratio(result.null_speedup, result.null_interval).with_span()
    twice = f"{abridge(result.reference, NAME_LIMIT)}, timed twice in each round"
    return [sentence(f"{twice}, came out {came_out} as fast as itself", role="note")]


def _machine(environment: Environment) -> list[str]:
    """The versions, threads and processors that the times depend on."""
    frameworks = {k: v for k, v in environment.packages.items() if k not in ("numpy", "scipy")}
    versions = frameworks or {k: v for k, v in environment.packages.items() if k == "numpy"}
    known = [
        f"{name} {version}{_with_threads(environment.threads.get(name))}"
        for name, version in versions.items()
    ]
    cores = f"{plural(environment.cores, 'core')} of {shorten(environment.processor, 50)}"
    return [*known, f"Python {environment.python}", cores, *environment.devices[:2]]


def _with_threads(threads: int | None) -> str:
    return "" if threads is None else f" with {plural(threads, 'thread')}"
