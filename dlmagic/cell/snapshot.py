"""All that a cell may change, saved before it runs and put back afterwards, in place.

Same objects, same storages: aliases hold, optimisers keep their parameters, and what
was compiled against an address still finds its data there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from dlmagic.cell.names_in_namespace import SavedNamespace
from dlmagic.cell.reach import Reached, one_pass, walk
from dlmagic.errors import StateError
from dlmagic.frameworks.protocol import Framework, Saved


@dataclass(frozen=True)
class Snapshot:
    """The state of a namespace and of everything that a cell reaches from it.

    Attributes:
        namespace: The names and what they are bound to.
        reached: Every object that was saved.
        ambient: Global state by framework: random generators, default dtype, threads.
        frameworks: The frameworks that were asked.
    """

    namespace: SavedNamespace
    reached: tuple[Reached, ...]
    ambient: tuple[tuple[Framework, tuple[Saved, ...]], ...]
    frameworks: tuple[Framework, ...]

    def restore(self) -> None:
        """Put everything back.

        Settings first, since they decide how the rest may be written to; random generators
        come with them and nothing after them draws.
        """
        for _, saved in self.ambient:
            for part in saved:
                part.restore()
        for reached in self.reached:
            for part in reached.saved:
                part.restore()
        self.namespace.restore()

    def changes(self) -> list[Reached]:
        """The objects whose own state differs from what was saved."""
        return [reached for reached in self.reached if any(p.changed() for p in reached.saved)]

    def draws_random_numbers(self) -> bool:
        """Whether a global random generator has advanced since the snapshot."""
        return any(framework.uses_randomness(saved) for framework, saved in self.ambient)

    def saved_by(self, framework: Framework) -> list[Saved]:
        """What one framework saved."""
        return [p for reached in self.reached if reached.owner is framework for p in reached.saved]

    @contextmanager
    def copying_first_writes(self) -> Iterator[None]:
        """While active, what was saved by reference is copied just before its first write."""
        with ExitStack() as stack:
            for framework in self.frameworks:
                stack.enter_context(framework.first_writes(self.saved_by(framework)))
            yield

    @contextmanager
    def in_float64(self) -> Iterator[None]:
        """While active, floating-point values are float64; the caller restores afterwards."""
        with ExitStack() as stack:
            for framework in self.frameworks:
                stack.enter_context(framework.as_float64(self.saved_by(framework)))
            yield


def take_snapshot(
    namespace: dict[str, object],
    names: Iterable[str],
    *,
    frameworks: Sequence[Framework] = (),
    cell_text: str = "",
) -> Snapshot:
    """Save what a cell may change.

    Args:
        namespace: The notebook's namespace.
        names: The names that the cell reads; everything is reached from them.
        frameworks: Adapters of the frameworks that are loaded.
        cell_text: The cell, for frameworks that must know what it does (``backward()``).

    Raises:
        StateError: Something that the cell reads cannot be put back. Nothing has run.
    """
    reached = []
    for item in walk(names, namespace, frameworks):
        if item.own:
            _require_restorable(item, frameworks, cell_text)
        if item.saved:
            reached.append(item)
    ambient = tuple((framework, tuple(framework.save_ambient())) for framework in frameworks)
    return Snapshot(SavedNamespace(namespace), tuple(reached), ambient, tuple(frameworks))


def _require_restorable(item: Reached, frameworks: Sequence[Framework], cell_text: str) -> None:
    kind = one_pass(item.value)
    if kind is not None:
        article = "an" if kind[0] in "aeiou" else "a"
        raise StateError(
            f"{item.path} is {article} {kind}, which cannot be put back once it has been used.",
            "Make it inside the cell, or use a list.",
        )
    for framework in frameworks:
        reason = framework.limitation(item.path, item.value, cell_text)
        if reason is not None:
            raise StateError(reason)
