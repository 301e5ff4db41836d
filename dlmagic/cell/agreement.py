"""Whether two arrays, or two plain values, agree, and how to say it when they do not."""

from __future__ import annotations

import reprlib
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from dlmagic.cell.frozen import Frozen, FrozenArray, FrozenValue, described
from dlmagic.cell.numbers_apart import Apart, apart, no_worse, unequal, without_a_right_digit
from dlmagic.cell.tolerance import Allowed


@dataclass(frozen=True)
class Match:
    """What the comparison of one pair of values found.

    Attributes:
        agrees: None where nothing could be told.
        text: What differs, to follow the name of the value; empty where nothing does.
        error: The largest difference relative to the largest value, or None.
        compared: Whether there was anything to compare.
        refereed: Whether a float64 result decided.
    """

    agrees: bool | None
    text: str = ""
    error: float | None = None
    compared: bool = True
    refereed: bool = False


NOT_COMPARED = Match(True, compared=False)


def compare_kinds(reference: Frozen, other: Frozen) -> Match | None:
    """What fails where the two are not even of one kind, or None."""
    if type(reference) is not type(other) or (
        not isinstance(reference, FrozenArray) and described(reference) != described(other)
    ):
        return Match(False, f"{described(other)} instead of {described(reference)}")
    return None


def as_arrays(reference: Frozen, other: Frozen) -> tuple[Frozen, Frozen]:
    """Take a number of Python for an array without axes where the other one is such an array.

    A graph returns as a tensor what the same code returns as a number when it runs eagerly.
    Compiled code returns a number of Python where NumPy has scalars of its own.
    """
    reference, other = _as_count(reference, other), _as_count(other, reference)
    reference, other = _as_precise(reference, other), _as_precise(other, reference)
    if isinstance(other, FrozenArray) and not other.scalar:
        return _in_form_of(other, reference), other
    if isinstance(reference, FrozenArray) and not reference.scalar:
        return reference, _in_form_of(reference, other)
    return reference, other


def _in_form_of(array: FrozenArray, number: Frozen) -> Frozen:
    """The number with the array's dtype and device, if it fits; else as it is."""
    if isinstance(number, FrozenArray) and number.scalar and number.shape == array.shape == ():
        plain, fitting = number.values, "fc"
    elif (
        isinstance(number, FrozenValue) and array.shape == () and type(number.value) in (int, bool)
    ):
        plain = np.asarray(number.value)
        fitting = "b" if isinstance(number.value, bool) else "iufc"
    else:
        return number
    kind = array.values.dtype
    if kind.kind not in fitting:
        return number
    return FrozenArray(array.dtype, (), array.device, plain.astype(kind))


def _as_precise(value: Frozen, beside: Frozen) -> Frozen:
    """A scalar, or a list of them, with no more digits than the one beside it has."""
    for each in (value, beside):
        if not isinstance(each, FrozenArray) or not each.scalar:
            return value
    assert isinstance(value, FrozenArray)
    assert isinstance(beside, FrozenArray)
    kinds = value.values.dtype, beside.values.dtype
    if kinds[0].kind != kinds[1].kind or kinds[0].kind not in "fc":
        return value
    if kinds[0].itemsize <= kinds[1].itemsize:
        return value
    return replace(value, dtype=beside.dtype, values=value.values.astype(kinds[1]))


def _as_count(value: Frozen, beside: Frozen) -> Frozen:
    """A scalar integer or boolean of NumPy as one of Python, beside one of Python."""
    if not (isinstance(beside, FrozenValue) and _is_count(beside.value)):
        return value
    if not (isinstance(value, FrozenArray) and value.scalar and value.shape == ()):
        return value
    if value.values.dtype.kind not in ("b" if isinstance(beside.value, bool) else "iu"):
        return value
    return FrozenValue(beside.type_name, value.values.item())


def _is_count(value: object) -> bool:
    return type(value) in (int, bool)


