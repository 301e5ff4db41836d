"""Scores, probabilities and their logarithms: what a tensor holds, by the way it was made."""

from __future__ import annotations

from dlmagic.frameworks.operations import Operation, Seen
from dlmagic.magics.tensors.silent.ancestry import SAME_NUMBERS, maker_through, plain

SOFTMAX, SIGMOID = "softmax", "sigmoid"
_FUNCTIONS = {
    "softmax": SOFTMAX,
    "special_softmax": SOFTMAX,
    "gumbel_softmax": SOFTMAX,
    "log_softmax": "log_softmax",
    "special_log_softmax": "log_softmax",
    "sigmoid": SIGMOID,
    "special_expit": SIGMOID,
    "expit": SIGMOID,
}
_STILL_PROBABILITIES = SAME_NUMBERS | {
    *("clamp", "clamp_min", "clamp_max", "clip", "add", "mean", "nan_to_num"),
}
_DIVISIONS = frozenset({"div", "truediv", "true_divide", "divide"})


def function_behind(seen: Seen) -> Operation | None:
    """The operation whose numbers a tensor holds, perhaps kept off zero or averaged."""
    return maker_through(seen, _STILL_PROBABILITIES)


def function_of(operation: Operation | None) -> str:
    """``softmax``, ``log_softmax`` or ``sigmoid``, also one by hand; empty for others."""
    if operation is None:
        return ""
    name = plain(operation.name)
    if name in _DIVISIONS and _is_softmax_by_hand(operation):
        return SOFTMAX
    if name in ("rdiv", "rtruediv", "reciprocal") and _is_sigmoid_by_hand(operation):
        return SIGMOID
    return _FUNCTIONS.get(name, "")


def axis_of(operation: Operation) -> int | None:
    """Along which axis a softmax goes; None where that cannot be told."""
    if plain(operation.name) in _DIVISIONS:
        (operation,) = (each.maker for each in operation.inputs[1:2] if each.maker is not None)
    shape = operation.inputs[0].shape
    given = operation.arguments[1] if len(operation.arguments) > 1 else None
    axis = operation.options.get("dim", given)
    if axis is None and function_of(operation):
        axis = 0 if len(shape) in (0, 1, 3) else 1  # what PyTorch takes, with a warning
    if not isinstance(axis, int) or not -len(shape) <= axis < len(shape):
        return None
    return axis % len(shape)


def is_over_one(operation: Operation) -> bool:
    """Whether a softmax of several numbers goes along an axis of one element."""
    if function_of(operation) not in (SOFTMAX, "log_softmax"):
        return False
    axis, shape = axis_of(operation), operation.inputs[0].shape
    return axis is not None and shape[axis] == 1 and any(each > 1 for each in shape)


def classes(seen: Seen) -> int:
    """How many classes a loss takes the scores of, by their shape."""
    return seen.shape[1] if len(seen.shape) > 1 else seen.shape[0] if seen.shape else 1


def _is_softmax_by_hand(division: Operation) -> bool:
    """Exponentials divided by their sum."""
    if len(division.inputs) < 2:
        return False
    numerator, total = division.inputs[:2]
    if numerator.maker is None or plain(numerator.maker.name) != "exp" or total.maker is None:
        return False
    summed = total.maker.inputs[:1]
    return plain(total.maker.name) == "sum" and summed[:1] == (numerator,)


def _is_sigmoid_by_hand(division: Operation) -> bool:
    """One divided by one more than an exponential."""
    below = division.inputs[0].maker if division.inputs else None
    if below is None or plain(below.name) not in ("add", "radd") or len(below.inputs) != 1:
        return False
    maker = below.inputs[0].maker
    return maker is not None and plain(maker.name) == "exp"
