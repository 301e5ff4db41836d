"""How the newest figures of all layers look."""

from __future__ import annotations

from collections.abc import Iterator

from dlmagic.display.parts import Document, Part, sentence
from dlmagic.display.units import count, plural
from dlmagic.magics.watch.layer_table import fitting, layers_table, older_figures
from dlmagic.magics.watch.result import LayerTable

LIMIT = 150_000


def document(table: LayerTable) -> Document:
    """One row per layer."""
    if not table.layers:
        said = f"Nothing of {table.model} has been measured yet."
        return Document((sentence(said, role="answer"),), LIMIT)
    caption = f"{table.model} at step {count(table.step)}"
    return Document((layers_table(table.layers, caption), *_notes(table)), LIMIT)


def _notes(table: LayerTable) -> Iterator[Part]:
    older = older_figures(table.layers, table.step)
    if older:
        yield sentence(older)
    more = len(table.layers) - len(fitting(table.layers, ()))
    if more > 0:
        yield sentence(f"And {plural(more, 'layer')} more; .layers has them all.", role="note")
