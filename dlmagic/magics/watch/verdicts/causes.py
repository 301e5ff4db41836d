"""Why an operation makes NaN or Inf, and what to write instead."""

from __future__ import annotations

from dataclasses import dataclass

from dlmagic.magics.watch.sample_result import Culprit


@dataclass(frozen=True)
class Cause:
    """A likely reason.

    Attributes:
        why: Half a sentence, after "likely because".
        advice: What to try, with placeholders for names of the framework.
    """

    why: str
    advice: str


_ALL_MASKED = Cause(
    "a row is masked as a whole: the softmax of nothing but -inf is NaN",
    "Leave at least one position of each row unmasked, or use a large negative number in place "
    "of -inf.",
)
_NORMALISED = Cause(
    "values that are all the same are divided by their standard deviation, which is zero, or that "
    "deviation overflowed",
    "Add a small number (eps) under the root or to the divisor, and look at the size of the "
    "inputs.",
)
_CAUSES: dict[str, Cause] = {
    "log": Cause(
        "the logarithm of zero is -inf, and of a negative number NaN",
        "Clamp what goes in, as in {log}, or use log_softmax or {log_sigmoid}.",
    ),
    "sqrt": Cause(
        "the root of a negative number is NaN, and its slope at zero is infinite",
        "Add a small number under the root, as in {root}.",
    ),
    "norm": Cause(
        "a norm has no slope where all values are zero",
        "Add a small number under the root, or use {normalised}.",
    ),
    "std": Cause(
        "a standard deviation has no slope where all values are the same, and is NaN of one value",
        "Take the variance plus a small number, and then its root.",
    ),
    "div": Cause(
        "something is divided by zero",
        "Add a small number to the divisor, or clamp it from below.",
    ),
    "exp": Cause(
        "the exponential overflows: beyond 88 in float32, beyond 11 in float16",
        "Subtract the largest value before, or use logsumexp, softplus or sigmoid.",
    ),
    "pow": Cause(
        "a power overflows, or has no value or slope at zero or below it",
        "Clamp what goes in, as in {power}.",
    ),
    "acos": Cause(
        "the slope at -1 and 1 is infinite",
        "Clamp what goes in, as in {between}.",
    ),
    "softmax": _ALL_MASKED,
    "attention": _ALL_MASKED,
    "norm_layer": _NORMALISED,
    "entropy": Cause(
        "a label has the probability zero, or the average is over no label at all",
        "Give the loss {scores}, and see that not all labels are ignored.",
    ),
    "mean": Cause(
        "the average is over no value at all",
        "Leave out what is empty, or divide by max(count, 1).",
    ),
}
_WORDS: tuple[tuple[str, str], ...] = (
    ("softmax", "softmax"),
    ("attention", "attention"),
    ("transformer", "attention"),
    ("entropy", "entropy"),
    ("nll", "entropy"),
    ("layer_norm", "norm_layer"),
    ("batch_norm", "norm_layer"),
    ("group_norm", "norm_layer"),
    ("instance_norm", "norm_layer"),
    ("rms_norm", "norm_layer"),
    ("layernorm", "norm_layer"),
    ("batchnorm", "norm_layer"),
    ("groupnorm", "norm_layer"),
    ("logsigmoid", "exp"),
    ("log", "log"),
    ("rsqrt", "sqrt"),
    ("sqrt", "sqrt"),
    ("norm", "norm"),
    ("cdist", "norm"),
    ("std", "std"),
    ("div", "div"),
    ("reciprocal", "div"),
    ("exp", "exp"),
    ("cosh", "exp"),
    ("sinh", "exp"),
    ("pow", "pow"),
    ("acos", "acos"),
    ("asin", "acos"),
    ("mean", "mean"),
)
_HALF = Cause(
    "float16 ends at 65,504",
    "Use bfloat16, or keep this layer in float32 as in {in_float32}.",
)
_OVERFLOW = Cause(
    "its inputs are so large that the result overflows",
    "Look at the layers before it: normalise, clip gradients, or take a smaller learning rate.",
)
_LARGE = 1e18
"""Products of two such numbers overflow in float32."""


def cause_of(culprit: Culprit) -> Cause | None:
    """The likely cause; None where nothing is known of the operation."""
    if culprit.dtype in ("float16", "half") and "Inf" in culprit.what:
        return _HALF
    for text in (culprit.operation.lower(), culprit.kind.lower()):
        found = next((name for word, name in _WORDS if word in text), None)
        if found is not None:
            return _CAUSES[found]
    low, high = culprit.inputs or (0.0, 0.0)
    return _OVERFLOW if max(abs(low), abs(high)) > _LARGE else None
