"""How the report of the environment looks."""

from __future__ import annotations

from dlmagic.display.parts import Column, Document, Span, Table, sentence
from dlmagic.magics.overview.result import EnvironmentReport


def document(report: EnvironmentReport) -> Document:
    """The report, and how it is put into an issue."""
    rows = tuple((Span(name), Span(value)) for name, value in report.rows())
    return Document(
        (
            Table("Environment", (Column("what"), Column("value")), rows),
            sentence(
                *("For an issue: ", Span("print(_.to_markdown())", "code"), "; what "),
                *(Span("%gpus", "code"), " shows belongs to it where it is about a device."),
                role="note",
            ),
        )
    )
