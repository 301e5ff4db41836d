"""Whether two outcomes of one cell agree: structure, shapes, dtypes and numbers.

An outcome is frozen first (:func:`freeze`). Numbers may differ as far as their dtype
allows. Where they differ by more, a run of the reference in float64 can referee: the other
outcome is then right if it is about as near to that as the reference itself is.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field

from dlmagic.cell.agreement import (
    NOT_COMPARED,
    Match,
    as_arrays,
    compare_arrays,
    compare_kinds,
    compare_values,
)
from dlmagic.cell.frozen import (
    Frozen,
    FrozenArray,
    FrozenContainer,
    FrozenValue,
    described,
    freeze,
)
from dlmagic.cell.tolerance import Tolerance, coarsest

__all__ = ["Agreement", "Frozen", "Tolerance", "compare", "freeze"]


@dataclass(frozen=True)
class Agreement:
    """Whether an outcome agrees with the reference.

    Attributes:
        agrees: None where it cannot be told: nothing to compare, or numbers so small that
            they may be rounding errors. A referee can tell the latter.
        reason: In the user's words: what differs, or how well they agree.
        max_error: The largest difference in any array, divided by the largest absolute value
            in the same array of both outcomes; where a referee had to decide, by that value
            or 1, whichever is larger. None where no number was compared.
    """

    agrees: bool | None
    reason: str
    max_error: float | None


def compare(
    reference: Frozen,
    other: Frozen,
    tolerance: Tolerance | None = None,
    referee: Frozen | None = None,
) -> Agreement:
    """Compare an outcome with the reference's.

    Args:
        reference: What is right by definition.
        other: The outcome in question.
        tolerance: The user's tolerances; by default those of each dtype.
        referee: The reference's outcome when computed in float64. Worth computing where a
            comparison without it does not agree.
    """
    comparison = _Comparison(tolerance or Tolerance(), coarsest(_dtypes(reference)))
    matches = list(comparison.walk("", reference, other, referee))
    return _summary(matches)


@dataclass
class _Comparison:
    """One walk over two outcomes, and over the referee's as far as it has the same parts."""

    tolerance: Tolerance
    scalar_dtype: str
    seen: set[tuple[int, int]] = field(default_factory=set)

    def walk(
        self, path: str, reference: Frozen, other: Frozen, referee: Frozen | None
    ) -> Iterator[tuple[str, Match]]:
        """Every match with the name of the value in the user's words."""
        if (id(reference), id(other)) in self.seen:
            return
        self.seen.add((id(reference), id(other)))
        reference, other = as_arrays(reference, other)
        differ = compare_kinds(reference, other)
        if differ is not None:
            yield path, differ
        elif isinstance(reference, FrozenContainer) and isinstance(other, FrozenContainer):
            yield from self._walk_items(path, reference, other, referee)
        else:
            yield path, self._compare(reference, other, referee)

    def _walk_items(
        self, path: str, reference: FrozenContainer, other: FrozenContainer, referee: Frozen | None
    ) -> Iterator[tuple[str, Match]]:
        found = dict(other.items)
        refereed = dict(referee.items) if isinstance(referee, FrozenContainer) else {}
        for suffix, item in reference.items:
            place = _place(path, suffix)
            if suffix in found:
                yield from self.walk(place, item, found.pop(suffix), refereed.get(suffix))
            else:
                yield place, Match(False, f"missing, where the reference has {described(item)}")
        for suffix, item in found.items():
            text = f"{described(item)}, where the reference has nothing"
            yield _place(path, suffix), Match(False, text)

    def _compare(self, reference: Frozen, other: Frozen, referee: Frozen | None) -> Match:
        if isinstance(reference, FrozenArray) and isinstance(other, FrozenArray):
            truth = referee if isinstance(referee, FrozenArray) else None
            allowed = self.tolerance.allowed(self._dtype(reference))
            return compare_arrays(reference, other, allowed, truth)
        if isinstance(reference, FrozenValue) and isinstance(other, FrozenValue):
            return compare_values(reference, other)
        return NOT_COMPARED

    def _dtype(self, array: FrozenArray) -> str:
        """The precision that an array was computed with.

        ``loss.item()`` is a float64 by type, and a float32 or less by what it went through.
        """
        if array.scalar and array.values.dtype.kind in "fc":
            return coarsest([array.dtype, self.scalar_dtype])
        return array.dtype


def _summary(matches: list[tuple[str, Match]]) -> Agreement:
    errors = [match.error for _, match in matches if match.error is not None]
    max_error = max(errors, default=None)
    for verdict in (False, None):
        places = [(path, found) for path, found in matches if found.agrees is verdict]
        if places:
            path, found = places[0]
            more = f" (and {len(places) - 1:,} more)" if len(places) > 1 else ""
            return Agreement(verdict, f"{path or 'the result'}: {found.text}{more}", max_error)
    if not any(match.compared for _, match in matches):
        return Agreement(None, "nothing to compare", None)
    return Agreement(True, _praise(matches, max_error), max_error)


def _praise(matches: list[tuple[str, Match]], max_error: float | None) -> str:
    if any(match.refereed for _, match in matches):
        return "differs no more than rounding explains"
    return f"within {max_error:.0e}".replace("e-0", "e-") if max_error else "identical"


def _dtypes(outcome: Frozen) -> set[str]:
    """The dtypes of the arrays in an outcome, scalars not counted."""
    dtypes: set[str] = set()
    parts, seen = [outcome], {id(outcome)}
    while parts:
        part = parts.pop()
        if isinstance(part, FrozenArray) and not part.scalar:
            dtypes.add(part.dtype)
        elif isinstance(part, FrozenContainer):
            fresh = [item for _, item in part.items if id(item) not in seen]
            seen.update(map(id, fresh))
            parts += fresh
    return dtypes


def _place(path: str, suffix: str) -> str:
    """The name of an item; the keys of the outcome itself are the user's names."""
    if not path and suffix[:2] in ("['", '["'):
        return str(ast.literal_eval(suffix[1:-1]))
    return path + suffix
