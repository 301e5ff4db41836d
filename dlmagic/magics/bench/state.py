"""The state that a run changed, as values to compare: arrays, gradients, the user's objects."""

from __future__ import annotations

import re
from collections.abc import Iterable

from dlmagic.cell.reach import Reached

_PARTS_OF_MODULE = re.compile(r"\._(?:modules|parameters|buffers)\['([^']*)'\]")


def state_of(items: Iterable[Reached]) -> dict[str, object]:
    """The present values of what a cell reaches, by the path that a user would write."""
    state: dict[str, object] = {}
    for item in items:
        state.update({_as_written(path): value for path, value in _values_of(item).items()})
    return state


def _values_of(item: Reached) -> dict[str, object]:
    if item.owner is not None:
        return _arrays_of(item)
    if not item.own:
        return {}
    if isinstance(item.value, list | dict | set):
        return {item.path: item.value}
    return _plain_attributes(item)


def _arrays_of(item: Reached) -> dict[str, object]:
    """The array itself and what belongs to it, such as its gradient."""
    owner = item.owner
    assert owner is not None
    saved = owner.save(item.value)
    parts = [("", item.value), *(saved.children() if saved else ())]
    return {item.path + suffix: part for suffix, part in parts if owner.as_array(part)}


def _plain_attributes(item: Reached) -> dict[str, object]:
    attributes = getattr(item.value, "__dict__", {})
    return {
        f"{item.path}.{name}": value
        for name, value in attributes.items()
        if isinstance(value, bool | int | float | complex | str)
    }


def _as_written(path: str) -> str:
    """``model.fc1.weight`` and ``model[0].weight`` for what modules keep in dictionaries."""
    return _PARTS_OF_MODULE.sub(lambda m: f"[{m[1]}]" if m[1].isdigit() else f".{m[1]}", path)
