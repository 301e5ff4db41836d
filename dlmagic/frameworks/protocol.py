"""What every framework tells dlmagic: its values, its modes, its state, its counters.

One adapter per framework stands behind this protocol. Adapters are found through
``sys.modules`` (see :mod:`dlmagic.frameworks.registry`), so a framework that the
user has not imported is never imported for them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from types import FunctionType
from typing import Any, Protocol, runtime_checkable

import numpy.typing as npt

from dlmagic.finding import Finding
from dlmagic.frameworks.compile_costs import CompileCosts


@dataclass(frozen=True)
class Mode:
    """One way to execute a cell.

    Attributes:
        name: What the user types, such as ``"compile:max-autotune"``.
        summary: What it does, a few words for ``--help``.
        default: Whether it runs when no modes are named.
    """

    name: str
    summary: str
    default: bool = False


@dataclass(frozen=True)
class ArrayView:
    """A framework's array as NumPy sees it, for comparison.

    Attributes:
        dtype: The framework's name without its prefix, such as ``"bfloat16"``.
        shape: Number of elements per axis.
        device: Such as ``"cpu"`` or ``"cuda:0"``.
        values: The numbers, in the nearest NumPy type that holds them all. It may share
            memory with the original: whoever keeps it copies it.
    """

    dtype: str
    shape: tuple[int, ...]
    device: str
    values: npt.NDArray[Any]


class Saved(Protocol):
    """One object's state at the time of the snapshot; the object itself stays the same one."""

    def changed(self) -> bool:
        """Whether the object may differ from what was saved; never False for one that does."""

    def restore(self) -> None:
        """Put the saved state back, in place: same object, same storage.

        Call it without asking :meth:`changed` first: it skips by itself what needs no copy.

        Raises:
            StateError: The object was changed in a way that cannot be undone.
        """

    def children(self) -> Iterable[tuple[str, object]]:
        """Objects that belong to this one, with the suffix that names them (``".grad"``)."""


class SavedNothing:
    """An object without state of its own, or whose inside is its framework's own affair.

    Such as a graph, a compiled function, an immutable array.

    Args:
        inside: What is looked at all the same, as if it stood there: the user's function
            behind a compiled one.
    """

    inside: tuple[object, ...] = ()

    def __init__(self, *inside: object) -> None:
        self.inside = inside

    def changed(self) -> bool:
        """Never."""
        return False

    def restore(self) -> None:
        """Nothing to put back."""

    def children(self) -> Iterable[tuple[str, object]]:
        """What is looked at all the same."""
        return [("", item) for item in self.inside if item is not None]


Widen = Callable[[object], object]
"""Gives an argument of a cell in a form that could not be put in place of it: immutable ones."""


class SavedContents:
    """The part of a :class:`Saved` that holds what may be large: the bytes of an array.

    Attributes:
        size: How many bytes.
        ahead: Whether they must be copied before the cell runs, since nobody tells when they
            are first written to.
    """

    size: int = 0
    ahead: bool = False

    @property
    def has_copy(self) -> bool:
        """Whether they have been copied."""
        raise NotImplementedError

    def copy_now(self) -> None:
        """Copy them, unless that has been done."""
        raise NotImplementedError

    def share(self, earlier: SavedContents) -> None:
        """Use the copy of an earlier snapshot of the same array, if it still says the same."""


class CellLike(Protocol):
    """The part of a compiled cell that a mode needs."""

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names that the cell reads before it writes them."""

    @property
    def outputs(self) -> tuple[str, ...]:
        """The names that it writes."""

    @property
    def reads(self) -> tuple[str, ...]:
        """Every name that it reads: as a parameter, or as a global of functions it calls."""

    @property
    def namespace(self) -> dict[str, object]:
        """The notebook's globals."""

    @property
    def function(self) -> Callable[..., tuple[object, ...]]:
        """Takes the parameters' values, returns one value per output and the last one."""

    def with_source(self) -> FunctionType:
        """The same function, whose source text tools can read."""

    def for_compiler(
        self, outputs: Collection[str], constants: Collection[str], namespace: dict[str, object]
    ) -> FunctionType:
        """The same function with other globals, where every value has a type."""


@dataclass(frozen=True)
class Prepared:
    """A cell made ready to run in one mode.

    Attributes:
        function: Takes the cell's parameters in order, returns the tuple of its outputs and
            last value, as the cell's own function does.
        replacements: Other values for some parameters, such as a traced module for ``model``.
        findings: What the user should know, such as what runs eagerly all the same.
        active: A context in which every call of this mode happens; it undoes what it does.
        repeatable: Whether to prepare and call the cell once more, from a fresh copy of its
            code, compiles all of it anew, and leaves what was prepared before as it is.
    """

    function: Callable[..., tuple[object, ...]]
    replacements: Mapping[str, object] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    active: Callable[[], AbstractContextManager[object]] = nullcontext
    repeatable: bool = False


