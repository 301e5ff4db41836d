"""What an engine does: run a cell under watch, and explain an error where it happened."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dlmagic.cell.source import is_of_others, name_of_users_file
from dlmagic.cluster.there.cell import received
from dlmagic.cluster.there.here import Here
from dlmagic.magics.tensors.explain.engine import explain
from dlmagic.magics.tensors.silent.engine import watch_cell

_LONGEST = 2000  # characters of the last value


def watch(here: Here, source: Mapping[str, Any], hints: bool) -> dict[str, Any]:
    """Run a cell once under watch, in the engine's namespace.

    Args:
        here: The engine.
        source: The cell, taken apart.
        hints: Whether likely mistakes are told of, too.
    """
    watched = watch_cell(received(source), here.namespace, name_of_code, hints=hints)
    last = "" if watched.last is None else repr(watched.last)[:_LONGEST]
    return {"mistakes": watched.mistakes.to_dict(), "last": last}


def explanation_of(error: BaseException) -> dict[str, Any] | None:
    """The mistake behind an error, as plain data; None where nothing is known."""
    found = explain(error, name_of_code)
    return None if found is None else found.to_dict()


def name_of_code(file: str) -> str | None:
    """A name for the code of a file that the notebook makes its own of; None for that of others.

    What a cell is called, only the notebook knows.
    """
    if file == "<string>" or is_of_others(file):
        return None
    return name_of_users_file(file) or file
