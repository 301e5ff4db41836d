"""A column that meets a row, so that each element of the one meets all elements of the other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from dlmagic.frameworks.operations import Operation, Seen
from dlmagic.magics.tensors.silent.ancestry import (
    SAME_NUMBERS,
    SCALED,
    is_learned,
    maker_through,
    plain,
    results_through,
    source_through,
)

_COMPARING = frozenset(
    {
        *("eq", "ne", "lt", "le", "gt", "ge", "less", "greater", "less_equal", "greater_equal"),
        *("not_equal", "and", "or", "xor", "logical_and", "logical_or", "isclose"),
    }
)
DIFFERENCES = frozenset({"sub", "rsub", "subtract", "squared_difference"}) | _COMPARING
_PRODUCTS = frozenset(
    {"mul", "multiply", "div", "divide", "truediv", "true_divide", "pow", "maximum", "minimum"}
)
_ELEMENT_BY_ELEMENT = frozenset(
    {
        *("square", "abs", "absolute", "neg", "negative", "exp", "log", "log1p", "log2", "log10"),
        *("sqrt", "rsqrt", "cosh", "clamp", "clamp_min", "clamp_max", "clip", "relu", "softplus"),
        *("sigmoid", "logsigmoid", "tanh", "sign", "reciprocal", "add", "radd", "rmul", "rdiv"),
        *("rpow", "where", "max", "min", "invert", "logical_not", "masked_fill", "nan_to_num"),
        *("int", "long", "bool"),
    }
)
_SQUARES = frozenset({"square", "pow", "abs", "absolute", "sqrt"})
_REDUCING = frozenset({"mean", "sum", "nanmean", "nansum"})
_MEETING = DIFFERENCES | _PRODUCTS
_ON_THE_WAY = _MEETING | _ELEMENT_BY_ELEMENT | _REDUCING | SAME_NUMBERS
_SQUARED = DIFFERENCES | _SQUARES | _REDUCING | SAME_NUMBERS
_SHAPED_BY_HAND = frozenset({"unsqueeze", "view", "reshape", "view_as", "expand"})
_NEW_AXIS = frozenset({"unsqueeze", "getitem"})
_GRIDS = frozenset({"linspace", "arange", "logspace"})
_MOST = 200


@dataclass(frozen=True)
class Crossing:
    """An operation that stretches a column and a row.

    Attributes:
        operation: The operation.
        row_is_first: Whether the row is its first operand.
    """

    operation: Operation
    row_is_first: bool

    @property
    def row(self) -> Seen:
        """The operand with fewer axes."""
        return self.operation.inputs[0 if self.row_is_first else 1]

    @property
    def column(self) -> Seen:
        """The operand with one more axis, of length one."""
        return self.operation.inputs[1 if self.row_is_first else 0]

    @property
    def stretched(self) -> tuple[int, ...]:
        """The shape that both are stretched to."""
        return (*self.row.shape, self.row.shape[-1])


def crossing_of(operation: Operation) -> Crossing | None:
    """How the first two operands of an operation meet; None where that is as it should be."""
    if len(operation.inputs) < 2:
        return None
    first, second = (each.shape for each in operation.inputs[:2])
    for row, column in ((first, second), (second, first)):
        if row and row[-1] > 1 and column == (*row, 1):
            return Crossing(operation, row_is_first=row is first)
    return None


def crossings_behind(total: Seen) -> Iterator[Crossing]:
    """Those whose elements a total is the sum or mean of."""
    waiting, known = [(total, False)], {total.number}
    while waiting and len(known) < _MOST:
        seen, in_part = waiting.pop()
        maker = seen.maker
        name = plain(maker.name) if maker is not None else ""
        if maker is None or not _is_followed(maker, name, in_part=in_part):
            continue
        crossing = crossing_of(maker)
        if crossing is not None and name in _MEETING:
            yield crossing
            continue
        new = [each for each in maker.inputs if each.number not in known]
        known.update(each.number for each in new)
        waiting += [(each, in_part or name in _REDUCING) for each in new]


def meets_others(operation: Operation) -> bool:
    """Whether a column meets a row of another length, which only one who means it writes."""
    if plain(operation.name) not in _MEETING or len(operation.inputs) < 2:
        return False
    row, column = sorted((each.shape for each in operation.inputs[:2]), key=len)
    apart = len(row) == 1 and len(column) == 2 and column[1] == 1
    return apart and 1 < row[0] != column[0] > 1


def _is_followed(maker: Operation, name: str, *, in_part: bool) -> bool:
    """Whether an operation is looked behind, or is a crossing itself.

    A sum along one axis may be meant for all pairs, of waves at times or of kernels at their
    centres: behind it, only squares and the like of a difference are followed.
    """
    if name in ("max", "min") and len(maker.inputs) < 2:
        return False  # along an axis
    if not in_part:
        return name in _ON_THE_WAY
    return name in _SQUARED


def is_meant(crossing: Crossing, *, in_loss: bool = False) -> bool:
    """Whether the user has made the column for the purpose, as for distances of all pairs.

    Args:
        crossing: The operation.
        in_loss: Whether it is a loss with one number for all, whose target may have got its axis
            on the same line by a slip.
    """
    column, row = crossing.column, crossing.row
    if source_through(column, SAME_NUMBERS) == source_through(row, SAME_NUMBERS):
        return True
    if plain(crossing.operation.name) in _PRODUCTS and (_is_grid(row) or _is_grid(column)):
        return True
    results = results_through(column, SAME_NUMBERS)
    shaping = [made for each in results if (made := _adding_axis(each)) is not None]
    here = crossing.operation.frame
    written_here = any(each.frame == here and plain(each.name) in _NEW_AXIS for each in shaping)
    if written_here and not in_loss:
        return True
    learned = {is_learned(column), is_learned(row)}
    of_one_sort = learned == {False} if in_loss else len(learned) == 1
    return bool(shaping) and of_one_sort


def _is_grid(seen: Seen) -> bool:
    """Whether it holds evenly spaced numbers, such as quantiles, which no sample owns."""
    maker = maker_through(seen, SAME_NUMBERS | SCALED)
    return maker is not None and plain(maker.name) in _GRIDS


def _adding_axis(seen: Seen) -> Operation | None:
    """What gave a tensor its last axis, of one element, if the user wrote that."""
    maker = seen.maker
    if maker is None or not maker.inputs:
        return None
    name = plain(maker.name)
    if name == "getitem":
        index = maker.arguments[1] if len(maker.arguments) > 1 else ()
        with_none = isinstance(index, tuple) and any(each is None for each in index)
        return maker if with_none else None
    adds = seen.shape[-1:] == (1,) and maker.inputs[0].shape[-1:] != (1,)
    return maker if adds and name in _SHAPED_BY_HAND else None
