"""Optimisers of one model that are written into a graph one after the other share a step."""

from __future__ import annotations

import weakref
from collections.abc import Collection
from typing import Any


class Sharing:
    """Which plans are of the same step, by their places.

    A step ends where a variable is changed for the second time, and with its graph.
    """

    def __init__(self) -> None:
        self._steps: dict[int, list[int]] = {}
        self._graph: Any = lambda: None
        self._changed: set[int] = set()
        self._first = 0

    def add(self, place: int, graph: Any, variables: Collection[Any]) -> int:
        """A plan is written into a graph.

        Args:
            place: The place of the plan.
            graph: The graph.
            variables: What it changes.

        Returns:
            The place of the first plan of the same step.
        """
        changed = {id(each) for each in variables}
        if self._graph() is not graph or not self._changed.isdisjoint(changed):
            self._graph, self._changed, self._first = weakref.ref(graph), set(), place
        self._changed |= changed
        self._steps.setdefault(self._first, []).append(place)
        return self._first

    def places(self, first: int) -> list[int]:
        """All plans of a step, by its first."""
        return self._steps[first]
