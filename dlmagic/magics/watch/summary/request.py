"""What the user asks of ``%summary``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from dlmagic.errors import OptionError

ABSENT = object()
"""Stands for an input that was not given; None may be one."""


@dataclass(frozen=True)
class Request:
    """One look at a model.

    Attributes:
        model: The model.
        name: What the user calls it.
        value: The input, or shapes of one; :data:`ABSENT` where none is given.
        depth: How deep the table goes; None leaves it to the view.
        dtypes: Types for inputs that are given as shapes.
        time: Whether to measure times where there is a real input.
        namespace: The user's names, from which everything is put back.
        names: Those of them that the model and the input are made of.
    """

    model: object
    name: str = ""
    value: object = ABSENT
    depth: int | None = None
    dtypes: tuple[str, ...] = ()
    time: bool = True
    namespace: Mapping[str, object] = field(default_factory=dict)
    names: tuple[str, ...] = ()


def checked_depth(depth: object) -> int | None:
    """The depth as a number.

    Raises:
        OptionError: It is none above 0.
    """
    if depth is None:
        return None
    text = str(depth)
    if isinstance(depth, bool) or not text.isdecimal() or int(text) < 1:
        raise OptionError(f"The depth is a whole number above 0, not {depth!r}.")
    return int(text)
