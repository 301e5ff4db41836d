"""Parameters that get gradients and that no optimiser changes."""

from __future__ import annotations

import weakref
from collections.abc import Collection, Iterator, Mapping

import torch
from torch import Tensor, nn

from dlmagic.frameworks.torch import _compat as compat

_DEPTH = 4
Gradients = Mapping[int, tuple[weakref.ref[Tensor], int | None]]
"""A parameter's identity; its gradient, which is not kept alive; and how often that changed."""


def gradients(namespace: Mapping[str, object]) -> Gradients:
    """The gradients of the notebook's parameters, to tell later which of them are new."""
    return {
        id(value): (weakref.ref(value.grad), compat.version_of(value.grad))
        for _, value in reached(namespace)
        if isinstance(value, nn.Parameter) and value.grad is not None
    }


def untrained(
    namespace: Mapping[str, object], held: Collection[int], before: Gradients
) -> tuple[str, ...]:
    """Names of parameters with a new gradient that are in no optimiser.

    Args:
        namespace: The notebook's names; optimisers in them count, also in objects and containers.
        held: Identities of parameters that optimisers have been seen to change.
        before: The gradients that parameters had at the start.
    """
    found = list(reached(namespace))
    optimisers = [value for _, value in found if isinstance(value, torch.optim.Optimizer)]
    known = {id(p) for each in optimisers for group in each.param_groups for p in group["params"]}
    names = {
        id(value): name
        for name, value in reversed(found)
        if isinstance(value, nn.Parameter) and value.requires_grad and _is_new(value, before)
    }
    return tuple(sorted(name for key, name in names.items() if key not in known | set(held)))


def _is_new(parameter: nn.Parameter, before: Gradients) -> bool:
    """Whether it has a gradient that it did not have, or that was added to."""
    if parameter.grad is None:
        return False
    old, version = before.get(id(parameter), (None, None))
    is_old = old is not None and old() is parameter.grad
    return not (is_old and compat.version_of(parameter.grad) == version)


def reached(namespace: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    """The notebook's modules, parameters and optimisers, by the way that the user would write."""
    seen: set[int] = set()
    level = [(name, value) for name, value in namespace.items() if name[:1] != "_"]
    for _ in range(_DEPTH):
        fresh = [(name, value) for name, value in level if id(value) not in seen]
        seen.update(id(value) for _, value in fresh)
        yield from fresh
        level = [inner for name, value in fresh for inner in _inside(name, value)]


def _inside(name: str, value: object) -> Iterator[tuple[str, object]]:
    if isinstance(value, list | tuple):
        yield from ((f"{name}[{k}]", item) for k, item in enumerate(value[:100]))
    elif isinstance(value, dict):
        yield from ((f"{name}[{key!r}]", item) for key, item in list(value.items())[:100])
    elif isinstance(value, nn.Module):
        yield from ((f"{name}.{path}", each) for path, each in value.named_parameters())
        for path, module in value.named_modules():
            place = f"{name}.{path}" if path else name
            own = ((key, item) for key, item in vars(module).items() if key[:1] != "_")
            yield from ((f"{place}.{key}", item) for key, item in own)
    elif type(value).__module__ == "__main__" and hasattr(value, "__dict__"):
        yield from ((f"{name}.{key}", item) for key, item in vars(value).items())
