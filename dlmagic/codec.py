"""Frozen dataclasses as strict JSON and back, driven by their type hints.

A field may be of type ``None``, ``bool``, ``int``, ``float``, ``str``, ``Literal[...]``,
``tuple[X, ...]``, ``tuple[X, Y]``, ``dict[str, X]``, another dataclass, or a union of these.
JSON has no word for the floats that are not numbers: they travel as the strings
``"nan"``, ``"inf"`` and ``"-inf"``. Nothing is ever executed or unpickled.
"""

from __future__ import annotations

import dataclasses
import math
import operator
import types
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

_NOT_NUMBERS = ("nan", "inf", "-inf")


class Mismatch(ValueError):  # noqa: N818 - the caller turns it into an error of its own
    """A value that does not have the type of its field; the text names the place."""


def encode(value: object, hint: Any, place: str = "value") -> Any:
    """The JSON form of a value: None, bool, int, finite float, str, list or dict.

    Args:
        value: What to write. NumPy scalars count as the numbers they are.
        hint: The type that the field declares.
        place: Where the value is, for the error's text.

    Raises:
        Mismatch: The value is not of that type.
    """
    return _walk(value, hint, place, _WRITING)


def decode(data: object, hint: Any, place: str = "value") -> Any:
    """The value of type ``hint`` whose JSON form is ``data``.

    Raises:
        Mismatch: The data are not of that type; nothing is guessed or dropped.
    """
    return _walk(data, hint, place, _READING)


@cache  # reading the hints takes much longer than writing a record
def field_hints(kind: type) -> Mapping[str, Any]:
    """The type of each field of a dataclass, in order."""
    hints = get_type_hints(kind)
    return types.MappingProxyType(
        {field.name: hints[field.name] for field in dataclasses.fields(kind)}
    )


@dataclass(frozen=True)
class _Direction:
    """What differs between writing and reading; the walk along the types is the same."""

    sequence: type[tuple[Any, ...]] | type[list[Any]]
    rebuild: Callable[[Iterable[Any]], Any]
    number: Callable[[float], float | str]
    record: Callable[[Any, Any, str], Any]


def _written_number(value: float) -> float | str:
    return value if math.isfinite(value) else str(value)


def _written_record(value: Any, kind: Any, place: str) -> dict[str, Any]:
    hints = field_hints(kind).items()
    if type(value) is not kind:
        raise _wrong(value, kind.__name__, place)
    return {name: encode(getattr(value, name), hint, f"{place}.{name}") for name, hint in hints}


def _read_record(value: Any, kind: Any, place: str) -> Any:
    if not isinstance(value, dict):
        raise _wrong(value, kind.__name__, place)
    hints = field_hints(kind)
    for name in [*value, *hints]:
        if name not in hints or name not in value:
            what = "is missing" if name in hints else "does not belong there"
            raise Mismatch(f"the field {name!r} of {place} {what}")
    return kind(**{name: decode(value[name], hints[name], f"{place}.{name}") for name in hints})


_WRITING = _Direction(tuple, list, _written_number, _written_record)
_READING = _Direction(list, tuple, float, _read_record)


def _walk(value: Any, hint: Any, place: str, direction: _Direction) -> Any:
    origin = get_origin(hint)
    if origin in (Union, types.UnionType):
        return _union(value, hint, place, direction)
    if origin is Literal:
        if not any(value == choice and type(value) is type(choice) for choice in get_args(hint)):
            raise _wrong(value, " or ".join(map(repr, get_args(hint))), place)
        return value
    if origin is tuple:
        return _tuple(value, get_args(hint), place, direction)
    if origin is dict:
        return _dict(value, get_args(hint)[1], place, direction)
    if dataclasses.is_dataclass(hint):
        return direction.record(value, hint, place)
    return _scalar(value, hint, place, direction)


def _union(value: Any, hint: Any, place: str, direction: _Direction) -> Any:
    reason: Mismatch | None = None
    for member in get_args(hint):
        if member is types.NoneType:
            if value is None:
                return None
            continue  # what another member says about the value is of more help
        try:
            return _walk(value, member, place, direction)
        except Mismatch as mismatch:
            reason = mismatch
    raise reason or _wrong(value, "None", place)


def _tuple(data: Any, items: tuple[Any, ...], place: str, direction: _Direction) -> Any:
    if not isinstance(data, direction.sequence):
        raise _wrong(data, f"a {direction.sequence.__name__}", place)
    value = tuple(data)
    hints = items[:1] * len(value) if items[1:] == (Ellipsis,) else items
    if len(hints) != len(value):
        raise Mismatch(f"{place} has {len(value)} items instead of {len(hints)}")
    pairs = enumerate(zip(value, hints, strict=True))
    return direction.rebuild(
        _walk(item, hint, f"{place}[{k}]", direction) for k, (item, hint) in pairs
    )


def _dict(value: Any, hint: Any, place: str, direction: _Direction) -> dict[str, Any]:
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise _wrong(value, "a dict with names as keys", place)
    return {key: _walk(item, hint, f"{place}[{key!r}]", direction) for key, item in value.items()}


def _scalar(value: Any, hint: Any, place: str, direction: _Direction) -> Any:
    if hint is None or hint is types.NoneType:
        if value is not None:
            raise _wrong(value, "None", place)
        return None
    if hint not in _SCALARS:
        raise TypeError(f"{place} is declared as {hint}, which cannot be saved.")
    if hint is float and direction is _READING and value in _NOT_NUMBERS:
        return float(value)
    try:
        plain = _SCALARS[hint](value)
    except (TypeError, OverflowError):
        raise _wrong(value, hint.__name__, place) from None
    return direction.number(plain) if hint is float else plain


def _boolean(value: object) -> bool:
    if type(value).__name__ not in ("bool", "bool_"):  # NumPy's own has either name
        raise TypeError
    return bool(value)


def _whole(value: Any) -> int:
    if isinstance(value, bool):
        raise TypeError
    return operator.index(value)


def _real(value: Any) -> float:
    if isinstance(value, (bool, str, bytes)) or not hasattr(value, "__float__"):
        raise TypeError
    return float(value)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return str(value)


_SCALARS: dict[Any, Callable[[Any], Any]] = {
    bool: _boolean,
    int: _whole,
    float: _real,
    str: _text,
}


def _wrong(value: object, wanted: str, place: str) -> Mismatch:
    text = repr(value)
    return Mismatch(f"{place} is {text if len(text) <= 40 else text[:37] + '...'}, not {wanted}")
