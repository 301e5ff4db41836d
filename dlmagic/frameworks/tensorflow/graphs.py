"""The modes ``graph`` and ``xla``: the cell as one ``tf.function``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import tensorflow as tf

from dlmagic.errors import CellError, ModeUnavailable
from dlmagic.frameworks.protocol import CellLike, Prepared
from dlmagic.frameworks.tensorflow.inputs import Inputs
from dlmagic.frameworks.tensorflow.outputs import Outputs
from dlmagic.frameworks.tensorflow.quiet import tracing


def prepare_graph(cell: CellLike, arguments: Mapping[str, object], *, xla: bool) -> Prepared:
    """The cell through ``tf.function``, traced at the first call.

    Args:
        cell: The compiled cell.
        arguments: The values of its parameters, by name.
        xla: Whether XLA compiles the graph.

    Raises:
        ModeUnavailable: The cell cannot be a function with source, which AutoGraph reads.
    """
    try:
        function = cell.with_source()
    except CellError as reason:
        raise ModeUnavailable(str(reason)) from None
    values = [arguments[name] for name in cell.parameters]
    graph = Graph(function, values, Inputs(cell, arguments), xla=xla)
    return Prepared(graph, active=tracing)


class Graph:
    """A cell as a graph, called as the cell's own function is.

    Attributes:
        traced: The ``tf.function``, which takes the inputs alone.
    """

    def __init__(
        self, function: Callable[..., Any], values: list[Any], inputs: Inputs, *, xla: bool
    ) -> None:
        self._inputs = inputs
        self._outputs = Outputs()
        self.traced = tf.function(
            _body(function, values, inputs, self._outputs), jit_compile=xla or None
        )

    def __call__(self, *arguments: object) -> tuple[object, ...]:
        """Run the graph, which is traced at the first call."""
        tensors = self.traced(*self._inputs.flatten(arguments))
        returned: tuple[object, ...] = self._outputs.put_together(tensors)
        return returned


def _body(
    function: Callable[..., Any], values: list[Any], inputs: Inputs, outputs: Outputs
) -> Callable[..., Any]:
    """What is traced: AutoGraph rewrites the cell, and leaves what surrounds it alone."""

    leave_alone = tf.autograph.experimental.do_not_convert
    take_apart = leave_alone(lambda returned: outputs.take_apart(returned))
    in_place = leave_alone(lambda symbols: inputs.in_place(values, symbols))

    def cell(*symbols: Any) -> Any:
        with in_place(symbols) as arguments:
            return take_apart(function(*arguments))

    return cell
