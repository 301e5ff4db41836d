"""What a traced cell returns: arrays leave the compiled program, the rest is remembered.

Numbers, texts, functions and names without a value are the same in every call, so they are
kept from the time of tracing and put back around the arrays of each call.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from types import FunctionType, ModuleType
from typing import Any

import jax

from dlmagic.cell.saved_names import slots_of
from dlmagic.frameworks.jax.leaves import Tracer


@dataclass(frozen=True, eq=False)
class Slot:
    """Where an array of each call goes.

    Attributes:
        index: Its number among the program's arrays.
    """

    index: int


@dataclass(frozen=True, eq=False)
class Made:
    """An object that the cell made and that is no container to JAX, such as a dataclass.

    Attributes:
        kind: Its class.
        names: Its attributes.
        values: What they hold, as a template.
    """

    kind: type
    names: tuple[str, ...]
    values: Template

    def build(self, arrays: Sequence[object]) -> object:
        """A new one with the arrays of a call."""
        made: object = object.__new__(self.kind)
        for name, value in zip(self.names, self.values.build(arrays), strict=True):
            object.__setattr__(made, name, value)
        return made


@dataclass(frozen=True, eq=False)
class Template:
    """A tree of values, with slots where arrays go.

    Attributes:
        structure: Its containers.
        leaves: A slot, an object to make, or the value itself.
    """

    structure: Any
    leaves: tuple[object, ...]

    def build(self, arrays: Sequence[object]) -> Any:
        """The tree with the arrays of a call."""
        return self.structure.unflatten([_build(leaf, arrays) for leaf in self.leaves])


class Returned:
    """A template and the arrays that go into it; to JAX, a container of the arrays.

    Args:
        template: The same object in every call of one trace.
        arrays: Tracers while tracing, arrays afterwards.
    """

    def __init__(self, template: Template, arrays: Sequence[object]) -> None:
        self.template = template
        self.arrays = arrays

    def build(self) -> Any:
        """What the cell returned, with these arrays."""
        return self.template.build(self.arrays)


jax.tree_util.register_pytree_node(Returned, lambda value: (value.arrays, value.template), Returned)


def take_out(value: object, kind: type = Tracer) -> Returned:
    """Divide a value into its arrays and the rest.

    Args:
        value: The value.
        kind: What counts as an array; while tracing, what the program computes.
    """
    taken = _Taken(kind)
    return Returned(taken.template(value, ()), taken.arrays)


class _Taken:
    """The arrays that were taken out of a value.

    Args:
        kind: What counts as an array.
    """

    def __init__(self, kind: type) -> None:
        self._kind = kind
        self.arrays: list[object] = []

    def template(self, value: object, above: tuple[int, ...]) -> Template:
        """What is left of a value inside some objects."""
        leaves, structure = jax.tree_util.tree_flatten(value)
        return Template(structure, tuple(self._leaf(leaf, above) for leaf in leaves))

    def _leaf(self, leaf: object, above: tuple[int, ...]) -> object:
        if isinstance(leaf, self._kind):
            self.arrays.append(leaf)
            return Slot(len(self.arrays) - 1)
        names = _attributes(leaf)
        if not names or id(leaf) in above:
            return leaf
        count = len(self.arrays)
        inner = self.template([getattr(leaf, name) for name in names], (*above, id(leaf)))
        return leaf if len(self.arrays) == count else Made(type(leaf), names, inner)


def _attributes(leaf: object) -> tuple[str, ...]:
    if isinstance(leaf, FunctionType | type | ModuleType):
        return ()
    attributes = getattr(leaf, "__dict__", None)
    slots = slots_of(leaf)
    return (*(attributes if isinstance(attributes, dict) else ()), *(slots() if slots else ()))


def _build(leaf: object, arrays: Sequence[object]) -> object:
    if isinstance(leaf, Slot):
        return arrays[leaf.index]
    return leaf.build(arrays) if isinstance(leaf, Made) else leaf
