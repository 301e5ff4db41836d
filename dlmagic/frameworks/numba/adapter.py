"""numba behind the protocol of :mod:`dlmagic.frameworks.protocol`.

Reached only when the user has imported numba, or has named the mode ``njit``. The parts:

- ``compiling`` with ``arguments`` and ``helpers``: the modes;
- ``dispatchers``: what the user should know about functions that they have compiled;
- ``counting``, ``costs``: compilations; ``failure``: reasons;
- ``state`` with ``containers`` and ``jitclasses``, ``randomness``, ``threads``: what is put back;
- ``_compat``: every private name.

Arrays are NumPy's: the plain framework reads, saves and widens them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext

from dlmagic.errors import ModeError, nearest
from dlmagic.frameworks.compile_costs import CompileCosts
from dlmagic.frameworks.numba import _compat as compat
from dlmagic.frameworks.numba import compiling, failure, portable, randomness, state, threads
from dlmagic.frameworks.numba.compile_costs import COSTS
from dlmagic.frameworks.numba.counting import COMPILATIONS
from dlmagic.frameworks.plain.state import SavedState
from dlmagic.frameworks.protocol import ArrayView, CellLike, Mode, Prepared, Saved, Widen

MODES = (
    Mode("python", "the cell as it is written; jitted functions stay compiled", default=True),
    Mode("njit", "numba.njit around the cell"),
)


class NumbaFramework:
    """The adapter for numba."""

    name = "numba"
    modes: Sequence[Mode] = MODES

    def owns(self, value: object) -> bool:
        """Compiled functions, typed containers, objects of jitclasses, types."""
        return state.is_of_numba(value)

    def prepare(
        self,
        mode: str,
        cell: CellLike,
        arguments: Mapping[str, object],
        run_once: Callable[[Mapping[str, object]], object],
    ) -> Prepared:
        """See :meth:`dlmagic.frameworks.protocol.Framework.prepare`."""
        if mode == "python":
            return compiling.prepare_python(cell)
        if mode == "njit":
            return compiling.prepare_njit(cell, arguments, run_once)
        raise ModeError(
            f"numba has no mode {mode}.", nearest(mode, [known.name for known in MODES])
        )

    def synchronise(self, results: object = None) -> None:  # noqa: ARG002 - the protocol's
        """Compiled functions are done when they return; CUDA is waited for if it is in use."""
        if compat.cuda_is_in_use():
            from numba import cuda

            cuda.synchronize()

    def counting(self) -> AbstractContextManager[object]:
        """See :class:`dlmagic.frameworks.numba.counting.Compilations`."""
        return _counting()

    def portable_settings(self) -> Mapping[str, object]:
        """See :mod:`dlmagic.frameworks.numba.portable`."""
        return portable.settings()

    def take_over(self, settings: Mapping[str, object]) -> None:
        """See :mod:`dlmagic.frameworks.numba.portable`."""
        portable.take_over(settings)

    def stays_here(self, value: object) -> str | None:  # noqa: ARG002 - the protocol's
        """Nothing that pickling does not notice."""
        return None

    def settings(self) -> Mapping[str, str]:
        """See :func:`dlmagic.frameworks.numba.threads.settings`."""
        return threads.settings()

    def events(self) -> Mapping[str, int]:
        """Functions that were compiled, and those of them that had been for other types."""
        return dict(COMPILATIONS.counts)

    def compile_costs(self) -> CompileCosts:
        """See :class:`dlmagic.frameworks.numba.compile_costs.Costs`."""
        return COSTS.compile_costs()

    def explain_failure(
        self, error: BaseException, filename: str | None = None
    ) -> tuple[str, int | None] | None:
        """See :func:`dlmagic.frameworks.numba.failure.explain_failure`."""
        return failure.explain_failure(error, filename)

    def as_array(self, value: object) -> ArrayView | None:  # noqa: ARG002 - the protocol's
        """Arrays are NumPy's."""
        return None

    def comparable(self, value: object) -> object:
        """See :func:`dlmagic.frameworks.numba.state.comparable`."""
        return state.comparable(value)

    def save(self, value: object) -> Saved | None:
        """See :func:`dlmagic.frameworks.numba.state.save`."""
        return state.save(value)

    def save_ambient(self) -> Sequence[Saved]:
        """The generators of compiled code, and the number of threads."""
        return (*randomness.save_generators(), threads.save_threads())

    def first_writes(
        self,
        saved: Sequence[Saved],  # noqa: ARG002 - the protocol's
        cell_text: str,  # noqa: ARG002 - the protocol's
    ) -> AbstractContextManager[object]:
        """Nothing to do: arrays were copied when they were saved."""
        return nullcontext()

    def as_float64(
        self,
        saved: Sequence[Saved],  # noqa: ARG002 - the protocol's
    ) -> AbstractContextManager[Widen]:
        """Arrays are NumPy's: see the plain framework."""
        return nullcontext(lambda argument: argument)

    def nudged(
        self,
        saved: Sequence[Saved],  # noqa: ARG002 - the protocol's
        seed: int,  # noqa: ARG002 - the protocol's
    ) -> AbstractContextManager[Widen]:
        """Arrays are NumPy's: see the plain framework."""
        return nullcontext(lambda argument: argument)

    def uses_randomness(self, before: Sequence[Saved]) -> bool:
        """Whether a generator of compiled code has advanced."""
        return any(isinstance(item, SavedState) and item.drawn() for item in before)

    def limitation(self, name: str, value: object, cell_text: str) -> str | None:  # noqa: ARG002
        """See :func:`dlmagic.frameworks.numba.state.limitation`."""
        return state.limitation(name, value)


@contextmanager
def _counting() -> Iterator[None]:
    with COMPILATIONS.listening(), COSTS.listening():
        yield
