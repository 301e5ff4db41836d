"""What one run of a cell produced, and how it compares with what another run produced."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from dlmagic.cell.compare import Agreement, Frozen, Tolerance, compare, freeze
from dlmagic.cell.frozen import FrozenContainer
from dlmagic.frameworks.protocol import Framework

LAST = "the last expression"
_NOTHING_IN_COMMON = Agreement(
    None, "not compared: end each alternative with the value to compare", None
)


def frozen(values: Mapping[str, object], frameworks: Sequence[Framework]) -> FrozenContainer:
    """A detached copy of outputs, the last expression and changed state, by name."""
    copy = freeze(dict(values), frameworks)
    assert isinstance(copy, FrozenContainer)
    return copy


def frozen_names(values: Iterable[str]) -> list[str]:
    """The names of values as a frozen outcome spells them."""
    return [f"[{name!r}]" for name in values]


def equal(first: Frozen, second: Frozen) -> bool:
    """Whether two copies hold the same, to the last bit."""
    return compare(first, second, Tolerance(0.0, 0.0)).agrees is not False


def close(first: Frozen, second: Frozen) -> bool:
    """Whether two copies hold the same but for rounding."""
    return equal(first, second) or compare(first, second, Tolerance()).agrees is True


def compare_outcomes(
    reference: FrozenContainer,
    other: FrozenContainer,
    tolerance: Tolerance,
    *,
    referee: FrozenContainer | None = None,
    same_cell: bool = True,
) -> Agreement:
    """Compare everything that two runs produced.

    Args:
        reference: What the reference produced.
        other: What the other run produced.
        tolerance: How far apart numbers may be.
        referee: What the reference produces in float64.
        same_cell: Whether both ran the same code. Alternatives have names of their own: they
            are compared by the last expression, or by the names that both assign.
    """
    if same_cell:
        return compare(reference, other, tolerance, referee)
    names = _common(dict(reference.items), dict(other.items))
    if not names:
        return _NOTHING_IN_COMMON
    return compare(_only(reference, names), _only(other, names), tolerance, referee)


def _common(reference: Mapping[str, Frozen], other: Mapping[str, Frozen]) -> set[str]:
    shared = reference.keys() & other.keys()
    last = frozen_names([LAST])[0]
    return {last} if last in shared else shared


def _only(outcome: FrozenContainer, names: set[str]) -> FrozenContainer:
    return FrozenContainer(outcome.type_name, tuple(i for i in outcome.items if i[0] in names))
