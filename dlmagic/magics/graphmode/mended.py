"""A mended cell with what stands above and below it, called as the cell itself is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from dlmagic.cell.build import MISSING
from dlmagic.cell.function import CellFunction
from dlmagic.magics.graphmode.capture import Captured, CompiledCell
from dlmagic.magics.graphmode.changes import evaluate
from dlmagic.magics.graphmode.effects import Effects
from dlmagic.magics.graphmode.outside_fix import OutsideFix


@dataclass
class Outside:
    """What runs above and below a mended cell, in names of its own.

    Attributes:
        fix: The lines.
        namespace: The notebook's names, in a copy.
        filename: The cell's, by which what is said is known as the cell's.
    """

    fix: OutsideFix
    namespace: dict[str, object]
    filename: str
    _new: dict[str, object] = field(default_factory=dict)
    _made: dict[str, Any] = field(default_factory=dict)

    def above(self, arguments: Mapping[str, object]) -> dict[str, object]:
        """The names that the mended cell finds."""
        names = {**self.namespace, **arguments, **self._new}
        if self.fix.once and not self._new:
            self._execute(self.fix.once, names)
            self._new = {n: v for n, v in names.items() if n not in self.namespace}
        for target, template in self.fix.made:
            names["_made"] = self._make(target, template, names)
            self._execute(f"{target} = _made", names)
        self._execute(self.fix.above, names)
        return names

    def below(self, names: dict[str, object]) -> None:
        """What follows; what was made an array is a number again, to be compared as one."""
        self._execute(self.fix.below, names)
        for target, _ in self.fix.made:
            names["_made"] = _number_in(evaluate(target, names))
            self._execute(f"{target} = _made", names)

    def _make(self, target: str, template: str, names: dict[str, object]) -> object:
        """What a target is from now on: the same variable in every call, with its value."""
        value = evaluate(target, names)
        kept = self._made.get(target)
        if kept is not None and hasattr(kept, "assign"):
            kept.assign(value)
            return kept
        self._made[target] = eval(template.format("_value"), {**names, "_value": value})
        return self._made[target]

    def _execute(self, lines: str, names: dict[str, object]) -> None:
        exec(compile(lines, self.filename, "exec", dont_inherit=True), names)


@dataclass
class MendedCell:
    """A mended cell that takes and returns what the cell itself does.

    Attributes:
        compiled: The mended cell in its mode.
        original: The cell as it is.
        outside: What runs above and below.
        effects: What was said before the first run.
    """

    compiled: CompiledCell
    original: CellFunction
    outside: Outside
    effects: Effects = field(default_factory=Effects)

    def run(self, arguments: Mapping[str, object], captured: Captured) -> tuple[object, ...]:
        """Run what stands above, the graph, and what stands below."""
        with _attributes_kept(arguments.values()):
            names = self.outside.above(arguments)
            returned = self.compiled.run(names, captured)
            outputs, last = self.compiled.cell.split(returned)
            names.update(outputs)
            self.outside.below(names)
        return (last, *(names.get(name, MISSING) for name in self.original.outputs))


def _number_in(value: Any) -> object:
    """The Python number in an array without axes; anything else as it is."""
    if not hasattr(value, "dtype") or getattr(value, "shape", None) != ():
        return value
    return value.item() if hasattr(value, "item") else value.numpy().item()


@contextmanager
def _attributes_kept(values: Iterable[object]) -> Iterator[None]:
    """While active, arrays may be marked; afterwards they have the attributes of before."""
    arrays = [each for each in values if hasattr(each, "dtype") and hasattr(each, "__dict__")]
    before = [dict(vars(each)) for each in arrays]
    try:
        yield
    finally:
        for array, attributes in zip(arrays, before, strict=True):
            if vars(array).keys() != attributes.keys():
                vars(array).clear()
                vars(array).update(attributes)
