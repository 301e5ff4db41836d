"""What numba can take as an argument, in the user's own names.

numba itself reports a value that it cannot take by the number of the argument.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import ModuleType

import numba
import numpy as np

from dlmagic.errors import ModeUnavailable, with_article
from dlmagic.finding import Finding, Fix
from dlmagic.frameworks.numba import _compat as compat

_OTHERWISE = "Take the arrays and numbers out of it in an earlier cell."
_HINTS: dict[type, str] = {
    dict: "Use numba.typed.Dict, or take the values out of it in an earlier cell.",
    list: "Use a NumPy array, a tuple or numba.typed.List.",
    set: "Use a NumPy array, or a set whose members are of one type.",
}
_OF_SEVERAL_TYPES = "Use a tuple, or one list for each type."


def constants_among(arguments: Mapping[str, object]) -> tuple[str, ...]:
    """Parameters that compiled code reads as globals: functions, which are no data."""
    return tuple(
        name
        for name, value in arguments.items()
        if isinstance(value, ModuleType)
        or (callable(value) and not compat.is_jitclass_instance(value))
    )


def refuse_foreign(arguments: Mapping[str, object]) -> None:
    """Refuse what numba has no type for.

    Raises:
        ModeUnavailable: It names the first such parameter.
    """
    for name, value in arguments.items():
        if not _has_type(value):
            raise ModeUnavailable(f"numba cannot take {name} ({_described(value)}).", _hint(value))


def _hint(value: object) -> str:
    if isinstance(value, list) and len(set(map(type, value))) > 1:
        return _OF_SEVERAL_TYPES
    return _HINTS.get(type(value), _OTHERWISE)


def findings_about(arguments: Mapping[str, object]) -> Iterator[Finding]:
    """Lists, which are copied in and out of compiled code."""
    for name, value in arguments.items():
        if isinstance(value, list):
            yield Finding(
                "list-copied",
                "hint",
                f"{name} is a list: numba copies it into compiled code and back in every call.",
                operands=(name,),
                fix=Fix(f"Use a NumPy array or numba.typed.List({name})."),
            )


def _has_type(value: object) -> bool:
    if isinstance(value, list | set) and len(set(map(type, value))) != 1:
        return False
    if isinstance(value, list) and isinstance(value[0], list):
        return False
    if isinstance(value, np.ndarray) and value.dtype.hasobject:
        return False
    try:
        numba.typeof(value)
    except Exception:  # a ValueError, a TypeError or one of numba's own, by the value's kind
        return False
    return True


def _described(value: object) -> str:
    """A value by what numba minds about it."""
    if isinstance(value, np.ndarray):
        return f"an array of {value.dtype}"
    name = type(value).__name__
    kind = with_article(name)
    if isinstance(value, int):
        return "an integer of more than 64 bits"
    if compat.is_untyped(value):
        return f"{kind} without a type yet"
    if isinstance(value, list | set):
        kinds = sorted({type(item).__name__ for item in value})
        return f"{kind} of {' and '.join(kinds)}" if kinds else f"an empty {name}"
    return kind
