"""Telling rules of events, so that a slip of a rule costs its answer and never the user's cell."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dlmagic.frameworks.operations import Event
from dlmagic.magics.tensors.silent.rule import After, Mistake, Rule, hears


class Hearing:
    """Rules that listen to a cell; one that raises is asked nothing more.

    Args:
        rules: The rules.

    Attributes:
        failed: Kinds of those that raised.
    """

    def __init__(self, rules: Sequence[Rule]) -> None:
        self.failed: list[str] = []
        self._rules = list(rules)
        self._heard = [rule for rule in rules if hears(rule)]

    def tell(self, event: Event) -> None:
        """Every rule that hears anything."""
        for rule in self._heard:
            try:
                rule.hear(event)
            except Exception:
                self._drop(rule)

    def mistakes(self, after: After) -> Iterator[tuple[Rule, Mistake]]:
        """What each rule says when the cell has ended."""
        for rule in list(self._rules):
            try:
                found = list(rule.mistakes(after))
            except Exception:
                self._drop(rule)
                continue
            yield from ((rule, each) for each in found)

    def _drop(self, rule: Rule) -> None:
        self.failed.append(rule.kind)
        self._rules.remove(rule)
        self._heard = [each for each in self._heard if each is not rule]
