"""Watching a step function of JAX: its state, its gradients and the modules that it calls."""

from __future__ import annotations

from collections.abc import Callable, Collection
from time import perf_counter
from typing import Any

import jax

from dlmagic.magics.watch.clockwork import Stopwatch
from dlmagic.magics.watch.jax import trees
from dlmagic.magics.watch.jax.measuring import Measuring
from dlmagic.magics.watch.jax.results import Results
from dlmagic.magics.watch.jax.step import Step
from dlmagic.magics.watch.pacing import Pacing
from dlmagic.magics.watch.sample_result import Overhead, Sample, Silent, Untrained
from dlmagic.magics.watch.watcher import Layer, Listener, Rate


def is_step(value: object) -> bool:
    """Whether this could be a step function: something to call that is no class."""
    return callable(value) and not isinstance(value, type)


def is_compiled(step: Callable[..., Any]) -> bool:
    """Whether this is a function of ``jax.jit`` or ``nnx.jit``."""
    return Step.of(step).inner is not None


class JaxWatcher:
    """Measures the steps that are made through :attr:`call`.

    Args:
        step: The user's function; its first call tells which layers there are.
        layers: Paths of the layers to measure; none means all.
        rate: How often.
    """

    framework = "jax"

    def __init__(self, step: Callable[..., Any], layers: Collection[str], rate: Rate) -> None:
        self._step = Step.of(step)
        self.steps, self.skipped = 0, 0
        self._listener: Listener | None = None
        self._paused, self._end_is_due = False, False
        self._pacing = Pacing(rate)
        self._stopwatch = Stopwatch(self._pacing)
        self._measuring = Measuring(self._step, layers, exact=rate.exact)
        self._results = Results(self._step, self._measuring.take_apart)

    @property
    def layers(self) -> tuple[Layer, ...]:
        """Those that are known by now."""
        return self._measuring.layers

    def begin(self, listener: Listener) -> None:
        """Attach."""
        self._listener = listener

    def end(self) -> None:
        """Detach: the function is then only called."""
        listener, self._listener = self._listener, None
        if listener is not None:
            self._results.check(listener, wait=True)

    def choose(self, layers: Collection[str]) -> None:
        """Measure these layers; none means all."""
        self._measuring.choose(layers)

    def pause(self) -> None:
        """Measure nothing until :meth:`resume`."""
        self._paused = True

    def resume(self) -> None:
        """Measure again."""
        self._paused = False

    def take(self, *, wait: bool = False) -> list[Sample]:
        """Samples since it was last called; all have arrived, but perhaps not all losses."""
        if wait and self._listener is not None:
            self._results.check(self._listener, wait=True)
        return self._measuring.samples.taken()

    def losses(self) -> list[tuple[int, float]]:
        """Steps and losses since it was last called."""
        return self._results.losses.taken()

    def overhead(self) -> Overhead:
        """What watching has cost."""
        return self._pacing.overhead()

    def silent(self) -> tuple[Silent, ...]:
        """Modules with parameters whose outputs were not seen."""
        return self._measuring.silent()

    def untrained(self) -> tuple[Untrained, ...]:
        """None: nobody tells."""
        return ()

    def notes(self) -> tuple[str, ...]:
        """What the user should know."""
        return self._measuring.notes(sampled=bool(self._pacing.sampled))

    def call(self, *args: Any, **kwargs: Any) -> Any:
        """Make a step; its result is that of the user's function, which alone computes it."""
        listener = self._listener
        if listener is None:
            return self._step.function(*args, **kwargs)
        self._end_where_due(listener)
        measuring, step, own = self._measuring, self.steps + 1, 0.0
        measuring.begin_step()
        due = not self._paused and not measuring.has_failed and self._pacing.due(step)
        # A module is changed in place, so what it was must be known before.
        needed = self._step.inner is not None and (due or self._step.is_nnx)
        given = measuring.take_apart(args, kwargs) if needed else None
        if due and given is not None:
            jax.block_until_ready(given.arrays)
            began = perf_counter()
            measuring.look(step, given)
            own = perf_counter() - began
        result = self._make(step, args, kwargs, due)
        measuring.end_step()
        self.steps = step
        self._results.add(step, given or (args, kwargs), result)
        self._results.check(listener)
        self._stopwatch.step_ended(step, steps=1, measured=due, own=own)
        # An end here would take the result away, which then is all that there is of the state.
        self._end_is_due = listener.wants_end() and trees.are_taken((args, kwargs))
        if not self._end_is_due:
            listener.step_ended(step)
        return result

    def _make(self, step: int, args: Any, kwargs: Any, due: bool) -> Any:
        function = self._step.function
        if not due or self._step.inner is not None:
            return function(*args, **kwargs)
        return self._measuring.watch(step, args, kwargs)

    def _end_where_due(self, listener: Listener) -> None:
        """End the training before the next step, should that still be wanted."""
        if self._end_is_due:
            self._end_is_due = False
            listener.step_ended(self.steps)

    def prepare(self, *args: Any, **kwargs: Any) -> bool:
        """Learn which layers there are from the arguments of the first step, without making it.

        Returns whether it could be looked at.
        """
        measuring, began = self._measuring, perf_counter()
        measuring.begin_step()
        given = measuring.take_apart(args, kwargs) if self._step.inner is not None else None
        if given is not None:
            measuring.look(1, given)
            measuring.samples.taken()
            self._pacing.prepared(perf_counter() - began)
        if not measuring.layers:
            measuring.layers = _layers_in([*args, *kwargs.values()])
        return not measuring.is_suspected


def _layers_in(values: list[Any]) -> tuple[Layer, ...]:
    """The layers whose parameters the first of a step's arguments has."""
    names = trees.names_of(trees.parameters_in(values[0])) if values else []
    layers = list(dict.fromkeys(layer for layer, _ in names)) or [""]
    return tuple(Layer(layer, "") for layer in layers)
