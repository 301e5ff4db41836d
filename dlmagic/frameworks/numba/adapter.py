"""numba behind the protocol of :mod:`dlmagic.frameworks.protocol`.

Reached only when the user has imported numba, or has named the mode ``njit``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext

import numba

from dlmagic.errors import ModeError, nearest
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
        """Compiled functions, typed containers, types."""
        return type(value).__module__.partition(".")[0] == "numba"

    def prepare(
        self,
        mode: str,
        cell: CellLike,
        arguments: Mapping[str, object],  # noqa: ARG002 - the protocol's
        run_once: Callable[[Mapping[str, object]], object],  # noqa: ARG002 - the protocol's
    ) -> Prepared:
        """See :meth:`dlmagic.frameworks.protocol.Framework.prepare`."""
        if mode == "python":
            return Prepared(cell.function)
        if mode == "njit":
            return Prepared(numba.njit(cell.function))
        raise ModeError(
            f"numba has no mode {mode}.", nearest(mode, [known.name for known in MODES])
        )

    def synchronise(self, results: object = None) -> None:
        """Compiled functions are done when they return."""

    def counting(self) -> AbstractContextManager[object]:
        """Nothing is counted yet."""
        return nullcontext()

    def settings(self) -> Mapping[str, str]:
        """None yet."""
        return {}

    def events(self) -> Mapping[str, int]:
        """None yet."""
        return {}

    def explain_failure(
        self,
        error: BaseException,  # noqa: ARG002 - the protocol's
        filename: str | None = None,  # noqa: ARG002 - the protocol's
    ) -> tuple[str, int | None] | None:
        """No better reason than the error's own text."""
        return None

    def as_array(self, value: object) -> ArrayView | None:  # noqa: ARG002 - the protocol's
        """Arrays are NumPy's."""
        return None

    def comparable(self, value: object) -> object:
        """Every value is compared as it is."""
        return value

    def save(self, value: object) -> Saved | None:  # noqa: ARG002 - the protocol's
        """The general walk does it."""
        return None

    def save_ambient(self) -> Sequence[Saved]:
        """No global state yet."""
        return ()

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

    def uses_randomness(self, before: Sequence[Saved]) -> bool:  # noqa: ARG002 - the protocol's
        """No generator yet."""
        return False

    def limitation(self, name: str, value: object, cell_text: str) -> str | None:  # noqa: ARG002
        """Everything can be put back."""
        return None
