"""Samples of the steps of JAX, and the layers that become known with them."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np

from dlmagic.magics.watch.arrived import Arrived
from dlmagic.magics.watch.gathering import About, Gathering
from dlmagic.magics.watch.jax.looking import Looking, shown
from dlmagic.magics.watch.jax.step import Given, Step
from dlmagic.magics.watch.sample_result import Sample, Silent
from dlmagic.magics.watch.watcher import Layer

_MOST_PROGRAMS = 6

_NOT_COMPILED = (
    "The step is not compiled, so the outputs of layers are not measured: jax.jit around it shows "
    "them."
)
_ONLY_FROM_OUTSIDE = (
    "The step is compiled by another than jax.jit, so only weights and updates are measured."
)
_NO_GRADIENTS = (
    "No gradients were seen: they are where the step itself calls jax.grad or jax.value_and_grad "
    "by the parameters that it was given, and not model by model within jax.vmap."
)
_NO_GRADIENTS_OUTSIDE = (
    "No gradients were seen: where a compiled function that the step calls computes them, watch "
    "that function, or write jax.jit around the step."
)


class Measuring:
    """Measures the steps of one function, as long as that can be done.

    Args:
        step: The user's function.
        chosen: Paths of the layers to measure; none means all.
        exact: Whether all values are looked at.

    Attributes:
        layers: Those that are known by now.
        samples: Wait to be taken.
    """

    def __init__(self, step: Step, chosen: Collection[str], *, exact: bool) -> None:
        self._step, self._chosen = step, frozenset(chosen)
        self.layers: tuple[Layer, ...] = ()
        self.samples: Arrived[Sample] = Arrived()
        self._looking = Looking(step, exact=exact)
        self._gathering = Gathering(exact=exact)
        self._fired: set[str] = set()
        self._failed, self._suspected = "", ""

    @property
    def has_failed(self) -> bool:
        """Whether the steps cannot be measured."""
        return bool(self._failed)

    @property
    def is_suspected(self) -> bool:
        """Whether the present step could not be looked at."""
        return bool(self._suspected)

    def choose(self, layers: Collection[str]) -> None:
        """Measure these layers; none means all."""
        self._chosen = frozenset(layers)

    def begin_step(self) -> None:
        """Nothing is wrong yet with the next one."""
        self._suspected = ""

    def end_step(self) -> None:
        """The call proved to be right: what could not be looked at is not looked at again."""
        self._failed = self._failed or self._suspected

    def take_apart(self, args: Any, kwargs: Any) -> Given | None:
        """The arguments of a call; None where they cannot be taken apart."""
        try:
            return Given.of(self._step, args, kwargs)
        except Exception as error:  # the training must not suffer
            self._suspect(error)
            return None

    def look(self, step: int, given: Given) -> None:
        """Measure a step that is compiled, beside it."""
        try:
            found = self._looking.look(given)
        except Exception as error:  # the step itself tells of what is wrong with it
            self._suspect(error)
            return
        self._deliver(step, *found)
        if self._looking.compiled > _MOST_PROGRAMS:
            self._failed = (
                "The step is compiled anew again and again, as its arguments change; "
                "it is measured no longer."
            )

    def watch(self, step: int, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Measure a step that is not compiled while it is made; returns its result."""
        result, found = self._looking.watch(args, kwargs)
        self._deliver(step, *found)
        return result

    def silent(self) -> tuple[Silent, ...]:
        """Modules with parameters whose outputs were not seen."""
        if not self._fired:
            return ()
        return tuple(
            Silent(layer.name, layer.kind, self._why_silent(layer.name))
            for layer in self.layers
            if layer.name not in self._fired and self._is_chosen(layer.name)
        )

    def _why_silent(self, name: str) -> str:
        namesake = self._looking.namesakes.get(name)
        if namesake in self._fired:
            return f"its calls are counted as those of {namesake}, as it is called in its network"
        return "no call of it was seen: it is not a module, or it is called by another method"

    def notes(self, *, sampled: bool) -> tuple[str, ...]:
        """What the user should know.

        Args:
            sampled: Whether any step has been measured.
        """
        known = [self._failed]
        if sampled and not self._failed:
            known += self._what_is_missing()
        return tuple(filter(None, known))

    def _what_is_missing(self) -> list[str]:
        if self._step.inner is None and self._step.is_compiled:
            return [_ONLY_FROM_OUTSIDE]
        no_gradients, not_compiled = _NO_GRADIENTS, ""
        if not self._step.is_compiled:
            no_gradients, not_compiled = _NO_GRADIENTS_OUTSIDE, _NOT_COMPILED
        return [not_compiled, "" if self._looking.has_gradients else no_gradients]

    def _suspect(self, error: Exception) -> None:
        """It cannot be looked at, which is of no matter if the call itself proves to be wrong."""
        reason = "".join(str(error).strip().splitlines()[:1])
        self._suspected = f"The step cannot be measured ({type(error).__name__}: {reason})."

    def _deliver(self, step: int, pieces: Any, measured: Any) -> None:
        about = self._about()
        self.layers = _layers_of(about, pieces)
        chosen = {name for name in about if self._is_chosen(name)}
        places = shown(pieces)
        if not places:
            return
        sample = self._gathering.sample(step, pieces, measured, about, chosen, places)
        self._fired |= {row.layer for row in sample.rows if row.quantity == "activation"}
        self.samples.add(sample)

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


def _layers_of(about: dict[str, About], pieces: Any) -> tuple[Layer, ...]:
    sizes: dict[str, int] = {}
    for piece in pieces:
        if piece.key.quantity == "weight":
            size = int(np.prod(piece.shape))
            sizes[piece.key.layer] = sizes.get(piece.key.layer, 0) + size
    return tuple(Layer(name, each.kind, (), sizes.get(name, 0)) for name, each in about.items())
