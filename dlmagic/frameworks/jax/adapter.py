"""JAX behind the protocol of :mod:`dlmagic.frameworks.protocol`; Flax and optax with it.

Reached only when the user has imported jax.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext

import jax

from dlmagic.errors import ModeError, nearest
from dlmagic.frameworks.jax import arrays, compiling, counting, state, waiting
from dlmagic.frameworks.protocol import ArrayView, CellLike, Mode, Prepared, Saved, Widen

MODES = (
    Mode("eager", "operation by operation, as the cell is written", default=True),
    Mode("jit", "jax.jit around the cell", default=True),
)


class JaxFramework:
    """The adapter for JAX."""

    name = "jax"
    modes: Sequence[Mode] = MODES

    def owns(self, value: object) -> bool:
        """Arrays, compiled functions, modules of Flax, transformations of optax."""
        roots = {str(base.__module__).partition(".")[0] for base in type(value).__mro__}
        return isinstance(value, jax.Array) or bool(roots & {"jax", "jaxlib", "flax", "optax"})

    def prepare(
        self,
        mode: str,
        cell: CellLike,
        arguments: Mapping[str, object],
        run_once: Callable[[Mapping[str, object]], object],  # noqa: ARG002 - the protocol's
    ) -> Prepared:
        """See :meth:`dlmagic.frameworks.protocol.Framework.prepare`."""
        if mode == "eager":
            return compiling.prepare_eager(cell)
        if mode == "jit":
            return compiling.prepare_jit(cell, arguments)
        raise ModeError(f"JAX has no mode {mode}.", nearest(mode, [known.name for known in MODES]))

    def synchronise(self, results: object = None) -> None:
        """See :func:`dlmagic.frameworks.jax.waiting.synchronise`."""
        waiting.synchronise(results)

    def counting(self) -> AbstractContextManager[object]:
        """See :func:`dlmagic.frameworks.jax.counting.counting`."""
        return counting.counting()

    def settings(self) -> Mapping[str, str]:
        """Nothing yet."""
        return {}

    def events(self) -> Mapping[str, int]:
        """What was compiled."""
        return counting.events()

    def explain_failure(
        self,
        error: BaseException,
        filename: str | None = None,  # noqa: ARG002
    ) -> tuple[str, int | None] | None:
        """The error's own text."""
        return None

    def as_array(self, value: object) -> ArrayView | None:
        """See :func:`dlmagic.frameworks.jax.arrays.as_array`."""
        return arrays.as_array(value)

    def comparable(self, value: object) -> object:
        """Every value is compared as it is."""
        return value

    def save(self, value: object) -> Saved | None:
        """See :func:`dlmagic.frameworks.jax.state.save`."""
        return state.save(value)

    def save_ambient(self) -> Sequence[Saved]:
        """Nothing yet."""
        return ()

    def first_writes(
        self,
        saved: Sequence[Saved],
        cell_text: str,  # noqa: ARG002 - the protocol's
    ) -> AbstractContextManager[object]:
        """Arrays are never written to."""
        return nullcontext()

    def as_float64(self, saved: Sequence[Saved]) -> AbstractContextManager[Widen]:  # noqa: ARG002
        """Nothing yet."""
        return nullcontext(lambda argument: argument)

    def nudged(
        self,
        saved: Sequence[Saved],
        seed: int,  # noqa: ARG002 - the protocol's
    ) -> AbstractContextManager[Widen]:
        """Nothing yet."""
        return nullcontext(lambda argument: argument)

    def uses_randomness(self, before: Sequence[Saved]) -> bool:  # noqa: ARG002 - the protocol's
        """JAX has no global random generator."""
        return False

    def limitation(self, name: str, value: object, cell_text: str) -> str | None:  # noqa: ARG002
        """Nothing yet."""
        return None
