"""Runs a cell under watch, as ``%%tensors --hints`` does."""

from __future__ import annotations

from typing import Any

from dlmagic.cell.source import CellSource
from dlmagic.finding import Finding
from dlmagic.magics.tensors.silent.engine import watch_cell
from dlmagic.magics.tensors.silent.result import SilentMistakes
from tests.magics.tensors.silent.programs import SETUP


def watched(
    text: str, names: dict[str, Any] | None = None, hints: bool = False, setup: str = SETUP
) -> SilentMistakes:
    """What was seen of a cell, in a namespace with the names that the setup makes by default."""
    namespace: dict[str, Any] = {"__name__": "__main__"} if names is None else names
    if names is None:
        exec(setup, namespace)
    source = CellSource.from_text(text)
    seen = watch_cell(source, namespace, lambda _file: None, hints=hints).mistakes
    assert seen.failed == ()
    return seen


def found_in(text: str, setup: str = SETUP) -> tuple[Finding, ...]:
    """Certain and likely mistakes of a cell."""
    return watched(text, hints=True, setup=setup).findings
