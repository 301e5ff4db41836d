"""Whether the labels that a model is trained with are those that its loss is made for."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from dlmagic.frameworks.description import told
from dlmagic.frameworks.keras.compiled import BINARY, CATEGORICAL, SPARSE, Compiled, compiled

_MOST = 10_000_000
_TOLERANCE = 1e-3
_BINARY = "Use labels 0 and 1; labels -1 and 1 are for a hinge loss."


def problem_of_labels(model: object, labels: object) -> tuple[str, str] | None:
    """What does not fit, to follow the labels' name, and what to do about it.

    None where all does, or nobody can tell.
    """
    found, numbers = compiled(model), numbers_of(labels)
    if found is None or numbers is None or numbers.size == 0:
        return None
    if found.loss == SPARSE:
        return _sparse(found, numbers)
    if found.loss in BINARY and not _within(numbers, 0, 1):
        return "holds numbers outside of 0 to 1, which a binary cross-entropy rewards", _BINARY
    if found.loss in CATEGORICAL and numbers.ndim > 1:
        return _one_hot(numbers)
    return None


def _sparse(model: Compiled, numbers: npt.NDArray[Any]) -> tuple[str, str] | None:
    if numbers.dtype.kind == "f" and (numbers != np.floor(numbers)).any():
        advice = "Use whole numbers from 0 for classes, or a loss for numbers such as mse."
        return "holds fractions, which its loss cuts off to class ids", advice
    known = numbers if model.ignored is None else numbers[numbers != model.ignored]
    if model.units and known.size and not _within(known, 0, model.units - 1):
        advice = "Count classes from 0, and give the last layer a unit for each."
        return f"holds class ids outside of 0 to {model.units - 1}", advice
    return None


def _one_hot(numbers: npt.NDArray[Any]) -> tuple[str, str] | None:
    if numbers.shape[-1] > 1 and (numbers.sum(axis=-1) > 1 + _TOLERANCE).any():
        advice = "Use a sigmoid with BinaryCrossentropy for several classes at once."
        return "holds rows with a sum above 1, and its loss expects one class for each", advice
    if not _within(numbers, 0, 1):
        return "holds numbers outside of 0 to 1", "Use rows of one-hot labels."
    return None


def _within(numbers: npt.NDArray[Any], low: float, high: float) -> bool:
    return bool(numbers.min() >= low and numbers.max() <= high)


def numbers_of(labels: object) -> npt.NDArray[Any] | None:
    """The numbers of an array, a table or a list in the memory of this machine; else None."""
    if "GPU" in str(told(lambda: labels.device)) or not _is_table(labels):  # type: ignore[attr-defined]
        return None
    found = told(lambda: np.asarray(labels))
    if found is None or found.dtype.kind not in "biuf" or found.size > _MOST:
        return None
    return found.astype(np.int8) if found.dtype.kind == "b" else found


def _is_table(labels: object) -> bool:
    return isinstance(labels, list | tuple) or hasattr(labels, "__array__")
