"""How the list of watched models looks."""

from __future__ import annotations

from dlmagic.display.parts import Column, Document, Span, Table, sentence
from dlmagic.display.units import count, percent, plural
from dlmagic.magics.watch.result import WatchedModel, WatchList

_COLUMNS = (
    Column("model"),
    Column("type"),
    *(Column(title, numeric=True) for title in ("layers", "steps", "measured", "cost", "findings")),
)


def document(watched: WatchList) -> Document:
    """All models, one row each."""
    if not watched.models:
        said = sentence("No model is watched; start with %watch MODEL.", role="answer")
        return Document((said,))
    state = "no longer watched" if watched.ended else "watched"
    verb = "is" if len(watched.models) == 1 else "are"
    answer = sentence(f"{plural(len(watched.models), 'model')} {verb} {state}.", role="answer")
    rows = tuple(_row(each) for each in watched.models)
    return Document((answer, Table("Watched models", _COLUMNS, rows)))


def _row(model: WatchedModel) -> tuple[Span, ...]:
    cost = "not known yet" if model.share is None else percent(model.share)
    every = "every step" if model.every == 1 else f"one step in {count(model.every)}"
    figures = (count(model.layers), count(model.steps), every, cost, count(model.findings))
    return (Span(model.model, "code"), Span(model.kind), *map(Span, figures))
