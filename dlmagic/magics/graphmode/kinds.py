"""What a compiler compiles for: the shape and type of each argument, or its value.

Compilers that count recompilations and give no reason are helped out with what differs between
the arguments of one call and the next.
"""

from __future__ import annotations

import reprlib
from collections.abc import Mapping
from dataclasses import dataclass

from dlmagic.frameworks.captured import Recompilation


@dataclass(frozen=True)
class ValueKind:
    """What is known of a value without looking at its numbers.

    Attributes:
        shape: Elements per axis; None for what has no shape.
        dtype: Of its elements, or the value's type.
        text: A number or a text itself; empty for everything else.
    """

    shape: tuple[int, ...] | None
    dtype: str
    text: str = ""


def kind_of(value: object) -> ValueKind:
    """The kind of a value."""
    shape, dtype = getattr(value, "shape", None), getattr(value, "dtype", None)
    if dtype is not None and shape is not None:
        try:
            axes = tuple(int(axis) for axis in shape)
        except (TypeError, ValueError):  # axes that are not known
            axes = ()
        name = getattr(dtype, "name", None) or str(dtype).rpartition(".")[2]
        return ValueKind(axes, str(name))
    plain = isinstance(value, bool | int | float | str | bytes | None)
    return ValueKind(None, type(value).__name__, reprlib.repr(value) if plain else "")


def differences(
    before: Mapping[str, ValueKind], now: Mapping[str, ValueKind]
) -> list[Recompilation]:
    """Everything that differs, in words that :mod:`dlmagic.magics.graphmode.changes` reads.

    Returns:
        One for each name; a single one without a reason where nothing differs.
    """
    reasons = [
        reason
        for name, kind in now.items()
        if name in before
        for reason in _reasons(name, before[name], kind)
    ]
    return [Recompilation(reason) for reason in reasons] or [Recompilation()]


def _reasons(name: str, old: ValueKind, new: ValueKind) -> list[str]:
    found = []
    if old.dtype != new.dtype:
        found.append(f"tensor '{name}' dtype mismatch. expected {old.dtype}, actual {new.dtype}")
    if old.shape is not None and new.shape is not None:
        if len(old.shape) != len(new.shape):
            ranks = f"expected {len(old.shape)}, actual {len(new.shape)}"
            return [*found, f"tensor '{name}' rank mismatch. {ranks}"]
        for axis, (was, now) in enumerate(zip(old.shape, new.shape, strict=True)):
            if was != now:
                place = f"size mismatch at index {axis}"
                found.append(f"tensor '{name}' {place}. expected {was}, actual {now}")
    elif old.text != new.text:
        found.append(f"{name} == {old.text or old.dtype}")
    return found
