"""One alternative of a cell: compiled, its definitions made, its starting state saved."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace

from dlmagic.cell.frozen import FrozenContainer
from dlmagic.cell.function import CellFunction, compile_cell
from dlmagic.cell.memory import Memory
from dlmagic.cell.outcome import LAST, close, equal, frozen, frozen_names
from dlmagic.cell.reach import Reached
from dlmagic.cell.snapshot import Snapshot, take_snapshot
from dlmagic.cell.source import CellSource
from dlmagic.cell.state import state_of
from dlmagic.frameworks.protocol import Framework


@dataclass
class Subject:
    """One alternative, ready to run in any mode from the same state.

    That state is the one after its first run: an optimiser has made its buffers, a cache is
    filled. Code that was compiled against them then finds them again in every round, as it
    does in a training loop.

    Attributes:
        block: Its name, or None where the cell has only one.
        cell: The compiled cell.
        arguments: The values of its parameters at the start, by name.
        start: The state as the user left it, set-up included.
        snapshot: The state that every mode starts from.
        frameworks: The loaded frameworks.
        memory: Where copies go.
        changes_state: Whether the first run changed anything that it found.
        changes_again: Whether the second run changed anything.
        run_seconds: What the first run and the second took.
        watched: What the first outcome showed as changed.
        wanted: The names that it showed, the cell's outputs included.
        watching: Whether that is known.
        within: Entered around each run; where other values stand for a while.
    """

    block: str | None
    cell: CellFunction
    arguments: Mapping[str, object]
    start: Snapshot
    snapshot: Snapshot
    frameworks: tuple[Framework, ...]
    memory: Memory
    changes_state: bool = False
    changes_again: bool = False
    run_seconds: tuple[float, float] = (0.0, 0.0)
    watched: list[Reached] = field(default_factory=list, repr=False)
    wanted: frozenset[str] = frozenset()
    watching: bool = False
    within: Callable[[], AbstractContextManager[object]] = nullcontext

    @property
    def values(self) -> list[object]:
        """What the cell reads, for choosing the framework."""
        namespace = self.cell.namespace
        return [namespace[name] for name in self.cell.reads if name in namespace]

    def run(self, replaced: Mapping[str, object] | None = None) -> tuple[object, ...]:
        """Run the cell once, as it is, with other values for some parameters."""
        arguments = {**self.arguments, **(replaced or {})}
        with self.within():
            return self.cell.function(*(arguments[name] for name in self.cell.parameters))

    def keep_state(self) -> None:
        """Let every mode start from the state as it is now; names stay bound as at the start."""
        self.start.namespace.restore()
        after = take_snapshot(
            self.cell.namespace,
            self.cell.needs,
            frameworks=self.frameworks,
            earlier=self.start,
            memory=self.memory,
        )
        # Whether the cell may be run at all was judged by what stood there before it.
        self.snapshot = replace(after, cell_text=self.start.cell_text)

    @property
    def attributes(self) -> frozenset[str]:
        """Names of attributes that the cell's code uses, such as ``fit``; so its functions'."""
        return self.cell.attributes

    def run_once(self, replaced: Mapping[str, object]) -> object:
        """Run the cell once and put all state back."""
        try:
            return self.run(replaced)
        finally:
            self.snapshot.restore()

    def produced(self, returned: tuple[object, ...]) -> FrozenContainer:
        """A detached copy of what the first run produced; the state stays as it is."""
        state = state_of(self.start.changes())
        return frozen({**state, **self._values(returned)}, self.frameworks)

    def outcome(
        self, returned: tuple[object, ...], since: Snapshot | None = None
    ) -> FrozenContainer:
        """A detached copy of all that a run produced: values, and state that it changed.

        Puts the state back. What may have changed is copied before and after that, and left
        out where both are equal: a compiler marks tensors without changing their numbers. Once
        it is known what the reference changes, also where they are close: what a run computes
        anew each time, such as a mean, comes out equal in the reference alone.

        Args:
            returned: What the cell's function returned.
            since: The state that the run began from; by default that of every mode.
        """
        since = since or self.snapshot
        watched = self.watched if since is self.snapshot else []
        # Not by path: a tensor and its storage share one.
        items = {id(i.value): i for i in [*watched, *since.changes()]}.values()
        # A name bound anew hides the state of what it was bound to before.
        copy = frozen({**state_of(items), **self._values(returned)}, self.frameworks)
        since.restore()
        same = close if self.watching and since is self.snapshot else equal
        # An object that changed in one attribute has others, which the first outcome left out.
        wanted = self.wanted if watched else frozenset()
        before = dict(frozen(state_of(items), self.frameworks).items)
        kept = [
            (name, value)
            for name, value in copy.items
            if name in wanted or name not in before or not same(before[name], value)
        ]
        return FrozenContainer(copy.type_name, tuple(kept))

    def watch(self, outcome: FrozenContainer) -> None:
        """Look in every later outcome at the state that the reference changed in this one."""
        self.wanted = frozenset(name for name, _ in outcome.items)
        self.watching = True
        self.watched = [
            item
            for item in self.snapshot.reached
            if self.wanted & set(frozen_names(state_of([item])))
        ]

    def _values(self, returned: tuple[object, ...]) -> dict[str, object]:
        outputs, last = self.cell.split(returned)
        namespace = self.cell.namespace
        shared = {name: namespace[name] for name in self.cell.shared if name in namespace}
        return {**outputs, **shared} if last is None else {**outputs, **shared, LAST: last}


def prepare_subject(
    block: str | None,
    source: CellSource,
    namespace: dict[str, object],
    before: Snapshot,
    memory: Memory,
) -> Subject:
    """Compile an alternative, execute its definitions, save the state that it starts from.

    Args:
        block: Its name, or None.
        source: Its text.
        namespace: The notebook's namespace.
        before: The state before any alternative was looked at.
        memory: Where copies go.

    Raises:
        SyntaxError: At the user's line.
        CellError: The cell awaits something.
        StateError: Something that it reads cannot be put back.
        BaseException: Whatever a definition raises.
    """
    cell = compile_cell(source, namespace)
    cell.define()
    start = take_snapshot(
        namespace,
        cell.needs,
        frameworks=before.frameworks,
        cell_text=source.python,
        earlier=before,
        memory=memory,
    )
    arguments = dict(zip(cell.parameters, cell.arguments(), strict=True))
    return Subject(block, cell, arguments, start, start, before.frameworks, memory)
