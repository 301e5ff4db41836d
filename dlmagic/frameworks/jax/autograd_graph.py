"""The graph behind an array: every node with its numbers, and what is kept of it.

Each step is differentiated alone by ``jax.vjp``; what that keeps is what the step keeps for the
backward pass. The gradients are then handed from step to step, from the target to the leaves.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax

from dlmagic.frameworks.backward import BackwardNode, Numbers, Unique, numbers_of_array
from dlmagic.frameworks.jax.arrays import as_array
from dlmagic.frameworks.jax.autograd_flow import Flow, is_float
from dlmagic.frameworks.jax.autograd_steps import Step

_TAKEN_APART = (
    "A compiled function takes a gradient itself. Where it calls a function with a rule of its own "
    "(custom_vjp), gradients here are not by that rule: take the gradient outside jax.jit."
)


def read_graph(target: Any, flow: Flow) -> tuple[list[BackwardNode], list[str]]:
    """Every node behind an array, those that lead to others first; and what is not known.

    Args:
        target: An array that comes from leaves.
        flow: What comes from what.
    """
    needed = _needed(target, flow)
    sweep = _Sweep(flow)
    notes = [_TAKEN_APART] if any(step.is_differentiated for step in needed) else []
    try:
        sweep.run(target, needed)
    except Exception as error:  # whatever a rule of the user's raises, or an array that is gone
        text = f"{type(error).__name__}: {error}".partition("\n")[0]
        notes.append(f"Gradients are not known: {text}")
    return _Reader(flow, sweep).read(needed), notes


def _needed(target: Any, flow: Flow) -> list[Step]:
    """The steps that an array comes from."""
    wanted, found = {id(target)}, []
    for step in reversed(flow.steps):
        if any(id(each) in wanted for each in step.outputs):
            found.append(step)
            wanted.update(id(each) for each in step.inputs if each in flow)
    return found[::-1]


class _Sweep:
    """One backward pass, step by step.

    Attributes:
        gradients: Of each array, by its identity.
        saved: Bytes that each step keeps, by the identity of the step; an array counts once.
    """

    def __init__(self, flow: Flow) -> None:
        self._flow = flow
        self._kept: dict[int, Any] = {}
        self.gradients: dict[int, Any] = {}
        self.saved: dict[int, int] = {}

    def run(self, target: Any, steps: Sequence[Step]) -> None:
        pullbacks = [self._pullback(step) for step in steps]
        self.gradients[id(target)] = jax.numpy.ones_like(target)
        for step, pullback in zip(reversed(steps), reversed(pullbacks), strict=True):
            given = [self._gradient(each) for each in step.outputs if is_float(each)]
            gradients = pullback(given)
            inputs = [each for each in step.inputs if each in self._flow]
            for array, gradient in zip(inputs, gradients, strict=True):
                before = self.gradients.get(id(array))
                self.gradients[id(array)] = gradient if before is None else before + gradient

    def _pullback(self, step: Step) -> Any:
        places = [place for place, each in enumerate(step.inputs) if each in self._flow]

        def run(*chosen: Any) -> list[Any]:
            inputs = list(step.inputs)
            for place, value in zip(places, chosen, strict=True):
                inputs[place] = value
            results = zip(step.run(*inputs), step.outputs, strict=True)
            return [result for result, output in results if is_float(output)]

        _, pullback = jax.vjp(run, *(step.inputs[place] for place in places))
        self.saved[id(step)] = self._bytes(pullback)
        return pullback

    def _bytes(self, pullback: Any) -> int:
        """Bytes of the arrays that are kept, but for those that another step keeps already."""
        kept = {id(each): each for each in jax.tree_util.tree_leaves(pullback)}
        fresh = [each for key, each in kept.items() if key not in self._kept]
        self._kept.update(kept)
        return sum(each.nbytes for each in fresh if isinstance(each, jax.Array))

    def _gradient(self, array: Any) -> Any:
        found = self.gradients.get(id(array))
        return jax.numpy.zeros_like(array) if found is None else found


class _Reader:
    """Names each node, and tells its numbers."""

    def __init__(self, flow: Flow, sweep: _Sweep) -> None:
        self._flow = flow
        self._sweep = sweep
        self._unique = Unique()
        self._names: dict[int, str] = {}
        self._nodes: list[BackwardNode] = []

    def read(self, steps: Sequence[Step]) -> list[BackwardNode]:
        for step in steps:
            used = [each for each in step.inputs if each in self._flow]
            inputs = tuple(self._name_of_input(each) for each in used)
            name = self._unique(step.operation)
            made = [each for each in step.outputs if is_float(each)]
            self._names.update((id(each), name) for each in made)
            self._nodes.append(
                BackwardNode(
                    name,
                    step.operation,
                    inputs,
                    **self._numbers(made[0]),
                    saved_bytes=self._sweep.saved.get(id(step), 0),
                    frames=step.call.frames,
                    is_custom=step.is_custom,
                )
            )
        return self._nodes

    def _name_of_input(self, array: Any) -> str:
        """The name of the node that an array comes from; a leaf becomes one when it is met."""
        if id(array) not in self._names:
            name = self._names[id(array)] = self._unique(self._flow.leaves[id(array)])
            self._nodes.append(BackwardNode(name, "leaf", **self._numbers(array)))
        return self._names[id(array)]

    def _numbers(self, array: Any) -> dict[str, Any]:
        gradient = self._sweep.gradients.get(id(array))
        return {
            "shape": tuple(array.shape),
            "dtype": str(array.dtype),
            "value": _told(array),
            "gradient": None if gradient is None else _told(gradient),
        }


def _told(array: Any) -> Numbers | None:
    view = as_array(array)
    return None if view is None else numbers_of_array(view)
