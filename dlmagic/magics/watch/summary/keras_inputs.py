"""What a model of Keras is called with: from values of the user's, from shapes, or its own."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from dlmagic.errors import InputError, OptionError
from dlmagic.magics.watch.summary.keras_calls import arrays_in, spec_of
from dlmagic.magics.watch.summary.result import ArraySpec
from dlmagic.magics.watch.summary.shapes import Shape

_POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


@dataclass(frozen=True)
class Arguments:
    """What a model is called with.

    Attributes:
        positional: Arguments in order.
        notes: What the user should know of how they came to be.
        real: Whether the numbers are the user's.
    """

    positional: tuple[Any, ...]
    notes: tuple[str, ...] = ()
    real: bool = False

    @property
    def specs(self) -> tuple[ArraySpec, ...]:
        """Shapes and types of their arrays."""
        return tuple(map(spec_of, arrays_in(self.positional)))


def from_value(model: Any, value: Any) -> Arguments:
    """Arguments of a value: an array, a list or dictionary of them, a tuple, or a data set."""
    notes: tuple[str, ...] = ()
    if not hasattr(value, "shape") and hasattr(value, "element_spec"):  # a tf.data.Dataset
        value = _first_batch(value)
        notes = ("The input is the first batch of the data set.",)
    if not arrays_in(value):
        raise InputError(
            f"The input is of type {type(value).__name__}, and holds no array.",
            "Give an array, several in a list, or a shape such as 32,784.",
        )
    if type(value) is not tuple:
        return Arguments((value,), notes, real=True)
    most = _most_arguments(model)
    if 0 < most < len(value):
        taken = "the first of them" if most == 1 else f"the first {most} of them"
        notes = (*notes, f"The input has {len(value)} items; the model takes {taken}.")
        value = value[:most]
    return Arguments(_together(model, value), notes, real=True)


def _first_batch(data: Any) -> object:
    for batch in data:
        return batch
    raise InputError("The data set has no batch.", "Is it empty?")


def _most_arguments(model: Any) -> int:
    """How many arrays the model takes; 0 for any number."""
    if inputs_of(model):
        return len(inputs_of(model))
    parameters = inspect.signature(model.call).parameters.values()
    if any(each.kind is inspect.Parameter.VAR_POSITIONAL for each in parameters):
        return 0
    names = [each.name for each in parameters if each.kind in _POSITIONAL]
    return sum(name not in ("training", "mask") for name in names)


def _together(model: Any, arrays: tuple[Any, ...]) -> tuple[Any, ...]:
    """Models made of symbolic inputs take several in one list."""
    return (list(arrays),) if len(inputs_of(model)) > 1 else arrays


def inputs_of(model: Any) -> list[Any]:
    """The symbolic inputs that a model was made or built with; empty for a subclass."""
    try:
        return list(getattr(model, "inputs", None) or [])
    except (ValueError, AttributeError):
        return []


def from_shapes(model: Any, shapes: tuple[Shape, ...], dtypes: tuple[str, ...]) -> Arguments:
    """Zeros of these shapes."""
    if len(dtypes) not in (0, 1, len(shapes)):
        raise OptionError(
            f"--dtype names {len(dtypes)} types for {len(shapes)} inputs.", "Name one for each."
        )
    known = [str(each.dtype) for each in inputs_of(model)]
    own = known if len(known) == len(shapes) else [keras.config.floatx()] * len(shapes)
    types = dtypes if len(dtypes) == len(shapes) else dtypes * len(shapes) or tuple(own)
    zeros = tuple(_zeros(shape, dtype) for shape, dtype in zip(shapes, types, strict=True))
    return Arguments(_together(model, zeros))


def _zeros(shape: Shape, dtype: str) -> Any:
    try:
        return keras.ops.zeros(shape, dtype=np.dtype(dtype).name if dtype != "bfloat16" else dtype)
    except (TypeError, ValueError):
        raise OptionError(f"Keras has no type {dtype}.") from None


def built_with(model: Any) -> Arguments | None:
    """One sample of what the model was made for; None where an axis is open."""
    shapes = [tuple(each.shape) for each in inputs_of(model)]
    if not shapes or any(None in shape[1:] for shape in shapes):
        return None
    ones = tuple((shape[0] or 1, *shape[1:]) for shape in shapes)
    made = from_shapes(model, ones, ())
    note = "No input was given: figures are for one sample; a shape gives those of a batch."
    return Arguments(made.positional, (note,))
