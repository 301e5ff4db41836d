"""``dlmagic.summary``: the same summary for scripts, tests and other notebooks."""

from __future__ import annotations

import inspect
from collections.abc import Mapping

from dlmagic.magics.watch.summary.engine import summarise
from dlmagic.magics.watch.summary.request import ABSENT, Request, checked_depth
from dlmagic.magics.watch.summary.result import ModelSummary


def summary(
    model: object,
    input: object = None,  # noqa: A002 - the word that the magic has
    *,
    depth: int | None = None,
    dtype: str | None = None,
    time: bool = True,
) -> ModelSummary:
    """A model of PyTorch or Keras, layer call by layer call.

    Args:
        model: The model. Nothing of it changes.
        input: What it is called with: a tensor, a tuple of arguments, a dictionary of keywords,
            a loader, or a shape such as ``(32, 784)`` or several of them. Without one,
            parameters alone are listed.
        depth: How deep the table goes; as deep as a page allows by default.
        dtype: Type of an input that is given as a shape, such as ``"int64"``; several with
            commas.
        time: Whether to measure times where there is a real input.

    Raises:
        InputError: It is no model, or it does not take the input.
    """
    outer, inner = _names_of_caller()
    known = {**outer, **inner}.items()
    name = next((n for n, value in known if value is model and n[:1] != "_"), "")
    held = tuple(n for n, value in outer.items() if value is model or value is input)
    return summarise(
        Request(
            model=model,
            name=name,
            value=ABSENT if input is None else input,
            depth=checked_depth(depth),
            dtypes=dtype_names(dtype),
            time=time,
            namespace=outer,
            names=held,
        )
    )


def dtype_names(text: str | None) -> tuple[str, ...]:
    """The types that an option names."""
    return tuple(name.strip() for name in (text or "").split(",") if name.strip())


def _names_of_caller() -> tuple[dict[str, object], Mapping[str, object]]:
    """The globals and the locals of whoever called :func:`summary`."""
    frame = inspect.currentframe()
    caller = frame.f_back.f_back if frame and frame.f_back else None
    return (caller.f_globals, caller.f_locals) if caller else ({}, {})
