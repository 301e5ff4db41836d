"""Measuring inside the graphs of TensorFlow: into variables that are read when a step has ended."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import tensorflow as tf

from dlmagic.magics.watch.measures import COUNTS, FLOATS, Measured
from dlmagic.magics.watch.sample_result import BINS

STEPS, FAULT, FAULT_PLAN, MEASURED, PLAN, LOSS = range(6)
"""What the state holds: steps so far; the step of the first fault that has not been told, or 0,
and whose plan it was; the last step that was measured, and by which plan first; the last loss."""

_APART = {"_noinline": True}
"""A step that is not measured then does not even visit the operations that would do it."""


def unconverted(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function that AutoGraph leaves alone."""
    found: Callable[..., Any] = tf.autograph.experimental.do_not_convert(function)
    return found


def in_a_graph() -> bool:
    """Whether what is called now is written down rather than run."""
    return not tf.executing_eagerly()


def graph_now() -> Any:
    """The graph that what is called now is written into."""
    return tf.compat.v1.get_default_graph()


def has_replicas() -> bool:
    """Whether several devices train together."""
    return int(tf.distribute.get_strategy().num_replicas_in_sync) > 1


def reaches(tensor: Any) -> bool:
    """Whether what is called now may use a tensor: it is of this graph, or of one around it."""
    graph: Any = tf.compat.v1.get_default_graph()
    while graph is not None:
        if getattr(tensor, "graph", None) is graph:
            return True
        graph = getattr(graph, "outer_graph", None)
    return False


def is_inside(tensor: Any) -> bool:
    """Whether a tensor belongs to a function or loop inside what is called now."""
    here = tf.compat.v1.get_default_graph()
    graph = getattr(getattr(tensor, "graph", None), "outer_graph", None)
    while graph is not None:
        if graph is here:
            return True
        graph = getattr(graph, "outer_graph", None)
    return False


class State:
    """The variables that graphs and the session share."""

    def __init__(self) -> None:
        self._active = variable_of(False)
        self._numbers = variable_of(np.zeros(6))
        self._is_active = False

    @property
    def active(self) -> Any:
        """Whether the present step is to be measured, in a graph."""
        return self._active

    def set_active(self, active: bool) -> None:
        """Measure the next step, or do not."""
        if active != self._is_active:
            self._is_active = active
            self._active.assign(active)

    def read(self) -> Any:
        """The numbers as they are now."""
        return self._numbers.numpy()

    def forget_fault(self) -> None:
        """The fault has been told."""
        numbers = self._numbers.numpy()
        numbers[FAULT] = 0
        self._numbers.assign(numbers)

    def end_step(self, plan: int, first: int, bad: Any, loss: Any | None) -> None:
        """Count a step, in a graph, unless it is one with that of another plan before."""
        now = tf.unstack(self._numbers.read_value())
        begins = plan == first
        step, this = now[STEPS] + int(begins), tf.constant(plan, tf.float64)
        active = self._active.read_value()
        new = tf.logical_and(bad, now[FAULT] == 0)
        numbers = [
            step,
            tf.where(new, step, now[FAULT]),
            tf.where(new, this, now[FAULT_PLAN]),
            tf.where(active, step, now[MEASURED]),
            tf.where(active, tf.constant(first, tf.float64), now[PLAN]),
            _mean(loss) if begins or loss is not None else now[LOSS],
        ]
        self._numbers.assign(tf.stack(numbers))


def _mean(loss: Any) -> Any:
    if loss is None:
        return tf.constant(np.nan, tf.float64)
    return tf.cast(tf.reduce_mean(loss), tf.float64)


@dataclass
class Table:
    """Where a graph writes what it has measured.

    Attributes:
        length: How many rows.
        units: How many units of outputs behind them.
    """

    length: int
    units: int = 0
    variables: list[Any] = field(default_factory=list)

    def __post_init__(self) -> None:
        empty: list[Any] = [
            np.zeros((self.length, FLOATS), np.float32),
            np.zeros((self.length, COUNTS + BINS), np.int32),
            np.zeros(self.length, np.int64),
            np.zeros(self.units, np.bool_),
        ]
        self.variables.extend(map(variable_of, empty))

    def write(self, *values: Any) -> None:
        """In a graph."""
        for variable, value in zip(self.variables, values, strict=True):
            variable.assign(value)

    def read(self) -> Measured:
        """On the host."""
        return Measured(*(variable.numpy() for variable in self.variables[:3]))

    def read_units(self) -> Any:
        """Which units were active, one output after the other."""
        return self.variables[3].numpy()


def where_active(state: State, write: Callable[..., Any], *inputs: Any) -> None:
    """Let a graph do something in those steps that are measured, and only then."""
    only_if(state.active.read_value(), write, *inputs)


def only_if(condition: Any, write: Callable[..., Any], *inputs: Any) -> None:
    """Let a graph do something on a condition, with operations that it visits only then."""

    @tf.function(autograph=False, experimental_attributes=_APART)  # type: ignore[untyped-decorator]
    def apart(*values: Any) -> Any:
        write(*values)
        return tf.constant(True)

    tf.cond(condition, lambda: apart(*inputs), lambda: tf.constant(False))


def variable_of(values: Any) -> Any:
    """A variable of our own, made outside of all graphs.

    In a thread of its own: a function that is traced has a say in all variables of its thread,
    and refuses new ones when it is traced again.
    """
    with ThreadPoolExecutor(1) as elsewhere:
        return elsewhere.submit(tf.Variable, values, trainable=False).result()
