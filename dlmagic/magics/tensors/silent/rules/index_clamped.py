"""An index beyond the end of a JAX array: the last element is read instead."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from dlmagic.frameworks.operations import Event, Operation, Seen
from dlmagic.magics.tensors.silent.rule import After, Listening, Mistake, Sure

_ON_THE_WAY = frozenset(
    {"reshape", "squeeze", "broadcast_in_dim", "transpose", "to", "broadcast_arrays"}
)


class Rule(Listening):
    """Indexing with places that there are not, whose results nobody masks."""

    kind = "index-clamped"
    sure: Sure = "certain"

    def __init__(self) -> None:
        super().__init__()
        self._outside: dict[int, Operation] = {}

    def hear(self, event: Event) -> None:
        """Reads beyond the end; and masks, which take away what was read there."""
        if not isinstance(event, Operation):
            return
        if event.is_within is False and event.output is not None and event.frame is not None:
            self._outside[event.output.number] = event
        if event.name == "where" or (event.name == "mul" and any(map(_is_mask, event.inputs))):
            for each in event.inputs:
                self._outside.pop(_source(each).number, None)

    def mistakes(self, after: After) -> Iterable[Mistake]:
        """Each line once."""
        lines = {each.frame: each for each in reversed(self._outside.values())}
        for frame, operation in lines.items():
            read = _read_in(after.tree, frame.line if frame else 0)
            array = ast.unparse(read.value) if read is not None else ""
            shape = "×".join(map(str, operation.inputs[0].shape))
            yield Mistake(
                f"{array or 'The array'} ({shape}) is read beyond its end: JAX takes the nearest "
                "element instead and raises nothing.",
                frame,
                text="Check the index; .at[index].get(mode='fill') gives NaN where there is none.",
                operands=(array,) if array else (),
            )


def _source(seen: Seen) -> Seen:
    """What a tensor was before it got another shape."""
    while seen.maker is not None and seen.maker.name in _ON_THE_WAY and seen.maker.inputs:
        seen = seen.maker.inputs[0]
    return seen


def _is_mask(seen: Seen) -> bool:
    """Whether a tensor holds truths, perhaps as numbers."""
    return _source(seen).dtype == "bool"


def _read_in(tree: ast.Module, line: int) -> ast.Subscript | None:
    """The only indexing that begins in a line; None where there are several, or none."""
    found = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Subscript)
        and isinstance(node.ctx, ast.Load)
        and node.lineno == line
    ]
    return found[0] if len(found) == 1 else None
