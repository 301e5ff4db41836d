"""Questions to values whose classes may answer with an error, or not at all."""

from __future__ import annotations

from typing import Any


def own_value(error: BaseException, name: str) -> Any:
    """What Python itself keeps of an error under a name, whatever its class makes of that name."""
    return vars(BaseException)[name].__get__(error)


def said(error: BaseException) -> str:
    """What an error says; an empty text where it fails to say anything."""
    try:
        return str.__str__(str(error))  # its class may have a text of its own kind
    except Exception:
        return ""


def class_name(value: object) -> str:
    """The name of a value's class, whatever the class of that makes of it."""
    name: str = vars(type)["__name__"].__get__(type(value))
    return name


def is_a(value: object, kind: type) -> bool:
    """Like ``isinstance``, which asks a value for ``__class__``: a proxy may raise then."""
    return issubclass(type(value), kind)
