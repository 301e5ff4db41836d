"""How the newest figures of all layers look."""

from __future__ import annotations

from dlmagic.display.parts import Document, sentence
from dlmagic.display.units import count, plural
from dlmagic.magics.watch.layer_table import fitting, layers_table
from dlmagic.magics.watch.result import LayerTable

LIMIT = 150_000


def document(table: LayerTable) -> Document:
    """One row per layer."""
    if not table.layers:
        said = f"Nothing of {table.model} has been measured yet."
        return Document((sentence(said, role="answer"),), LIMIT)
    caption = f"{table.model} at step {count(table.step)}"
    more = len(table.layers) - len(fitting(table.layers, ()))
    last = (sentence(f"And {plural(more, 'layer')} more; .layers has them all.", role="note"),)
    return Document((layers_table(table.layers, caption), *(last if more > 0 else ())), LIMIT)
