"""What can be said of an ordinary cell when it has run: it costs nothing while it runs."""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable

from dlmagic.cell.source import CellSource
from dlmagic.environment import Environment
from dlmagic.finding import Finding
from dlmagic.magics.tensors.silent.catalogue import rules_without_events
from dlmagic.magics.tensors.silent.engine import left_by, told_of
from dlmagic.magics.tensors.silent.result import SilentMistakes

_WITH_TENSORS = ("torch", "tensorflow", "keras", "jax", "numpy")


class UnwatchedCells:
    """Looks at cells one after the other, and tells of a place once while its code is the same.

    Args:
        python_of: Makes Python of a cell in IPython's syntax, line for line.
    """

    def __init__(self, python_of: Callable[[str], str]) -> None:
        self._python_of = python_of
        self._told: set[tuple[str, int | None, int]] = set()

    def mistakes_in(self, text: str, namespace: dict[str, object]) -> SilentMistakes | None:
        """Certain mistakes of a cell that has run; None where there is nothing new to say.

        Args:
            text: The cell as the user typed it.
            namespace: The notebook's names as the cell left them.
        """
        if not any(root in sys.modules for root in _WITH_TENSORS):
            return None
        rules = rules_without_events(text)
        if not rules:
            return None
        source = CellSource.from_text(text, register=lambda _text: "")
        after = left_by(self._python(text), namespace)
        found = tuple(
            finding
            for rule in rules
            for mistake in rule.mistakes(after)
            if (finding := told_of(rule, mistake, source, lambda _file: None)) is not None
            and self._is_new(finding, text)
        )
        if not found:
            return None
        return SilentMistakes(environment=Environment.capture(), findings=found, watched=False)

    def _python(self, text: str) -> str:
        """The cell; most are plain Python, and IPython takes ten times as long to see that."""
        try:
            ast.parse(text)
        except SyntaxError:
            whole = CellSource.from_text(text, transform=self._python_of, register=lambda _t: "")
            return whole.python
        return text

    def _is_new(self, finding: Finding, text: str) -> bool:
        place = (finding.kind, finding.line, hash(text))
        known = place in self._told
        self._told.add(place)
        return not known
