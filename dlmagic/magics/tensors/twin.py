"""``dlmagic.tensors``: the same table for scripts, tests and other notebooks."""

from __future__ import annotations

import inspect
from collections.abc import Mapping

from dlmagic.magics.tensors.engine import table_of
from dlmagic.magics.tensors.request import Request
from dlmagic.magics.tensors.result import TensorTable


def tensors(
    pattern: str = "",
    *,
    namespace: Mapping[str, object] | None = None,
    sort: str = "name",
    values: bool = False,
) -> TensorTable:
    """The tensors and arrays that names lead to; only metadata are looked at.

    Args:
        pattern: Which names, such as ``"x*"``; empty for all.
        namespace: Where to look; the caller's own names by default.
        sort: ``name``, ``size``, ``shape``, ``dtype``, ``device`` or ``kind``.
        values: Whether to look at the numbers, too, which waits for the devices.

    Raises:
        InputError: No tensor's name matches the pattern.
        OptionError: There is no such order.
    """
    names = _names_of_caller() if namespace is None else namespace
    return table_of(Request(names, pattern, sort, values))


def _names_of_caller() -> dict[str, object]:
    """The globals and locals of whoever called :func:`tensors`."""
    frame = inspect.currentframe()
    caller = frame.f_back.f_back if frame and frame.f_back else None
    return {**caller.f_globals, **caller.f_locals} if caller else {}
