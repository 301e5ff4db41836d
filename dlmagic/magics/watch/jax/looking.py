"""A second program beside a step of JAX: it computes the same, and returns only statistics."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from dlmagic.frameworks.jax import _compat as compat
from dlmagic.magics.watch.gathering import Key, Piece
from dlmagic.magics.watch.jax import functions, trees
from dlmagic.magics.watch.jax.layers import calls_told
from dlmagic.magics.watch.jax.received import Emitted, Moment, Received
from dlmagic.magics.watch.jax.step import (
    Given,
    Step,
    inputs_in,
    names_of_states,
    states_in,
)
from dlmagic.magics.watch.measures import Measured
from dlmagic.magics.watch.sample_result import Quantity

INPUT = "input"
"""The parameter of rows, shown to nobody, of what a step is given beside its state.

The argument's name stands in place of the layer's.
"""
LOSS = Key("", "activation", "loss")
"""The row, shown to nobody, of what the step differentiates."""


def is_input(key: Key) -> bool:
    """Whether it is of what a step is given."""
    return (key.quantity, key.parameter) == ("activation", INPUT)


def shown(pieces: Sequence[Piece]) -> list[int]:
    """The places of what a user gets to see."""
    keys = [piece.key for piece in pieces]
    return [at for at, key in enumerate(keys) if key != LOSS and not is_input(key)]


@dataclass(eq=False)
class Level:
    """A function that is being traced, and the outputs in it that are to be sent at its end."""

    trace: object
    waiting: list[tuple[Piece, Any, int]] = field(default_factory=list)


class Looking:
    """Measures the steps of one function.

    Args:
        step: The function.
        exact: Whether all values are looked at.
        names: Layer and name of each parameter, where the tree does not have them.
    """

    def __init__(
        self, step: Step, *, exact: bool, names: Sequence[tuple[str, str]] | None = None
    ) -> None:
        self._step, self._exact, self._names = step, exact, names
        self._programs: dict[Any, Any] = {}
        self._received = Received()
        self._before: list[Any] = []
        self._arguments: list[str] = []
        self._found: list[trees.Way] = []
        self._order, self._heard = 0, 0
        self._levels: list[Level] = []
        self.kinds: dict[str, str] = {}
        """Class of each layer that was called."""
        self.parameters: dict[str, list[str]] = {}
        """Names of each layer's parameters."""
        self.namesakes: dict[str, str] = {}
        """Of layers behind the name of their network, the names that their calls are heard by."""
        self.has_gradients = False
        self.compiled = 0
        """How many programs there are."""

    def moments(self) -> list[Moment]:
        """When each of the pieces that were last looked at came to be."""
        return self._received.moments()

    def look(self, given: Given) -> tuple[list[Piece], list[Measured]]:
        """What there is to see of a step with these arguments, which stay as they are."""
        key = given.key()
        if key not in self._programs:
            self._programs[key] = jax.jit(partial(self._trace, given))
            self.compiled += 1
        return self._run(lambda: self._programs[key](given.arrays))

    def watch(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, Any]:
        """Measure a step that is not compiled, while it is made with these arguments.

        Returns:
            Its result, and what there was to see.
        """
        results: list[Any] = []
        function = self._step.function

        def run() -> None:
            names = names_of_states(function, args, kwargs, is_nnx=False)
            self._start([*args, *kwargs.values()], names)
            with compat.gradients_told(self._emit_gradients):
                results.append(function(*args, **kwargs))
            self._emit_change(results[0])

        found = self._run(run)
        return results[0], found

    def _run(self, run: Callable[[], Any]) -> tuple[list[Piece], list[Measured]]:
        self._received = Received()
        jax.block_until_ready(run())
        jax.effects_barrier()
        return self._received.in_order()

    def _trace(self, given: Given, arrays: list[Any]) -> Any:
        """The step as it is, with what is sent of it; its own result is not used."""
        args, kwargs = given.arguments(arrays)
        values = [*args, *kwargs.values()]
        inputs = inputs_in(self._step.inner, args, kwargs, is_nnx=given.is_nnx)
        names = names_of_states(self._step.inner, args, kwargs, is_nnx=given.is_nnx)
        self._start(states_in(values, is_nnx=given.is_nnx), names)
        inner = self._at_one_level(self._step.inner)
        told = compat.gradients_told(self._emit_gradients, self._at_one_level)
        # Else what is kept of compiled functions would be used: the user's here, and ours later on.
        with compat.traced_apart(), calls_told(self._emit_output), told:
            results = inner(*args, **kwargs)
        after = states_in(values, is_nnx=True) if given.is_nnx else results
        self._emit_change(after)
        self._emit_inputs(inputs, results)
        return 0

    def _start(self, before: list[Any], arguments: list[str]) -> None:
        """Begin with the values before the step, and the names of the arguments they are in."""
        self._before, self._arguments = before, arguments
        self._found, self._levels = [], []
        self._order, self._heard = 0, 0

    def _at_one_level(self, function: Any) -> Callable[..., Any]:
        """A function whose outputs of layers are sent together, before it returns."""

        def traced(*args: Any, **kwargs: Any) -> Any:
            self._levels.append(level := Level(compat.trace_of((args, kwargs))))
            try:
                result = function(*args, **kwargs)
            finally:
                self._levels.pop()
            if level.waiting:
                pieces, arrays, heard = map(list, zip(*level.waiting, strict=True))
                self._emit(pieces, arrays, heard, with_units=True)
            return result

        return traced

    @property
    def is_tracing(self) -> bool:
        """Whether the step is being traced."""
        return bool(self._levels)

    def hear(self, layer: str, kind: str, result: Any) -> None:
        """A layer has returned, while the step is being traced."""
        self._emit_output(layer, kind, result)

    def _emit_output(self, layer: str, kind: str, result: Any) -> None:
        self.kinds[layer] = kind
        for each in jax.tree.leaves(result):
            if functions.is_floating(each) and each.size:
                self._emit_or_wait(Piece(Key(layer, "activation"), tuple(each.shape)), each)
                return

    def _emit_or_wait(self, piece: Piece, array: Any) -> None:
        """An output inside a loop or the like cannot be used outside: it is sent at once."""
        level = self._levels[-1] if self._levels else Level(None)
        if level.trace is not None and level.trace is compat.trace_of(array):
            level.waiting.append((piece, array, self._next_heard()))
        else:
            self._emit([piece], [array], with_units=True)

    def _emit_gradients(self, primals: Any, gradients: Any, value: Any) -> None:
        losses = [value] if np.shape(value) == () else []
        for primal, gradient in zip(primals, gradients, strict=True):
            leaves = jax.tree.leaves(gradient)
            way = trees.way_to(primal, self._before) if leaves else None
            if way is None or (self._step.inner is None and any(map(_is_traced, leaves))):
                continue
            if way not in self._found:
                self._found.append(way)
            self.has_gradients = True
            pieces = [*self._pieces("gradient", way), *(Piece(LOSS) for _ in losses)]
            self._emit(pieces, [*leaves, *losses])

    def _emit_change(self, after: Any) -> None:
        """The parameters, and by how much the step changes them."""
        before = self._before
        if not self._found:
            tree = trees.state_among(before, after)
            way = None if tree is None else trees.way_to(tree, before)
            self._found = [] if way is None else [way]
        for way in self._found:
            leaves = jax.tree.leaves(trees.at(before, way))
            new = trees.find_again(way, before, after)
            self._emit(self._pieces("weight", way), leaves)
            if new is not None:
                pairs = zip(jax.tree.leaves(new), leaves, strict=True)
                self._emit(self._pieces("update", way), [each - was for each, was in pairs])

    def _emit_inputs(self, inputs: list[tuple[str, Any]], results: Any) -> None:
        """What the step is given beside the state, which comes back."""
        returned = set(map(trees.shapes_of, trees.outer(results)))
        for name, value in inputs:
            if trees.shapes_of(value) not in returned:
                leaves = [each for each in jax.tree.leaves(value) if functions.is_floating(each)]
                self._emit([Piece(Key(name, "activation", INPUT))] * len(leaves), leaves)

    def _pieces(self, quantity: Quantity, way: trees.Way) -> list[Piece]:
        tree, network = trees.at(self._before, way), self._network(self._found.index(way))
        pieces = []
        for (name, parameter), (shape, _) in zip(
            self._names or trees.names_of(tree), trees.shapes_of(tree), strict=True
        ):
            layer = "/".join(filter(None, (network, name)))
            if network:
                self.namesakes[layer] = name
            names = self.parameters.setdefault(layer, [])
            if parameter not in names:
                names.append(parameter)
            pieces.append(Piece(Key(layer, quantity, parameter), shape))
        return pieces

    def _network(self, place: int) -> str:
        """What stands before the layers of a tree; nothing before those of the first."""
        if not place:
            return ""
        first, *others = self._found[: place + 1]
        names = [trees.name_beside(way, first, self._arguments) for way in others]
        layers = [layer for layer, _ in trees.names_of(trees.at(self._before, first))]
        taken = {*names[:-1], *(layer.split("/")[0] for layer in layers)}
        return f"#{place + 1}" if names[-1] in taken | {""} else names[-1]

    def _next_heard(self) -> int:
        self._heard += 1
        return self._heard

    def _emit(
        self,
        pieces: list[Piece],
        arrays: list[Any],
        heard: list[int] | None = None,
        *,
        with_units: bool = False,
    ) -> None:
        """Send statistics from where the arrays are, whatever is around it."""
        heard = heard or [self._next_heard()] * len(pieces)
        kept = [
            each
            for each in zip(pieces, arrays, heard, strict=True)
            if functions.is_floating(each[1]) and np.size(each[1])
        ]
        if not kept:
            return
        arrays = [each for _, each, _ in kept]
        units = [functions.active_units(each) for each in arrays if with_units]
        emitted = Emitted(
            self._order,
            tuple(piece for piece, *_ in kept),
            tuple(at for *_, at in kept),
            tuple(int(np.size(each)) for each in arrays),
            tuple(each.size for each in units) if with_units else (0,) * len(arrays),
        )
        self._order += 1
        looked = [functions.look_at(each, exact=self._exact) for each in arrays]
        active = jnp.concatenate(units) if with_units else jnp.zeros(0, bool)
        jax.debug.callback(partial(self._receive, emitted), *functions.measured(looked), active)

    def _receive(self, emitted: Emitted, floats: Any, counts: Any, active: Any) -> None:
        totals = np.array(emitted.totals, np.int64)
        numbers = Measured(np.array(floats), np.array(counts), totals)
        self._received.parts.append((emitted, numbers, np.array(active)))


def _is_traced(leaf: Any) -> bool:
    return isinstance(leaf, jax.core.Tracer)
