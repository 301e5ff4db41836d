"""One alternative of a cell: compiled, its definitions made, its starting state saved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dlmagic.cell.frozen import FrozenContainer
from dlmagic.cell.function import CellFunction, compile_cell
from dlmagic.cell.reach import Reached
from dlmagic.cell.snapshot import Snapshot, take_snapshot
from dlmagic.cell.source import CellSource
from dlmagic.frameworks.protocol import Framework
from dlmagic.magics.bench.outcome import LAST, frozen


@dataclass
class Subject:
    """One alternative, ready to run in any mode from the same starting state.

    Attributes:
        block: Its name, or None where the cell has only one.
        cell: The compiled cell.
        arguments: The values of its parameters at the start, by name.
        snapshot: The starting state.
        frameworks: The loaded frameworks.
        changes_state: Whether the first run changed anything that it found.
    """

    block: str | None
    cell: CellFunction
    arguments: Mapping[str, object]
    snapshot: Snapshot
    frameworks: tuple[Framework, ...]
    changes_state: bool = False

    @property
    def values(self) -> list[object]:
        """What the cell reads, for choosing the framework."""
        namespace = self.cell.namespace
        return [namespace[name] for name in self.cell.reads if name in namespace]

    def run(self, replaced: Mapping[str, object] | None = None) -> tuple[object, ...]:
        """Run the cell once, as it is, with other values for some parameters."""
        arguments = {**self.arguments, **(replaced or {})}
        return self.cell.function(*(arguments[name] for name in self.cell.parameters))

    def run_once(self, replaced: Mapping[str, object]) -> object:
        """Run the cell once and put all state back."""
        try:
            return self.run(replaced)
        finally:
            self.snapshot.restore()

    def outcome(self, returned: tuple[object, ...]) -> FrozenContainer:
        """A detached copy of all that a run produced: values, and state that it changed."""
        outputs, last = self.cell.split(returned)
        namespace = self.cell.namespace
        shared = {name: namespace[name] for name in self.cell.shared if name in namespace}
        values = {**outputs, **shared, **self._changed_state()}
        if last is not None:
            values[LAST] = last
        return frozen(values, self.frameworks)

    def _changed_state(self) -> dict[str, object]:
        """Arrays that were written to, and the user's own containers and objects, by path."""
        state: dict[str, object] = {}
        for reached in self.snapshot.changes():
            if reached.owner is not None:
                state.update(_arrays_of(reached))
            elif reached.own and isinstance(reached.value, list | dict | set):
                state[reached.path] = reached.value
            elif reached.own:
                state.update(_plain_attributes(reached))
        return state


def _arrays_of(reached: Reached) -> dict[str, object]:
    """The array itself and what belongs to it, such as its gradient."""
    owner = reached.owner
    assert owner is not None
    saved = owner.save(reached.value)
    parts = [("", reached.value), *(saved.children() if saved else ())]
    return {reached.path + suffix: part for suffix, part in parts if owner.as_array(part)}


def _plain_attributes(reached: Reached) -> dict[str, object]:
    attributes = getattr(reached.value, "__dict__", {})
    return {
        f"{reached.path}.{name}": value
        for name, value in attributes.items()
        if isinstance(value, bool | int | float | complex | str)
    }


def prepare_subject(
    block: str | None,
    source: CellSource,
    namespace: dict[str, object],
    frameworks: Sequence[Framework],
) -> Subject:
    """Compile an alternative, execute its definitions, save the state that it starts from.

    Raises:
        SyntaxError: At the user's line.
        CellError: The cell awaits something.
        StateError: Something that it reads cannot be put back.
        BaseException: Whatever a definition raises.
    """
    cell = compile_cell(source, namespace)
    cell.define()
    snapshot = take_snapshot(namespace, cell.reads, frameworks=frameworks, cell_text=source.python)
    arguments = dict(zip(cell.parameters, cell.arguments(), strict=True))
    return Subject(block, cell, arguments, snapshot, tuple(frameworks))
