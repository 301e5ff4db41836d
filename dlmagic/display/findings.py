"""How a finding reads, the same in every room."""

from __future__ import annotations

from dlmagic.display.parts import Notice, Span, Tone, shorten, spans
from dlmagic.finding import Finding, Fix

_TONES: dict[str, Tone] = {"error": "bad", "warning": "bad", "hint": "muted"}
_CHECKED = {
    "verified": "checked on your values",
    "shape-verified": "shapes checked",
    "unverified": "not checked",
}
_LONGEST = 300


def notice(finding: Finding) -> Notice:
    """A finding with its level as a word, the line it is about, and the way out."""
    return Notice(
        word=finding.level,
        tone=_TONES[finding.level],
        spans=spans(*_place(finding), shorten(finding.message, _LONGEST)),
        advice=_advice(finding.fix),
        code=finding.fix.code if finding.fix else None,
    )


def at_line(line: int | None, source: str | None, cell: str | None = None) -> tuple[Span, ...]:
    """Where something is: ``"Cell In[3], line 4: `loss.item()`"``; empty where nobody knows."""
    known = [cell or "", f"line {line}" if line is not None else ""]
    place = ", ".join(filter(None, known))
    code = shorten(source or "", 100)
    if place and code:
        return spans(f"{place}: ", Span(code, "code"))
    return spans(place, Span(code, "code"))


def _place(finding: Finding) -> tuple[Span, ...]:
    place = at_line(finding.line, finding.source, finding.cell)
    return (*place, Span(" – ")) if place else ()


def _advice(fix: Fix | None) -> tuple[Span, ...]:
    if fix is None:
        return ()
    return spans(shorten(fix.text, _LONGEST), Span(f" ({_CHECKED[fix.status]})", "muted"))
