"""The state that a run changed, as values to compare: arrays, gradients, the user's objects."""

from __future__ import annotations

import re
from collections.abc import Iterable

from dlmagic.cell.reach import Reached
from dlmagic.cell.saved_names import slots_of

_COMPILED = "_is_torch_compile"
"""A mark of PyTorch on a module that was compiled, which within a graph is not made."""

_PARTS_OF_MODULE = re.compile(r"\._(?:modules|parameters|buffers)\['([^']*)'\]")


def state_of(items: Iterable[Reached]) -> dict[str, object]:
    """The present values of what a cell reaches, by the path that a user would write.

    What belongs to an array now, such as its gradient, goes before what was found there when
    the state was saved.
    """
    found: dict[str, object] = {}
    belonging: dict[str, object] = {}
    for item in items:
        found.update(_values_of(item))
        belonging.update(_parts_of(item))
    return {_as_written(path): value for path, value in (found | belonging).items()}


def _values_of(item: Reached) -> dict[str, object]:
    if item.owner is not None:
        return {item.path: item.value} if item.owner.as_array(item.value) else {}
    if not item.own:
        return {}
    if isinstance(item.value, list | dict | set):
        return {item.path: item.value}
    return _plain_attributes(item)


def _parts_of(item: Reached) -> dict[str, object]:
    """Arrays that belong to an array, such as its gradient."""
    if item.owner is None or item.owner.as_array(item.value) is None:
        return {}  # what belongs to a layer is reached by itself
    saved = item.owner.save(item.value)
    if saved is None:
        return {}
    children = ((item.path + suffix, part) for suffix, part in saved.children())
    return {path: part for path, part in children if item.owner.as_array(part)}


def _plain_attributes(item: Reached) -> dict[str, object]:
    """Numbers and texts among the attributes, in slots too.

    Those of a class go by its name: a field's default is not the field of an object.
    """
    owner = item.value.__name__ if isinstance(item.value, type) else item.path
    names = slots_of(item.value)
    in_slots = {name: getattr(item.value, name) for name in names()} if names else {}
    attributes = getattr(item.value, "__dict__", {}) | in_slots
    return {
        f"{owner}.{name}": value
        for name, value in attributes.items()
        if isinstance(value, bool | int | float | complex | str) and not _is_of_others(name)
    }


def _is_of_others(name: str) -> bool:
    """Whether Python itself sets an attribute, such as ``__module__``, or PyTorch."""
    return name == _COMPILED or (name.startswith("__") and name.endswith("__"))


def _as_written(path: str) -> str:
    """``model.fc1.weight`` and ``model[0].weight`` for what modules keep in dictionaries."""
    return _PARTS_OF_MODULE.sub(lambda m: f"[{m[1]}]" if m[1].isdigit() else f".{m[1]}", path)
