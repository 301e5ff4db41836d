"""Watching a step function of JAX: its state, its gradients and the modules that it calls."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Collection
from time import perf_counter
from typing import Any

import jax
import numpy as np

from dlmagic.magics.watch.arrived import Arrived
from dlmagic.magics.watch.clockwork import Stopwatch
from dlmagic.magics.watch.gathering import About, Gathering
from dlmagic.magics.watch.jax import trees
from dlmagic.magics.watch.jax.faults import culprit_of
from dlmagic.magics.watch.jax.looking import Looking, shown
from dlmagic.magics.watch.jax.step import Given, Step
from dlmagic.magics.watch.pacing import Pacing
from dlmagic.magics.watch.sample_result import Overhead, Sample, Silent, Untrained
from dlmagic.magics.watch.watcher import Layer, Listener, Rate

_MOST_PROGRAMS = 6
_MOST_UNCHECKED = 2

_Unchecked = tuple[int, Any, list[Any]]
"""A step, what it was given, and the numbers that came of it."""

_NOT_COMPILED = (
    "The step is not compiled, so the outputs of layers are not measured: jax.jit around it shows "
    "them."
)
_ONLY_FROM_OUTSIDE = (
    "The step is compiled by another than jax.jit, so only weights and updates are measured."
)
_NO_GRADIENTS = (
    "No gradients were seen: they are where the step itself calls jax.grad or jax.value_and_grad, "
    "by its parameters."
)


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
        self._rate, self._chosen = rate, frozenset(layers)
        self.layers: tuple[Layer, ...] = ()
        self.steps, self.skipped = 0, 0
        self._listener: Listener | None = None
        self._paused, self._failed = False, ""
        self._suspected = ""
        self._pacing = Pacing(rate)
        self._stopwatch = Stopwatch(self._pacing)
        self._looking = Looking(self._step, exact=rate.exact)
        self._gathering = Gathering(exact=rate.exact)
        self._samples: Arrived[Sample] = Arrived()
        self._losses: Arrived[tuple[int, float]] = Arrived()
        self._unchecked: deque[_Unchecked] = deque()
        self._checking = threading.Lock()
        self._fired: set[str] = set()
        self._told = False
        self._end_is_due = False

    def begin(self, listener: Listener) -> None:
        """Attach."""
        self._listener = listener

    def end(self) -> None:
        """Detach: the function is then only called."""
        listener, self._listener = self._listener, None
        if listener is not None:
            self._check(listener, wait=True)

    def choose(self, layers: Collection[str]) -> None:
        """Measure these layers; none means all."""
        self._chosen = frozenset(layers)

    def pause(self) -> None:
        """Measure nothing until :meth:`resume`."""
        self._paused = True

    def resume(self) -> None:
        """Measure again."""
        self._paused = False

    def take(self, *, wait: bool = False) -> list[Sample]:
        """Samples since it was last called; all have arrived, but perhaps not all losses."""
        if wait and self._listener is not None:
            self._check(self._listener, wait=True)
        return self._samples.taken()

    def losses(self) -> list[tuple[int, float]]:
        """Steps and losses since it was last called."""
        return self._losses.taken()

    def overhead(self) -> Overhead:
        """What watching has cost."""
        return self._pacing.overhead()

    def silent(self) -> tuple[Silent, ...]:
        """Modules with parameters whose outputs were not seen."""
        if not self._fired:
            return ()
        why = "no call of it was seen: it is not a module, or it is called by another method"
        return tuple(
            Silent(layer.name, layer.kind, why)
            for layer in self.layers
            if layer.name not in self._fired and self._is_chosen(layer.name)
        )

    def untrained(self) -> tuple[Untrained, ...]:
        """None: nobody tells."""
        return ()

    def notes(self) -> tuple[str, ...]:
        """What the user should know."""
        known = [self._failed]
        if self._pacing.sampled and not self._failed:
            known += self._what_is_missing()
        return tuple(filter(None, known))

    def _what_is_missing(self) -> list[str]:
        if self._step.inner is None and self._step.is_compiled:
            return [_ONLY_FROM_OUTSIDE]
        not_compiled = "" if self._step.is_compiled else _NOT_COMPILED
        return [not_compiled, "" if self._looking.has_gradients else _NO_GRADIENTS]

    def call(self, *args: Any, **kwargs: Any) -> Any:
        """Make a step; its result is that of the user's function, which alone computes it."""
        listener = self._listener
        if listener is None:
            return self._step.function(*args, **kwargs)
        self._end_where_due(listener)
        self._suspected = ""
        step, began, own = self.steps + 1, perf_counter(), 0.0
        due = not self._paused and not self._failed and self._pacing.due(step)
        # A module is changed in place, so what it was must be known before.
        needed = self._step.inner is not None and (due or self._step.is_nnx)
        given = self._given(args, kwargs) if needed else None
        if due and given is not None:
            jax.block_until_ready(given.arrays)
            began = perf_counter()
            self._look(step, given)
            own = perf_counter() - began
        result = self._make(step, args, kwargs, due)
        self._failed = self._failed or self._suspected
        self.steps = step
        self._unchecked.append((step, given or (args, kwargs), trees.scalars_in(result)))
        self._check(listener)
        self._stopwatch.step_ended(step, steps=1, measured=due, own=own)
        # An end here would take the result away, which then is all that there is of the state.
        self._end_is_due = listener.wants_end() and trees.are_taken((args, kwargs))
        if not self._end_is_due:
            listener.step_ended(step)
        return result

    def _end_where_due(self, listener: Listener) -> None:
        """End the training before the next step, should that still be wanted."""
        if self._end_is_due:
            self._end_is_due = False
            listener.step_ended(self.steps)

    def prepare(self, *args: Any, **kwargs: Any) -> bool:
        """Learn which layers there are from the arguments of the first step, without making it.

        Returns whether it could be looked at.
        """
        self._suspected = ""
        given = self._given(args, kwargs) if self._step.inner is not None else None
        if given is not None:
            self._look(1, given)
            self._samples.taken()
        if not self.layers:
            values = [*args, *kwargs.values()]
            names = trees.names_of(trees.parameters_in(values[0])) if values else []
            layers = list(dict.fromkeys(layer for layer, _ in names)) or [""]
            self.layers = tuple(Layer(layer, "") for layer in layers)
        return not self._suspected

    def _given(self, args: Any, kwargs: Any) -> Given | None:
        try:
            return Given.of(self._step, args, kwargs)
        except Exception as error:  # the training must not suffer
            self._fail(error)
            return None

    def _make(self, step: int, args: Any, kwargs: Any, due: bool) -> Any:
        function = self._step.function
        if not due or self._step.inner is not None:
            return function(*args, **kwargs)
        values = [*args, *kwargs.values()]
        result, found = self._looking.watch(lambda: function(*args, **kwargs), values)
        self._deliver(step, *found)
        return result

    def _look(self, step: int, given: Given) -> None:
        try:
            found = self._looking.look(given)
        except Exception as error:  # the step itself tells of what is wrong with it
            self._fail(error)
            return
        self._deliver(step, *found)
        if self._looking.compiled > _MOST_PROGRAMS:
            self._failed = (
                "The step is compiled anew again and again, as its arguments change; "
                "it is measured no longer."
            )

    def _fail(self, error: Exception) -> None:
        """It cannot be looked at, which is of no matter if the call itself proves to be wrong."""
        reason = "".join(str(error).strip().splitlines()[:1])
        self._suspected = f"The step cannot be measured ({type(error).__name__}: {reason})."

    def _deliver(self, step: int, pieces: Any, measured: Any) -> None:
        about = self._about()
        self._learn(about, pieces)
        chosen = {name for name in about if self._is_chosen(name)}
        places = shown(pieces)
        if not places:
            return
        sample = self._gathering.sample(step, pieces, measured, about, chosen, places)
        self._fired |= {row.layer for row in sample.rows if row.quantity == "activation"}
        self._samples.add(sample)

    def _is_chosen(self, name: str) -> bool:
        return not self._chosen or name in self._chosen

    def _about(self) -> dict[str, About]:
        looking = self._looking
        called = list(looking.kinds)
        names = [*(each for each in looking.parameters if each not in called), *called]
        names.sort(key=bool)  # the model itself comes first
        return {
            name: About(looking.kinds.get(name, ""), (), tuple(looking.parameters.get(name, ())))
            for name in names
        }

    def _learn(self, about: dict[str, About], pieces: Any) -> None:
        sizes: dict[str, int] = {}
        for piece in pieces:
            if piece.key.quantity == "weight":
                size = int(np.prod(piece.shape))
                sizes[piece.key.layer] = sizes.get(piece.key.layer, 0) + size
        self.layers = tuple(
            Layer(name, each.kind, (), sizes.get(name, 0)) for name, each in about.items()
        )

    def _check(self, listener: Listener, *, wait: bool = False) -> None:
        """Losses that have been computed by now; on a processor that of this step, too."""
        at_once = wait or jax.default_backend() == "cpu"
        while unchecked := self._next_unchecked(at_once=at_once):
            step, given, scalars = unchecked
            numbers = [float(each) for each in scalars if not each.is_deleted()]
            if numbers:
                self._losses.add((step, numbers[0]))
            if np.isfinite(numbers).all():
                # Where it ends a training, the next one is to end on it, too; else one is enough.
                self._told = self._told and not listener.heeds_all()
            elif not self._told:
                self._told = True
                known = given if isinstance(given, Given) else self._given(*given)
                arrays = known.arrays if known else given
                over = self._step.is_nnx or trees.are_taken(arrays)
                listener.not_finite(culprit_of(self._step, step, known, numbers), over=over)

    def _next_unchecked(self, *, at_once: bool) -> _Unchecked | None:
        with self._checking:  # the thread that trains is not the only one that asks
            if not self._unchecked:
                return None
            late = at_once or len(self._unchecked) > _MOST_UNCHECKED
            if not late and not all(each.is_ready() for each in self._unchecked[0][2]):
                return None
            return self._unchecked.popleft()
