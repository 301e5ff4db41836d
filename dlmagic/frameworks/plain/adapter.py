"""Plain Python and NumPy behind the protocol; also the mode that fits any cell."""

from __future__ import annotations

import decimal
import gc
import os
import random
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext

import numpy as np

from dlmagic.errors import ModeError, ModeUnavailable, nearest
from dlmagic.frameworks.compile_costs import CompileCosts
from dlmagic.frameworks.plain import portable
from dlmagic.frameworks.plain.state import SavedArray, SavedState, nudge, save_numpy
from dlmagic.frameworks.protocol import (
    ArrayView,
    CellLike,
    Framework,
    Mode,
    Prepared,
    Saved,
    Widen,
)

PLAIN_MODE = "plain"
"""The cell exactly as written, whatever it computes with."""

_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
_LOW_PRECISION = frozenset({"float16", "float32", "complex64"})


class PlainFramework:
    """The adapter for cells without a framework, and for any cell as it is written.

    Args:
        beside: Frameworks that such a cell may use all the same; their devices are waited
            for, and what their compilers count is counted.
    """

    name = "python"
    modes: Sequence[Mode] = (
        Mode("python", "the cell as it is written", default=True),
        Mode(PLAIN_MODE, "the cell as it is written, whatever it computes with"),
    )

    def __init__(self, beside: Sequence[Framework] = ()) -> None:
        self._beside = tuple(beside)

    def owns(self, value: object) -> bool:
        """NumPy's arrays, scalars and random generators."""
        kinds = (np.ndarray, np.generic, np.random.Generator, np.random.RandomState)
        return isinstance(value, kinds)

    def prepare(
        self,
        mode: str,
        cell: CellLike,
        arguments: Mapping[str, object],  # noqa: ARG002 - the protocol's
        run_once: Callable[[Mapping[str, object]], object],  # noqa: ARG002 - the protocol's
    ) -> Prepared:
        """The cell's own function."""
        names = [known.name for known in self.modes]
        if mode not in names:
            raise ModeError(f"Plain Python has no mode {mode}.", nearest(mode, names))
        return Prepared(cell.function)

    def synchronise(self, results: object = None) -> None:
        """Python itself is done when it returns; a framework beside it may not be."""
        for framework in self._beside:
            framework.synchronise(results)

    @contextmanager
    def counting(self) -> Iterator[None]:
        """Let the frameworks beside count."""
        with ExitStack() as stack:
            for framework in self._beside:
                stack.enter_context(framework.counting())
            yield

    def portable_settings(self) -> Mapping[str, object]:
        """See :mod:`dlmagic.frameworks.plain.portable`."""
        return portable.settings()

    def take_over(self, settings: Mapping[str, object]) -> None:
        """See :mod:`dlmagic.frameworks.plain.portable`."""
        portable.take_over(settings)

    def stays_here(self, value: object) -> str | None:  # noqa: ARG002 - the protocol's
        """Nothing that pickling does not notice."""
        return None

    def settings(self) -> Mapping[str, str]:
        """The collector, and the threads that the environment grants to NumPy's libraries."""
        collector = "off inside blocks, on between them" if gc.isenabled() else "off"
        named = {name: os.environ[name] for name in _THREADS if os.environ.get(name)}
        return {"garbage collector": collector, **named}

    def events(self) -> Mapping[str, int]:
        """What the frameworks beside have counted."""
        total: Counter[str] = Counter()
        for framework in self._beside:
            total.update(framework.events())
        return dict(total)

    def compile_costs(self) -> CompileCosts:
        """What the frameworks beside have spent."""
        costs = (framework.compile_costs() for framework in self._beside)
        return sum(costs, start=CompileCosts())

    def explain_failure(
        self, error: BaseException, filename: str | None = None
    ) -> tuple[str, int | None] | None:
        """Python's own errors speak for themselves; one of a framework is explained by it."""
        explained = (framework.explain_failure(error, filename) for framework in self._beside)
        return next((reason for reason in explained if reason is not None), None)

    def as_array(self, value: object) -> ArrayView | None:
        """Arrays and NumPy scalars of numbers, text or time; None for arrays of objects."""
        if not isinstance(value, np.ndarray | np.generic) or value.dtype.kind not in "biufcmMSU":
            return None
        values = np.asarray(value)
        return ArrayView(str(value.dtype), values.shape, "cpu", values)

    def comparable(self, value: object) -> object:
        """Every value is compared as it is."""
        return value

    def save(self, value: object) -> Saved | None:
        """See :func:`dlmagic.frameworks.plain.state.save_numpy`."""
        return save_numpy(value)

    def save_ambient(self) -> Sequence[Saved]:
        """Random generators of Python and NumPy, error handling, Python's own settings."""
        return (
            SavedState(random.getstate, random.setstate, random=True),
            SavedState(np.random.get_state, np.random.set_state, random=True),
            SavedState(np.geterr, lambda state: np.seterr(**state)),
            SavedState(np.geterrcall, np.seterrcall),
            SavedState(np.get_printoptions, _set_print_options),
            SavedState(sys.getrecursionlimit, sys.setrecursionlimit),
            SavedState(gc.isenabled, lambda enabled: gc.enable() if enabled else gc.disable()),
            SavedState(lambda: decimal.getcontext().copy(), decimal.setcontext),
        )

    def first_writes(
        self,
        saved: Sequence[Saved],  # noqa: ARG002 - arrays tell nobody when they are written to
        cell_text: str,  # noqa: ARG002 - the protocol's
    ) -> AbstractContextManager[object]:
        """Nothing to do: arrays were copied when they were saved."""
        return nullcontext()

    def as_float64(self, saved: Sequence[Saved]) -> AbstractContextManager[Widen]:
        """Nothing to do where all arrays are exact enough already.

        Raises:
            ModeUnavailable: An array of lower precision, which cannot change its type in place.
        """
        for item in saved:
            if isinstance(item, SavedArray) and str(item.array.dtype) in _LOW_PRECISION:
                raise ModeUnavailable(
                    f"A NumPy array of {item.array.dtype} has no float64 referee."
                )
        return nullcontext(lambda argument: argument)

    @contextmanager
    def nudged(self, saved: Sequence[Saved], seed: int) -> Iterator[Widen]:
        """Move every saved floating-point array by a few rounding errors, in place."""
        numbers = np.random.default_rng(seed)
        for item in saved:
            if isinstance(item, SavedArray) and item.ahead and item.array.dtype.kind == "f":
                nudge(item.array, numbers)
        yield lambda argument: argument

    def uses_randomness(self, before: Sequence[Saved]) -> bool:
        """Whether Python's or NumPy's global generator has advanced."""
        return any(isinstance(item, SavedState) and item.drawn() for item in before)

    def limitation(self, name: str, value: object, cell_text: str) -> str | None:  # noqa: ARG002
        """Every value of NumPy can be put back."""
        return None


def _set_print_options(options: Mapping[str, object]) -> None:
    np.set_printoptions(**options)  # type: ignore[arg-type]
