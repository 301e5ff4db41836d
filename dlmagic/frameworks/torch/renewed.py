"""Optimisers that hold what a model was before it was made again."""

from __future__ import annotations

import inspect
from collections.abc import Collection, Iterable, Mapping

import torch

from dlmagic.frameworks.torch.reached import held_by, modules, optimisers, reached
from dlmagic.frameworks.training import Renewed


def renewed(
    namespace: Mapping[str, object], held: Collection[int], with_gradient: Collection[int]
) -> Renewed | None:
    """The model that gets the gradients in place of the one that an optimiser holds.

    The optimiser's parameters must be out of reach of all names, and the model in no optimiser.
    """
    mine = next(
        (each for each in optimisers(namespace).items() if held_by(each[1]) == set(held)), None
    )
    tensors = {id(value) for _, value in reached(namespace) if isinstance(value, torch.Tensor)}
    if mine is None or tensors.intersection(held):
        return None
    known = frozenset().union(*map(held_by, optimisers(namespace).values()))
    fitting = [
        (name, module)
        for name, module in modules(namespace).items()
        if (keys := {id(p) for p in module.parameters()})
        and keys.intersection(with_gradient)
        and not keys & known
    ]
    if not fitting:
        return None
    name, optimiser = mine
    shapes = _shapes(p for group in optimiser.param_groups for p in group["params"])
    # Of several, the one of the old shapes; else the first, which changed as it was made again.
    model, _ = min(fitting, key=lambda each: _shapes(each[1].parameters()) != shapes)
    return Renewed(name, model, f"{name} = {_call(optimiser, model)}")


def _shapes(parameters: Iterable[torch.Tensor]) -> list[tuple[int, ...]]:
    return [tuple(each.shape) for each in parameters]


def _call(optimiser: torch.optim.Optimizer, model: str) -> str:
    """How the optimiser was made, as far as it says: with what is not its class's default."""
    kind = type(optimiser)
    name = kind.__name__
    known = f"torch.optim.{name}" if getattr(torch.optim, name, None) is kind else name
    defaults = {
        key: each.default for key, each in inspect.signature(kind.__init__).parameters.items()
    }
    options = [
        f", {key}={value!r}"
        for key, value in optimiser.defaults.items()
        if key in defaults and isinstance(value, int | float | bool | tuple)
        if key == "lr" or value != defaults[key]
    ]
    return f"{known}({model}.parameters(){''.join(options)})"
