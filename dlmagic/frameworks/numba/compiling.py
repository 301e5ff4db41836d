"""How each of numba's modes prepares a cell."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from types import FunctionType, ModuleType
from typing import Any

import numba
import numpy as np
from numba.core.errors import NumbaWarning

from dlmagic.cell.build import MISSING
from dlmagic.errors import CellError, ModeUnavailable
from dlmagic.finding import Finding, Fix
from dlmagic.frameworks.numba import arguments as inputs
from dlmagic.frameworks.numba import dispatchers
from dlmagic.frameworks.numba.helpers import Twins
from dlmagic.frameworks.outside import places_outside
from dlmagic.frameworks.protocol import CellLike, Prepared

Cell = Callable[..., tuple[object, ...]]


def prepare_python(cell: CellLike) -> Prepared:
    """The cell as it is written; what the user has compiled stays compiled."""
    return Prepared(cell.function, findings=dispatchers.findings_about(cell))


def prepare_njit(
    cell: CellLike,
    arguments: Mapping[str, object],
    run_once: Callable[[Mapping[str, object]], object],
) -> Prepared:
    """The cell and the notebook's functions that it calls, compiled; at the first call.

    Raises:
        ModeUnavailable: numba compiles nothing here, or the cell cannot be a function of
            values that have a type.
    """
    if numba.config.DISABLE_JIT:
        reason = "NUMBA_DISABLE_JIT is set, so numba compiles nothing."
        raise ModeUnavailable(reason, "Unset it and restart the kernel.")
    constants = inputs.constants_among(arguments)
    data = {name: value for name, value in arguments.items() if name not in constants}
    inputs.refuse_foreign(data)
    twins = Twins(cell.reads, cell.namespace)
    function = _compiled(cell, constants, twins, run_once)
    findings = (
        *dispatchers.findings_about(cell),
        *inputs.findings_about(data),
        *_baked(cell, arguments),
    )
    return Prepared(function, dict.fromkeys(constants), findings, _quietly, repeatable=True)


def _compiled(
    cell: CellLike,
    constants: Collection[str],
    twins: Twins,
    run_once: Callable[[Mapping[str, object]], object],
) -> Cell:
    """The compiled cell. One run as it is tells which outputs have a value that can be typed."""
    returned: Any = run_once({})
    fixed = {
        position: value
        for position, value in enumerate(returned)
        if position and _has_no_type(value)
    }
    wanted = [name for position, name in enumerate(cell.outputs, 1) if position not in fixed]
    try:
        function = cell.for_compiler(wanted, constants, twins.globals)
    except CellError as error:
        raise ModeUnavailable(f"numba cannot compile this cell. {error.message}") from None
    compiled: Cell = numba.njit(function)
    return _with_the_rest(compiled, fixed) if fixed else compiled


def _has_no_type(value: object) -> bool:
    """Names that end without a value; functions and modules, which answers are not judged by."""
    return value is MISSING or isinstance(value, FunctionType | ModuleType)


def _with_the_rest(compiled: Cell, fixed: Mapping[int, object]) -> Cell:
    """The compiled cell, with what it does not return put in its place."""
    places = sorted(fixed.items())

    def cell(*values: object) -> tuple[object, ...]:
        outputs = list(compiled(*values))
        for position, value in places:
            outputs.insert(position, value)
        return tuple(outputs)

    return cell


def _baked(cell: CellLike, arguments: Mapping[str, object]) -> Iterator[Finding]:
    """Arrays that functions read as globals: numba takes them for constants."""
    places = places_outside(cell, arguments, lambda value: isinstance(value, np.ndarray))
    for name in dict.fromkeys(place.name for place in places):
        yield Finding(
            "baked-constant",
            "hint",
            f"A function reads {name} from outside, and numba compiles it in as a constant.",
            operands=(name,),
            fix=Fix(f"Pass {name} to the function as an argument."),
        )


@contextmanager
def _quietly() -> Iterator[None]:
    """While compiled code runs, and may be compiled: numba's advice stands in the findings."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NumbaWarning)
        yield
