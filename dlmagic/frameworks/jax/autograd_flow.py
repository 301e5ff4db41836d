"""Which arrays come from leaves, and where gradients stop on the way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import jax
import numpy as np

from dlmagic.frameworks.backward import Cut, Why
from dlmagic.frameworks.jax.autograd_steps import Step
from dlmagic.frameworks.named import Named

_SPOKEN = {"convert_element_type": "astype"}


@dataclass
class Flow:
    """Which arrays come from leaves.

    Attributes:
        steps: Those that gradients go through, in order.
        makers: The step that made an array, by the identity of the array.
        leaves: The user's name of each leaf, by the identity of the array.
        arrays: Both kinds of arrays, held so that they keep their identities.
        cuts: Where gradients stop.
    """

    steps: list[Step] = field(default_factory=list)
    makers: dict[int, Step] = field(default_factory=dict)
    leaves: dict[int, str] = field(default_factory=dict)
    arrays: dict[int, Any] = field(default_factory=dict)
    cuts: list[Cut] = field(default_factory=list)

    def __contains__(self, array: object) -> bool:
        return id(array) in self.arrays

    def has_graph(self, value: object) -> bool:
        """Whether a value was made by a step of these."""
        return id(value) in self.makers


def is_float(value: object) -> bool:
    """Whether it is an array that gradients can go through."""
    return isinstance(value, jax.Array) and jax.numpy.issubdtype(value.dtype, np.inexact)


def follow(steps: Sequence[Step], names: Named) -> Flow:
    """Follow the leaves through all steps.

    Args:
        steps: In order.
        names: The user's name of each array that may be a leaf, and the array, by its identity.
            One that comes from another leaf, or from behind a cut, is none.
    """
    flow, made = Flow(), {id(each) for step in steps for each in step.outputs}
    for key, (name, array) in names.items():
        if key not in made and is_float(array):
            _add_leaf(flow, key, name, array)
    dead: dict[int, Any] = {}
    for step, following in pairwise([*steps, None]):
        assert step is not None
        if any(id(each) in flow.arrays for each in step.inputs):
            _pass_through(flow, step, following, dead)
            continue
        for each in step.outputs:
            if any(id(given) in dead for given in step.inputs):
                dead[id(each)] = each
            elif id(each) in names and is_float(each):
                _add_leaf(flow, id(each), names[id(each)][0], each)
    return flow


def _add_leaf(flow: Flow, key: int, name: str, array: Any) -> None:
    flow.leaves[key] = name
    flow.arrays[key] = array


def _pass_through(flow: Flow, step: Step, following: Step | None, dead: dict[int, Any]) -> None:
    """Note what a step makes of arrays that come from leaves.

    A cut is the user's only where it ends what they called: JAX's own functions have some inside.
    """
    through = [each for each in step.outputs if is_float(each)]
    if through and step.operation != "stop_gradient":
        flow.steps.append(step)
        flow.makers.update((id(each), step) for each in through)
        flow.arrays.update((id(each), each) for each in through)
        return
    dead.update((id(each), each) for each in step.outputs)
    if following is None or following.call != step.call:
        why: Why = "detach" if through else "integer"
        name = _SPOKEN.get(step.operation, step.operation)
        flow.cuts.append(Cut(why, name, step.call.frames))
