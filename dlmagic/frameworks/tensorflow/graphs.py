"""The modes ``graph`` and ``xla``: the cell as one ``tf.function``."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from typing import Any

import tensorflow as tf

from dlmagic.cell.build import MISSING
from dlmagic.errors import CellError, ModeUnavailable
from dlmagic.frameworks.protocol import CellLike, Prepared
from dlmagic.frameworks.tensorflow import tracing
from dlmagic.frameworks.tensorflow.inputs import Inputs
from dlmagic.frameworks.tensorflow.loops import StartingValues, made_in_loops
from dlmagic.frameworks.tensorflow.outputs import Outputs
from dlmagic.frameworks.tensorflow.quiet import in_graphs

RunOnce = Callable[[Mapping[str, object]], Any]
_ATTEMPTS = 12  # one per name whose first value does not fit a loop
_number = itertools.count(1)


def prepare_graph(
    cell: CellLike, arguments: Mapping[str, object], run_once: RunOnce, *, xla: bool
) -> Prepared:
    """The cell through ``tf.function``, traced at the first call.

    Args:
        cell: The compiled cell.
        arguments: The values of its parameters, by name.
        run_once: Runs the cell eagerly and puts all state back.
        xla: Whether XLA compiles the graph.

    Raises:
        ModeUnavailable: The cell cannot be a function with source, which AutoGraph reads.
    """
    try:
        function = cell.with_source()
    except CellError as reason:
        raise ModeUnavailable(str(reason)) from None
    # AutoGraph keeps what it has rewritten, and finds it again by equal code: the modes would
    # differ in what they cost by who came first.
    function.__code__ = function.__code__.replace(co_name=f"cell_{next(_number)}")
    graph = Graph(cell, function, arguments, run_once, xla=xla)
    return Prepared(graph, active=in_graphs, repeatable=True)


class Graph:
    """A cell as a graph, called as the cell's own function is.

    Attributes:
        traced: The ``tf.function``, which takes the inputs alone.
        concrete: The graph that was traced, or None before the first call.
    """

    def __init__(
        self,
        cell: CellLike,
        function: Callable[..., Any],
        arguments: Mapping[str, object],
        run_once: RunOnce,
        *,
        xla: bool,
    ) -> None:
        self._cell = cell
        self._values = [arguments[name] for name in cell.parameters]
        self._inputs = Inputs(cell, arguments)
        self._outputs = Outputs()
        self._run_once = run_once
        self._xla = xla
        self.concrete: Any = None
        self._order: Callable[[Any], Any] = tuple
        self.traced = self._tf_function(function, dict)

    def __call__(self, *arguments: object) -> tuple[object, ...]:
        """Run the graph, which is traced at the first call."""
        inputs = self._inputs.flatten(arguments)
        if self.concrete is None:
            self._trace(inputs)
        returned: tuple[object, ...] = self._order(self._outputs.put_together(self.traced(*inputs)))
        return returned

    def input_names(self) -> list[str]:
        """What the user calls the inputs, in order."""
        return self._inputs.names(self._values)

    def _trace(self, inputs: list[Any]) -> None:
        """Make the graph; where a loop needs values before it begins, with such values."""
        with tracing.watched(self._values):
            try:
                concrete = self.traced.get_concrete_function(*inputs)
            except Exception:
                if not made_in_loops(self._cell):
                    raise
                concrete = self._trace_with_values(inputs)
        if self._xla:
            tracing.refuse_text(concrete)
        self.concrete = concrete

    def _trace_with_values(self, inputs: list[Any]) -> Any:
        names = ("", *self._cell.outputs)
        reference = dict(zip(names, self._run_once({}), strict=False))
        starting = StartingValues(self._cell, reference)
        for attempt in range(_ATTEMPTS):
            self.traced = self._tf_function(starting.function(), starting.values)
            self._order = _in_order(self._cell.outputs, starting)
            try:
                return self.traced.get_concrete_function(*inputs)
            except Exception as error:
                if attempt + 1 == _ATTEMPTS or not starting.mend(error):
                    raise
        raise AssertionError("the last attempt raises")

    def _tf_function(
        self, function: Callable[..., Any], keywords: Callable[[], dict[str, Any]]
    ) -> Any:
        """AutoGraph rewrites the cell, and leaves what surrounds it alone."""
        leave_alone = tf.autograph.experimental.do_not_convert
        take_apart = leave_alone(lambda returned: self._outputs.take_apart(returned))
        in_place = leave_alone(lambda symbols: self._inputs.in_place(self._values, symbols))
        given = leave_alone(lambda: keywords())

        def cell(*symbols: Any) -> Any:
            with in_place(symbols) as arguments:
                return take_apart(function(*arguments, **given()))

        return tf.function(cell, jit_compile=self._xla or None)


def _in_order(outputs: tuple[str, ...], starting: StartingValues) -> Callable[[Any], Any]:
    """All outputs from those that the graph returns.

    What it cannot return, such as a tape, is taken from the eager run.
    """

    def order(returned: tuple[object, ...]) -> tuple[object, ...]:
        last, *values = returned
        found = dict(zip(starting.outputs, values, strict=True))
        return (last, *(found.get(n, starting.dropped.get(n, MISSING)) for n in outputs))

    return order
