"""How the overview looks: one screen."""

from __future__ import annotations

from dlmagic.display.parts import Column, Document, Span, Table, sentence
from dlmagic.magics.overview.result import Overview


def document(overview: Overview) -> Document:
    """The magics, and where to read on."""
    heads = (Column("for example"), Column("what it answers"))
    rows = tuple((Span(each.example, "strong"), Span(each.purpose)) for each in overview.entries)
    return Document(
        (
            sentence(f"dlmagic {overview.version}: magics for those who train neural networks."),
            Table("Magics", heads, rows),
            sentence(
                *("Options of one: ", Span("%dlbench?", "code"), ". A notebook to begin with: "),
                *(Span("%dlmagic demo quickstart", "code"), ". For a bug report: "),
                *(Span("%dlmagic env", "code"), "."),
            ),
        )
    )
