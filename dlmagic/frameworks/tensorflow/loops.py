"""Values for names that a loop or branch of the graph makes, before it makes them.

``for x, y in data: loss = ...`` is one operation in a graph, and TensorFlow lets it only
change values that were there before. In a cell, ``x``, ``y`` and ``loss`` are names that go
out, so each gets a zero of the type that it has at the end of an eager run. Without that no
cell with a loop over a data set could run as a graph.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from types import FunctionType
from typing import Any

import numpy as np
import tensorflow as tf

from dlmagic.frameworks.tensorflow.arrays import is_eager
from dlmagic.frameworks.tensorflow.inputs import is_container, leaves, with_leaves

_CONDITIONAL = (ast.For, ast.While, ast.If)
_NUMBERS = (bool, int, float, complex, np.number, np.bool_, np.ndarray)
_OTHER_TYPE = re.compile(r"'(\w+)' has dtype \w+ before the loop, but dtype (\w+) after")
_OTHER_SHAPE = re.compile(r"'(\w+)' has shape .* before the loop, but shape")


class StartingValues:
    """Zeros for the names that only loops and branches of a cell make.

    Attributes:
        names: All those names.
    """

    def __init__(self, cell: Any, reference: Mapping[str, object]) -> None:
        self._cell = cell
        self.names = made_in_loops(cell)
        self._zeros = {
            name: with_leaves(reference[name], _zero)
            for name in self.names
            if _is_made_of_numbers(reference.get(name))
        }
        self._reference = reference
        self._without_shape: set[str] = set()

    def function(self) -> FunctionType:
        """The cell's function with source, which takes the values as keywords."""
        layout = self._cell.layout
        outputs = tuple(name for name in layout.outputs if name in self.outputs)
        unset = tuple(dict.fromkeys([*layout.unset, *self._zeros]))
        unset = tuple(name for name in unset if name in outputs)
        changed = replace(self._cell, layout=replace(layout, outputs=outputs, unset=unset))
        made: FunctionType = changed.with_source()
        return made

    @property
    def outputs(self) -> tuple[str, ...]:
        """The names that the function still returns."""
        loose = self.names - self._zeros.keys()
        return tuple(name for name in self._cell.outputs if name not in loose)

    @property
    def dropped(self) -> dict[str, object]:
        """Those that a graph cannot return (a tape, a text), with an eager run's values."""
        loose = self.names - self._zeros.keys()
        return {name: value for name, value in self._reference.items() if name in loose}

    def values(self) -> dict[str, Any]:
        """The zeros, as tensors of the graph that is being traced."""
        return {name: self._symbol(name, zero) for name, zero in self._zeros.items()}

    def mend(self, error: BaseException) -> bool:
        """Change a value that did not fit the loop; whether there was one."""
        text = str(error)
        type_, shape = _OTHER_TYPE.search(text), _OTHER_SHAPE.search(text)
        if type_ is not None and type_[1] in self._zeros:
            self._zeros[type_[1]] = with_leaves(
                self._zeros[type_[1]], lambda zero: tf.cast(zero, type_[2])
            )
            return True
        if shape is not None and shape[1] in self._zeros.keys() - self._without_shape:
            self._without_shape.add(shape[1])
            return True
        return self._leave_out_containers()

    def _leave_out_containers(self) -> bool:
        """Drop the containers, which a loop may refuse; whether there was one."""
        containers = [name for name, zero in self._zeros.items() if is_container(zero)]
        for name in containers:
            del self._zeros[name]
        return bool(containers)

    def _symbol(self, name: str, zero: Any) -> Any:
        if name not in self._without_shape:
            return zero
        return with_leaves(
            zero, lambda part: tf.compat.v1.placeholder_with_default(part, shape=None)
        )


def made_in_loops(cell: Any) -> set[str]:
    """The outputs of a cell that nothing but its loops and branches assigns."""
    loose: set[str] = set()
    known = set(cell.parameters)
    for statement in cell.layout.body:
        if isinstance(statement, _CONDITIONAL):
            loose |= _assigned(ast.walk(statement)) - known
        else:
            known |= _assigned(ast.walk(statement)) - loose
    return loose & set(cell.outputs)


def _assigned(nodes: Iterable[ast.AST]) -> set[str]:
    return {
        node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }


def _is_made_of_numbers(value: object) -> bool:
    """Whether it is a number, an array, or containers of them, such as a list of gradients."""
    found = list(leaves(value))
    return bool(found) and all(map(_is_number, found))


def _is_number(value: object) -> bool:
    if isinstance(value, tf.Variable):
        return False
    return isinstance(value, _NUMBERS) or (is_eager(value) and _has_zeros(value))


def _has_zeros(tensor: Any) -> bool:
    return tensor.dtype not in (tf.variant, tf.resource)


def _zero(value: Any) -> Any:
    return tf.zeros_like(value) if is_eager(value) else value * 0