@runtime_checkable
class Repeats(Protocol):
    """A framework that can draw the same numbers in every run though nobody set a seed."""

    def repeating(self, attributes: Collection[str]) -> AbstractContextManager[object]:
        """While active, runs from one state draw alike; entered before any state is saved.

        Args:
            attributes: Names of attributes in the cell's code, such as ``fit``.
        """


@runtime_checkable
class Portable(Protocol):
    """A framework whose cells can run in another process, set as this one is."""

    def portable_settings(self) -> Mapping[str, object]:
        """What decides how it computes, by name; values that can be pickled."""

    def take_over(self, settings: Mapping[str, object]) -> None:
        """Set what differs from the settings of another process.

        What cannot be set any more stays as it is: :meth:`Framework.settings` tells it.
        """

    def stays_here(self, value: object) -> str | None:
        """What a value is that loses its meaning on the way though it can be pickled, or None."""


NUDGE = 4
"""How many rounding errors a value moves by, at most, in :meth:`Framework.nudged`."""


class Framework(Protocol):
    """One framework, behind the same words as every other."""

    name: str
    modes: Sequence[Mode]
    """The reference mode first."""

    def owns(self, value: object) -> bool:
        """Whether the value is this framework's: a tensor, a module, an optimiser."""

    def prepare(
        self,
        mode: str,
        cell: CellLike,
        arguments: Mapping[str, object],
        run_once: Callable[[Mapping[str, object]], object],
    ) -> Prepared:
        """Make the cell ready to run in a mode; compiling may wait until the first call.

        State that the cell uses may be changed meanwhile (a traced module runs once): the
        caller restores its snapshot afterwards.

        Args:
            mode: The name of one of :attr:`modes`.
            cell: The compiled cell.
            arguments: The values of its parameters, by name.
            run_once: Runs the cell once as the reference does, with other values for the
                parameters named in its argument, and puts all state back; for adapters that
                must see which modules and functions the cell calls, and with what.

        Raises:
            ModeUnavailable: The mode cannot run here (no GPU, no compiler) or has nothing to
                do in this cell; the reason is for the user.
        """

    def synchronise(self, results: object = None) -> None:
        """Wait until the devices of this framework have done all that was asked of them.

        Args:
            results: What the last call returned, for frameworks that wait for values.
        """

    def counting(self) -> AbstractContextManager[object]:
        """While active, :meth:`events` counts; afterwards no listener is left behind."""

    def settings(self) -> Mapping[str, str]:
        """Global settings that decide about speed or precision, by the framework's own names."""

    def events(self) -> Mapping[str, int]:
        """Ever-growing counts of what must not happen while measuring.

        Keys are plain words: ``"compile"``, ``"recompile"``, ``"graph break"``,
        ``"fallback to eager"``.
        """

    def compile_costs(self) -> CompileCosts:
        """What compiling has cost so far, as far as the framework tells; only while counting."""

    def explain_failure(
        self, error: BaseException, filename: str | None = None
    ) -> tuple[str, int | None] | None:
        """The reason of a failed mode in one sentence, with the cell's line if it is known.

        Args:
            error: What the mode raised.
            filename: The cell's file name in tracebacks; without it the line stays unknown.

        Returns:
            None where the framework knows no better reason than the error's own text.
        """

    def as_array(self, value: object) -> ArrayView | None:
        """The value as an array, or None if it is none."""

    def comparable(self, value: object) -> object:
        """What stands for a value when answers are compared: containers, arrays, numbers.

        Such as the recorded losses of a training run. The value itself where it is one of
        these, or where there is no better form.
        """

    def save(self, value: object) -> Saved | None:
        """The state of one value, or None where the general walk over attributes does it."""

    def save_ambient(self) -> Sequence[Saved]:
        """The framework's global state: random generators, default dtype, threads, flags."""

    def first_writes(
        self, saved: Sequence[Saved], cell_text: str
    ) -> AbstractContextManager[object]:
        """While active, copy what was saved by reference just before it is first written to.

        Args:
            saved: Everything of one snapshot, so that views of one storage find each other.
            cell_text: The cell that is about to run.
        """

    def as_float64(self, saved: Sequence[Saved]) -> AbstractContextManager[Widen]:
        """While active, the saved floating-point values are float64, and so are new ones.

        The more exact run that decides whether a difference between two modes is an error.
        The caller restores the snapshot afterwards. The context's value does the same for
        arguments that cannot change in place.

        Raises:
            ModeUnavailable: The framework, or one of the values, cannot be float64.
        """

    def nudged(self, saved: Sequence[Saved], seed: int) -> AbstractContextManager[Widen]:
        """While active, the saved floating-point values differ in their last digits.

        The referee where there is no float64: how far a few rounding errors in the inputs
        carry is how far two right modes may lie apart. Relative change: at most
        :data:`NUDGE` units of the type's rounding error. The caller restores the snapshot.
        """

    def uses_randomness(self, before: Sequence[Saved]) -> bool:
        """Whether a random generator of this framework has advanced since ``save_ambient``."""

    def limitation(self, name: str, value: object, cell_text: str) -> str | None:
        """Why the named value cannot be put back after the cell ran, in one sentence, or None.

        For example a tensor whose graph the cell's ``backward()`` would free.
        """
