"""Which of numba's objects have a state, and which cannot be put back."""

from __future__ import annotations

from dlmagic.frameworks.numba import _compat as compat
from dlmagic.frameworks.numba.containers import in_python, save_container
from dlmagic.frameworks.numba.jitclasses import SavedFields, read_fields
from dlmagic.frameworks.protocol import Saved, SavedNothing

_CONTAINERS = ("numba.typed.typedlist", "numba.typed.typeddict")


def save(value: object) -> Saved | None:
    """Typed containers and objects of jitclasses; numba's other objects have nothing to restore.

    A compiled function must not forget what it was compiled for, so it is not looked into.
    """
    if not is_of_numba(value):
        return None
    if compat.is_jitclass_instance(value):
        fields = read_fields(value)
        return SavedNothing() if fields is None else SavedFields(value, fields)
    if type(value).__module__ in _CONTAINERS:
        return save_container(value)
    return SavedNothing()


def is_of_numba(value: object) -> bool:
    """Whether the class of a value, or the value as a class, is numba's."""
    owner = value if isinstance(value, type) else type(value)
    roots = {str(kind.__module__).partition(".")[0] for kind in (owner, type(owner))}
    return "numba" in roots


def comparable(value: object) -> object:
    """The contents of a typed container, the fields of an object; other values as they are."""
    if isinstance(value, type) or not is_of_numba(value):
        return value
    if compat.is_jitclass_instance(value):
        fields = read_fields(value)
        return value if fields is None else fields
    return in_python(value) if type(value).__module__ in _CONTAINERS else value


def limitation(name: str, value: object) -> str | None:
    """Why a value cannot be put back, or None."""
    if isinstance(value, type):
        return None
    if type(value).__module__.startswith("numba.cuda") and hasattr(value, "copy_to_host"):
        return f"{name} is an array of numba.cuda, which cannot be put back."
    if compat.is_jitclass_instance(value) and read_fields(value) is None:
        return f"{name} is a jitclass object with fields that Python cannot read."
    return None
