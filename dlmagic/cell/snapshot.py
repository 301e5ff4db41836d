"""All that a cell may change, saved before it runs and put back afterwards, in place.

Same objects, same storages: aliases hold, optimisers keep their parameters, and what
was compiled against an address still finds its data there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import reduce

from dlmagic.cell.memory import Footprint, Memory, contents_of, footprint_of
from dlmagic.cell.names_in_namespace import SavedNamespace
from dlmagic.cell.reach import Reached, one_pass, walk
from dlmagic.errors import StateError, with_article
from dlmagic.frameworks.protocol import Framework, Saved, SavedContents, Widen


@dataclass(frozen=True)
class Snapshot:
    """The state of a namespace and of everything that a cell reaches from it.

    Attributes:
        namespace: The names and what they are bound to.
        reached: Every object that was saved.
        ambient: Global state by framework: random generators, default dtype, threads.
        frameworks: The frameworks that were asked.
        cell_text: The cell that is about to run.
    """

    namespace: SavedNamespace
    reached: tuple[Reached, ...]
    ambient: tuple[tuple[Framework, tuple[Saved, ...]], ...]
    frameworks: tuple[Framework, ...]
    cell_text: str = ""

    def restore(self) -> None:
        """Put everything back.

        Settings first, since they decide how the rest may be written to; random generators
        come with them and nothing after them draws.

        Raises:
            StateError: Something could not be put back; everything else has been.
        """
        first: StateError | None = None
        for path, part in self._parts():
            try:
                part.restore()
            except StateError as error:
                first = first or error
            except Exception as error:
                first = first or _not_put_back(path, error)
        self.namespace.restore()
        if first is not None:
            raise first

    def _parts(self) -> Iterator[tuple[str, Saved]]:
        for framework, saved in self.ambient:
            yield from ((f"a setting of {framework.name}", part) for part in saved)
        for reached in self.reached:
            yield from ((reached.path, part) for part in reached.saved)

    @property
    def footprint(self) -> Footprint:
        """How many bytes of arrays were copied or referenced."""
        return footprint_of(self.contents().values())

    def contents(self) -> dict[int, SavedContents]:
        """What may be large, by the identity of the array or storage."""
        return {
            id(reached.value): part
            for reached in self.reached
            for part in contents_of(reached.saved)
        }

    def changes(self) -> list[Reached]:
        """The objects whose own state differs from what was saved."""
        return [reached for reached in self.reached if any(p.changed() for p in reached.saved)]

    def copy_what_was_written(self, earlier: Snapshot) -> None:
        """Copy the arrays that have been written to since an earlier snapshot was taken.

        They will be written to again when that one is restored. It has copies of them, made
        at the first write.
        """
        written = earlier.contents()
        for identity, part in self.contents().items():
            if identity in written and written[identity].has_copy:
                part.copy_now()

    def draws_random_numbers(self) -> bool:
        """Whether a random generator, global or one that was reached, has advanced since then."""
        return any(
            framework.uses_randomness([*saved, *self.saved_by(framework)])
            for framework, saved in self.ambient
        )

    def saved_by(self, framework: Framework) -> list[Saved]:
        """What one framework saved."""
        return [p for reached in self.reached if reached.owner is framework for p in reached.saved]

    @contextmanager
    def copying_first_writes(self) -> Iterator[None]:
        """While active, what was saved by reference is copied just before its first write."""
        with ExitStack() as stack:
            for framework in self.frameworks:
                stack.enter_context(
                    framework.first_writes(self.saved_by(framework), self.cell_text)
                )
            yield

    @contextmanager
    def in_float64(self) -> Iterator[Widen]:
        """While active, floating-point values are float64; the caller restores afterwards.

        The context's value does the same for arguments that cannot change in place.

        Raises:
            ModeUnavailable: Some value has no float64 form.
        """
        with ExitStack() as stack:
            yield _one_after_the_other(
                stack.enter_context(framework.as_float64(self.saved_by(framework)))
                for framework in self.frameworks
            )

    @contextmanager
    def nudged(self, seed: int) -> Iterator[Widen]:
        """While active, floating-point values differ in their last digits; else as above."""
        with ExitStack() as stack:
            yield _one_after_the_other(
                stack.enter_context(framework.nudged(self.saved_by(framework), seed))
                for framework in self.frameworks
            )


def _one_after_the_other(steps: Iterable[Widen]) -> Widen:
    """Each framework changes its own values and leaves the others as they are."""
    return reduce(lambda first, then: lambda value: then(first(value)), tuple(steps), _same)


def _same(value: object) -> object:
    return value


def take_snapshot(
    namespace: dict[str, object],
    names: Iterable[str],
    *,
    frameworks: Sequence[Framework] = (),
    cell_text: str = "",
    earlier: Snapshot | None = None,
    memory: Memory | None = None,
) -> Snapshot:
    """Save what a cell may change.

    Args:
        namespace: The notebook's namespace.
        names: The names that the cell reads; everything is reached from them.
        frameworks: Adapters of the frameworks that are loaded.
        cell_text: The cell, for frameworks that must know what it does (``backward()``).
        earlier: Another snapshot, whose copies of unchanged arrays serve this one as well.
        memory: Where copies go, and who is told how large they will be.

    Raises:
        StateError: Something that the cell reads cannot be put back, or does not fit into
            memory. Nothing has run.
    """
    reached = []
    for item in walk(names, namespace, frameworks):
        if item.own:
            _require_restorable(item, frameworks, cell_text)
        if item.saved:
            reached.append(item)
    ambient = tuple((framework, tuple(framework.save_ambient())) for framework in frameworks)
    snapshot = Snapshot(
        SavedNamespace(namespace), tuple(reached), ambient, tuple(frameworks), cell_text
    )
    _copy_contents(snapshot, earlier, memory or Memory())
    return snapshot


def _copy_contents(snapshot: Snapshot, earlier: Snapshot | None, memory: Memory) -> None:
    contents = snapshot.contents()
    memory.tell(footprint_of(contents.values()))
    copied = earlier.contents() if earlier else {}
    for identity in contents.keys() & copied.keys():
        contents[identity].share(copied[identity])
    memory.copy(contents.values())


def _not_put_back(path: str, error: Exception) -> StateError:
    """Say of any error in restoring which value it was."""
    told = StateError(f"{path} could not be put back: {type(error).__name__}: {error}.")
    told.__cause__ = error
    return told


def _require_restorable(item: Reached, frameworks: Sequence[Framework], cell_text: str) -> None:
    kind = one_pass(item.value)
    if kind is not None:
        raise StateError(
            f"{item.path} is {with_article(kind)}, which cannot be put back once it has been used.",
            "Make it inside the cell, or use a list.",
        )
    for framework in frameworks:
        reason = framework.limitation(item.path, item.value, cell_text)
        if reason is not None:
            raise StateError(reason)
