"""A document as HTML that means the same in every front end.

Front ends strip what they do not trust: GitHub and JupyterLab (in a notebook that the
reader did not run) drop styles and inline drawings. So the meaning is in plain
elements, a picture is an ``img`` that carries its data, and the style is an extra.
Every string goes through htpy, which escapes it.
"""

from __future__ import annotations

import base64
import re
from functools import cache
from importlib import resources

import htpy as h
from markupsafe import Markup

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

_SEAMS = re.compile(r"(?<=[/:_])(?=\w)")
_BEFORE_EMPTY_LINE = re.compile(r"\n(?=[ \t]*\n)")
_SENTENCE = 30  # characters from which on a cell of a table may take several lines


def render(document: Document) -> str:
    """The document as one ``div`` with its style, of at most ``document.limit`` bytes.

    Pictures are left out, and that is said, where the document would be larger.
    The words are never cut: a view keeps its tables short.
    """
    markup = _page(document.parts)
    if len(markup.encode()) <= document.limit or not any(
        isinstance(p, Picture) for p in document.parts
    ):
        return markup
    words = tuple(part for part in document.parts if not isinstance(part, Picture))
    omission = Sentence((Span("The picture is left out: it would be too large."),), "note")
    return _page((*words, omission))


def _page(parts: tuple[Part, ...]) -> str:
    page = str(h.div(".dlm")[h.style[Markup(_theme())], [_render(part) for part in parts]])
    # In Markdown, where nbconvert puts it, HTML would end at an empty line.
    return _BEFORE_EMPTY_LINE.sub("&#10;", page)


@cache
def _theme() -> str:
    """The style sheet without comments and indentation, which a saved notebook need not keep."""
    text = resources.files("dlmagic.display").joinpath("theme.css").read_text("utf-8")
    return re.sub(r"\s+", " ", re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)).strip()


def _render(part: Part) -> h.Renderable:
    match part:
        case Sentence():
            return h.p(f".dlm-{part.role}")[_spans(part.spans)]
        case Table():
            return _table(part)
        case Picture():
            return _picture(part)
        case Notice():
            return _notice(part)
        case Code():
            return h.pre[h.code[printable(part.text)]]
        case Fold():
            inside = [_render(each) for each in part.parts]
            return h.details[h.summary[printable(part.summary)], inside]


def _spans(spans: tuple[Span, ...]) -> list[h.Node]:
    return [_span(span) for span in spans]


def _span(span: Span) -> h.Node:
    text = printable(span.text)
    match span.tone:
        case "plain":
            return text
        case "strong":
            return h.strong[text]
        case "good" | "bad":
            return h.strong(f".dlm-{span.tone}")[text]
        case "muted":
            return h.span(".dlm-muted")[text]
        case "code":
            return h.code[text]


def _table(table: Table) -> h.Renderable:
    heads = [
        h.th(".dlm-number" if column.numeric else "", scope="col")[printable(column.title)]
        for column in table.columns
    ]
    # Who has no mouse scrolls a wide table by its keys, once it has the focus.
    return h.div(".dlm-scroll", tabindex="0", role="group", aria_label=printable(table.caption))[
        h.table(".dlm-table")[
            h.caption[printable(table.caption)],
            h.thead[h.tr[heads]],
            h.tbody[(_row(table, row) for row in table.rows)],
        ]
    ]


def _row(table: Table, row: tuple[Span, ...]) -> h.Renderable:
    name, *cells = row
    numeric = [column.numeric for column in table.columns[1:]]
    return h.tr[
        h.th(scope="row")[_breakable(name)],
        [
            h.td(_manner(cell, right))[_span(cell)]
            for cell, right in zip(cells, numeric, strict=True)
        ],
    ]


def _manner(cell: Span, right: bool) -> str:
    """How a cell stands: numbers at the right, and sentences in as many lines as they need."""
    if right:
        return ".dlm-number"
    return ".dlm-sentence" if len(cell.text) > _SENTENCE else ""


def _breakable(name: Span) -> list[h.Node]:
    """A name that may be broken at its seams when the page is narrow."""
    pieces: list[h.Node] = []
    for piece in _SEAMS.split(printable(name.text)):
        pieces += [piece, h.wbr]
    return pieces[:-1]


def _picture(part: Picture) -> h.Renderable:
    data = base64.b64encode(part.svg.encode()).decode("ascii")
    return h.img(
        ".dlm-picture",
        src=f"data:image/svg+xml;base64,{data}",
        alt=printable(part.alt),
        width=part.width,
        height=part.height,
    )


def _notice(part: Notice) -> h.Renderable:
    word = _span(Span(f"{part.word}: ", part.tone))
    return h.div(".dlm-notice")[
        h.p[word, _spans(part.spans)],
        h.p[_spans(part.advice)] if part.advice else None,
        _render(Code(part.code)) if part.code is not None else None,
    ]
