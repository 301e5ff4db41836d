"""How each of JAX's modes prepares a cell."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from dlmagic.frameworks.jax import donation
from dlmagic.frameworks.jax.program import Program
from dlmagic.frameworks.protocol import CellLike, Framework, Prepared


def prepare_eager(cell: CellLike, run: Callable[[], object]) -> Prepared:
    """The cell as it is; functions that the user jitted stay so.

    Args:
        cell: The compiled cell.
        run: Runs it once and puts all state back.
    """
    return donation.with_fresh_copies(Prepared(cell.function), donation.taken_by(run))


def prepare_jit(
    cell: CellLike,
    arguments: Mapping[str, object],
    run: Callable[[], object],
    framework: Framework,
) -> Prepared:
    """The cell through ``jax.jit``; traced at once, and compiled at the first call.

    Raises:
        ChangedWhileTracedError: The cell changes a value in place.
        Exception: What JAX raises where the cell cannot be traced.
    """
    return prepare_program(cell, arguments, run, framework)[0]


def prepare_program(
    cell: CellLike,
    arguments: Mapping[str, object],
    run: Callable[[], object],
    framework: Framework,
) -> tuple[Prepared, Program]:
    """The same, with the program itself, to be looked at."""
    taken = donation.taken_by(run)
    program = Program(cell, arguments, framework)
    prepared = Prepared(program, findings=program.trace(), repeatable=True)
    return donation.with_fresh_copies(prepared, taken), program
