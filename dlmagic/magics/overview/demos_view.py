"""How the notebooks to begin with look."""

from __future__ import annotations

from dlmagic.display.parts import Column, Document, Part, Span, Table, sentence
from dlmagic.magics.overview.result import Demos


def document(demos: Demos) -> Document:
    """The file that was copied, or all that can be."""
    return Document((_table(demos) if demos.copied is None else _copied(demos),))


def _table(demos: Demos) -> Part:
    rows = tuple(
        (Span(f"%dlmagic demo {each.name}", "strong"), Span(each.title)) for each in demos.demos
    )
    return Table("Notebooks to begin with", (Column("copy it with"), Column("what it shows")), rows)


def _copied(demos: Demos) -> Part:
    file = Span(demos.copied or "", "code")
    if demos.present:
        return sentence(file, " is there already: open it from the file browser.", role="answer")
    return sentence(
        "Copied to ", file, ": open it from the file browser and run its cells.", role="answer"
    )