def compare_values(reference: FrozenValue, other: FrozenValue) -> Match:
    """Compare what is equal or not."""
    if reference.value == other.value:
        return Match(True, error=0.0)
    return Match(False, f"{_shown(other.value)} instead of {_shown(reference.value)}")


def compare_arrays(
    reference: FrozenArray, other: FrozenArray, allowed: Allowed, referee: FrozenArray | None
) -> Match:
    """Compare shape, dtype and device, then the numbers.

    Args:
        reference: The outcome that others are compared with.
        other: The outcome in question.
        allowed: What is allowed for the reference's dtype.
        referee: The reference as float64 would have it, if that is known.
    """
    for what in ("shape", "dtype", "device"):
        wanted, found = getattr(reference, what), getattr(other, what)
        if wanted != found:
            return Match(False, f"{what} {found} instead of {wanted}")
    truth = referee.values if referee and referee.shape == reference.shape else None
    if allowed.exact:
        return _compare_exact(reference.values, other.values, truth)
    return _compare_floats(reference.values, other.values, allowed, truth)


def _compare_exact(
    reference: npt.NDArray[np.generic],
    other: npt.NDArray[np.generic],
    truth: npt.NDArray[np.generic] | None,
) -> Match:
    """Integers, booleans, strings. Near ties may tip in float32, but then as often in both."""
    count = unequal(reference, other)
    if not count:
        return Match(True, error=0.0)
    if truth is not None and unequal(truth, other) <= 2 * unequal(truth, reference):
        return Match(True, refereed=True)
    return Match(False, _difference(reference, other, count, ""))


def _compare_floats(
    reference: npt.NDArray[np.generic],
    other: npt.NDArray[np.generic],
    allowed: Allowed,
    truth: npt.NDArray[np.generic] | None,
) -> Match:
    gap = apart(reference, other, allowed)
    if gap.not_numbers:
        return Match(False, _not_numbers(reference, other, gap))
    tells = allowed.chosen or gap.largest <= allowed.telling * gap.scale
    if not gap.beyond and tells:
        return Match(True, error=gap.relative)
    if truth is not None and not allowed.chosen:
        # Beside a referee, values that are mere rounding errors count against 1.
        noise = not gap.beyond and without_a_right_digit(reference, truth)
        if noise or no_worse(reference, other, truth, allowed):
            return Match(True, error=gap.largest / max(gap.scale, 1.0), refereed=True)
    elif not gap.beyond:
        text = f"values of at most {gap.scale:.1g} differ by {gap.largest:.1g}"
        return Match(None, f"{text}, which may be rounding", gap.relative)
    limit = f", relative to the largest value {gap.relative:.1g}"
    text = _difference(reference, other, gap.beyond or gap.count, limit)
    return Match(False, text, gap.relative)


def _difference(
    reference: npt.NDArray[np.generic], other: npt.NDArray[np.generic], count: int, more: str
) -> str:
    if reference.size == 1:
        return f"{_shown(other.item())} instead of {_shown(reference.item())}"
    numbers = reference.dtype.kind in "iufc"
    most = f", by up to {_largest_gap(reference, other):.2g}" if numbers else ""
    verb = "differs" if count == 1 else "differ"
    return f"{count:,} of {reference.size:,} values {verb}{most}{more if most else ''}"


def _largest_gap(reference: npt.NDArray[np.generic], other: npt.NDArray[np.generic]) -> float:
    return apart(reference, other, Allowed(0.0, 0.0, 0.0, 0.0)).largest


def _not_numbers(
    reference: npt.NDArray[np.generic], other: npt.NDArray[np.generic], gap: Apart
) -> str:
    if gap.count == 1:
        return f"{_shown(other.item())} instead of {_shown(reference.item())}"
    verb = "is" if gap.not_numbers == 1 else "are"
    return f"{gap.not_numbers:,} of {gap.count:,} values {verb} NaN or infinite in only one of both"


def _shown(value: object) -> str:
    """A value in a few characters."""
    if isinstance(value, float):
        return f"{value:.7g}"
    if isinstance(value, int) and abs(value) > 10**20:
        return "a large integer"
    return reprlib.repr(value)
