"""A cell of the notebook on an engine: its text travels, and its lines show in tracebacks."""

from __future__ import annotations

import linecache
from collections.abc import Mapping
from typing import Any

from dlmagic.cell.function import compile_cell
from dlmagic.cell.source import CellSource
from dlmagic.cluster.there.here import Here


def received(fields: Mapping[str, Any]) -> CellSource:
    """The cell that ``dataclasses.asdict`` took apart in the notebook."""
    source = CellSource(**fields)
    lines = source.text.splitlines(keepends=True)
    linecache.cache[source.filename] = (len(source.text), None, lines, source.filename)
    return source


def run(here: Here, source: Mapping[str, Any], tell: str | None = None) -> None:
    """Run a cell once, as ``%%px`` would, and keep what it assigns.

    Args:
        here: The engine.
        source: The cell, taken apart.
        tell: A name under which the cell finds what sends data to the notebook.
    """
    if tell is not None:
        here.namespace[tell] = here.tell
    compile_cell(received(source), here.namespace).commit()
