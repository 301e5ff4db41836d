"""A prediction of shape (N, 1) against a target of shape (N,): each meets all the others."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from dlmagic.frameworks.captured import Span
from dlmagic.frameworks.operations import Event, Operation
from dlmagic.magics.tensors.silent.ancestry import plain
from dlmagic.magics.tensors.silent.crossing import (
    Crossing,
    crossing_of,
    crossings_behind,
    is_meant,
    meets_others,
)
from dlmagic.magics.tensors.silent.rule import After, Listening, Mistake, Sure
from dlmagic.magics.tensors.silent.writing import (
    argument,
    callee,
    code_of,
    expression_of,
    rewritten,
    short,
    with_method,
)

_LOSSES = {
    "mse_loss": "MSELoss",
    "l1_loss": "L1Loss",
    "smooth_l1_loss": "SmoothL1Loss",
    "huber_loss": "HuberLoss",
    "poisson_nll_loss": "PoissonNLLLoss",
    "hinge_embedding_loss": "HingeEmbeddingLoss",
    "kl_div": "KLDivLoss",
    "dist": "",
}
_TO_ONE_NUMBER = frozenset(
    {"mean", "sum", "nanmean", "nansum", "median", "norm", "linalg_norm", "count_nonzero"}
    | {"linalg_vector_norm", "std", "var"}
)


class Rule(Listening):
    """Losses at once; differences and products where all of them become one number."""

    kind = "stretched-target"
    sure: Sure = "certain"

    def __init__(self) -> None:
        super().__init__()
        self._totals: dict[frozenset[Span | None], list[Crossing]] = {}
        self._meant: set[Span | None] = set()

    def hear(self, event: Event) -> None:
        """A loss, or the end of a difference."""
        if not isinstance(event, Operation) or not event.inputs:
            return
        if event.span is not None and meets_others(event):
            self._meant.add(event.span)
        if event.name in _LOSSES:
            crossing = crossing_of(event)
            one_number = event.options.get("reduction") != "none"
            if crossing is not None and not is_meant(crossing, in_loss=one_number):
                self._note([crossing])
        elif event.name in _TO_ONE_NUMBER and event.output is not None and event.output.shape == ():
            behind = crossings_behind(event.inputs[0])
            self._note([each for each in behind if not is_meant(each)])

    def _note(self, crossings: list[Crossing]) -> None:
        """Once for each place: a loop comes by it again and again."""
        if crossings:
            places = frozenset(each.operation.span for each in crossings)
            self._totals.setdefault(places, crossings)

    def mistakes(self, after: After) -> Iterable[Mistake]:
        """Each line once."""
        for total in self._totals.values():
            crossings = [each for each in total if each.operation.span not in self._meant]
            if crossings:
                self.found.append(_mistake(after, crossings))
        return super().mistakes(after)


def _mistake(after: After, crossings: list[Crossing]) -> Mistake:
    """Of all that one total is made of: the first line, and its code if that is all of them."""
    first = min(crossings, key=lambda each: _line(each.operation))
    pairs = [(each, _operands(after, each)) for each in crossings]
    row, column = next(pair for each, pair in pairs if each is first) or (None, None)
    changes = {pair[0]: _as_column(after, each, pair[0]) for each, pair in pairs if pair}
    complete = all(pair for _, pair in pairs)
    frame, code = rewritten(first.operation.frame, changes if complete else {})
    stretched = "×".join(map(str, first.stretched))
    return Mistake(
        message=(
            f"{_both(column, row, first)} are stretched to {stretched}: every prediction meets "
            "every target, not its own."
        ),
        frame=frame,
        text="Give both one shape: prediction[:, 0], or target[:, None].",
        code=code,
        operands=tuple(name for each in (column, row) if (name := short(each)) is not None),
    )


def _as_column(after: After, crossing: Crossing, row: ast.expr) -> str:
    """The code of a row with its last axis: the one that it was squeezed out of, or a new one."""
    maker = crossing.row.maker
    match row:
        case ast.Call(ast.Attribute(owner, "squeeze" | "flatten")) if (
            maker is not None and maker.inputs[0].shape == crossing.column.shape
        ):
            return code_of(after, owner)
        case _:
            return with_method(after, row, f"unsqueeze({len(crossing.row.shape)})")


def _line(operation: Operation) -> int:
    return operation.frame.line if operation.frame is not None else 0


def _operands(after: After, crossing: Crossing) -> tuple[ast.expr, ast.expr] | None:
    """The user's expressions of the row and of the column."""
    pair = list(_in_order(after, crossing.operation))
    if len(pair) != 2:
        return None
    first, second = pair
    return (first, second) if crossing.row_is_first else (second, first)


def _in_order(after: After, operation: Operation) -> Iterator[ast.expr]:
    """The expressions of an operation's first two operands, where both are in sight."""
    node, name = expression_of(after, operation), plain(operation.name)
    match node:
        case ast.BinOp(left, _, right) | ast.Compare(left, [_], [right]):
            yield from (left, right)
        case ast.Call(ast.Attribute(owner, method), [only], []) if method == name:
            yield from (owner, only)
        case ast.Call() if callee(after, node) in (name, _LOSSES.get(name)):
            operands = (argument(node, 0, "input"), argument(node, 1, "target"))
            yield from (each for each in operands if each is not None)
        case _:
            return


def _both(column: ast.expr | None, row: ast.expr | None, crossing: Crossing) -> str:
    """The operands and their shapes, by name where both names are short."""
    of_column, of_row = ("×".join(map(str, each.shape)) for each in (crossing.column, crossing.row))
    names = (short(column), short(row))
    if None in names:
        return f"Shapes {of_column} and {of_row}"
    return f"{names[0]} ({of_column}) and {names[1]} ({of_row})"
