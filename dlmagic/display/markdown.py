"""A document as GitHub's Markdown, to paste into an issue or a README."""

from __future__ import annotations

import re

from dlmagic.display.parts import (
    Code,
    Document,
    Fold,
    Notice,
    Part,
    Picture,
    Sentence,
    Span,
    Table,
    printable,
)

_ACTIVE = re.compile(r"([\\`*_\[\]<>|~&$])")
_ACTIVE_AT_THE_START = re.compile(r"^(\s*\d*)([#+=.)-])")


def render(document: Document) -> str:
    """The words and tables of a document; pictures and folds are left out."""
    blocks = (_render(part) for part in document.parts)
    return "\n\n".join(block for block in blocks if block) + "\n"


def _render(part: Part) -> str:
    match part:
        case Sentence():
            return _spans(part.spans)
        case Table():
            return _table(part)
        case Notice():
            return _notice(part)
        case Code():
            return _fenced(part.text)
        case Picture() | Fold():
            return ""


def _spans(spans: tuple[Span, ...]) -> str:
    return _ACTIVE_AT_THE_START.sub(r"\1\\\2", "".join(_span(span) for span in spans))


def _span(span: Span) -> str:
    text = printable(span.text)
    if span.tone == "code":
        # A fence longer than any run of backticks inside cannot be closed by them.
        fence = "`" * (max(map(len, re.findall("`+", text)), default=0) + 1)
        return f"{fence} {text} {fence}" if "`" in text else f"{fence}{text}{fence}"
    escaped = _escaped(text)
    strong = span.tone in ("strong", "good", "bad") and text.strip() == text
    return f"**{escaped}**" if strong else escaped


def _escaped(text: str) -> str:
    return _ACTIVE.sub(r"\\\1", text.replace("\n", " "))


def _table(table: Table) -> str:
    heads = [_escaped(printable(column.title)) for column in table.columns]
    rules = ["---:" if column.numeric else "---" for column in table.columns]
    # A bar ends a cell even inside code.
    rows = [
        [_span(cell).replace("\\|", "|").replace("|", "\\|") for cell in row] for row in table.rows
    ]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (heads, rules, *rows))


def _notice(part: Notice) -> str:
    lines = [_spans((Span(part.word, "strong"), Span(": "), *part.spans)), _spans(part.advice)]
    code = _fenced(part.code) if part.code is not None else ""
    return "\n\n".join(filter(None, (*lines, code)))


def _fenced(code: str) -> str:
    fence = "`" * max(3, max(map(len, re.findall("`+", code)), default=0) + 1)
    return f"{fence}python\n{printable(code)}\n{fence}"
