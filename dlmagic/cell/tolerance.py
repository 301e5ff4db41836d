"""How far two computations of the same numbers may lie apart."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

_EXACT = (0.0, 0.0, 0.0, 0.0)
_BY_DTYPE = {
    # dtype: relative and absolute tolerance (those of torch.testing), then, relative to the
    # largest value of the array, what cannot be rounding (the root of the type's epsilon)
    # and the error that is granted beside a float64 referee.
    "float64": (1e-7, 1e-7, 1.5e-8, 1e-8),
    "float32": (1.3e-6, 1e-5, 3.5e-4, 1e-4),
    "float16": (1e-3, 1e-5, 3.1e-2, 1e-2),
    "bfloat16": (1.6e-2, 1e-5, 8.8e-2, 3e-2),
    # One step of these types; torch.testing has no figures for them.
    "float8_e4m3fn": (0.125, 1e-2, 0.35, 0.25),
    "float8_e4m3fnuz": (0.125, 1e-2, 0.35, 0.25),
    "float8_e5m2": (0.25, 1e-2, 0.5, 0.5),
    "float8_e5m2fnuz": (0.25, 1e-2, 0.5, 0.5),
}
_SAME_AS = {
    "complex128": "float64",
    "complex64": "float32",
    "complex32": "float16",
    "longdouble": "float64",
    "float128": "float64",
    "complex256": "float64",
}
_COARSEST_LAST = tuple(_BY_DTYPE)


@dataclass(frozen=True)
class Allowed:
    """What is allowed for one array.

    Attributes:
        rtol: Relative to each value of the reference.
        atol: Absolute, beside it.
        telling: A difference below ``atol`` that exceeds this share of the array's largest
            value tells nothing: the values themselves may be rounding errors.
        floor: Granted beside a float64 referee, relative to each value.
        exact: Whether values must be equal.
        chosen: Whether the user chose the tolerances, which then decide alone.
    """

    rtol: float
    atol: float
    telling: float
    floor: float
    exact: bool = False
    chosen: bool = False


@dataclass(frozen=True)
class Tolerance:
    """Tolerances by dtype, or the user's own.

    Attributes:
        rtol: The user's relative tolerance, or None.
        atol: The user's absolute tolerance, or None.
    """

    rtol: float | None = None
    atol: float | None = None

    def allowed(self, dtype: str) -> Allowed:
        """What is allowed for a dtype; integers, booleans and strings are exact.

        Integers and booleans stay exact whatever the user chose: they count or they choose.
        """
        known = _BY_DTYPE.get(_SAME_AS.get(dtype, dtype))
        if known is None:
            return Allowed(*_EXACT, exact=True)
        rtol, atol, telling, floor = known
        if self.rtol is None and self.atol is None:
            return Allowed(rtol, atol, telling, floor)
        chosen_rtol = rtol if self.rtol is None else self.rtol
        chosen_atol = atol if self.atol is None else self.atol
        return Allowed(chosen_rtol, chosen_atol, telling, floor, chosen=True)


def coarsest(dtypes: Iterable[str], at_least: str = "float32") -> str:
    """The least precise of some dtypes, for scalars that were computed from such arrays.

    >>> coarsest(["float64", "bfloat16", "int64"])
    'bfloat16'
    """
    known = {_SAME_AS.get(dtype, dtype) for dtype in dtypes} & set(_BY_DTYPE)
    return max({at_least, *known}, key=_COARSEST_LAST.index)
