"""Parameters that get gradients and that no optimiser changes."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

import torch
from torch import nn

_DEPTH = 4


def untrained(namespace: Mapping[str, object], held: Collection[int]) -> tuple[str, ...]:
    """Names of parameters with a gradient that are in no optimiser.

    Args:
        namespace: The notebook's names; optimisers in them count, also in objects and containers.
        held: Identities of parameters that optimisers have been seen to change.
    """
    found = list(reached(namespace))
    optimisers = [value for _, value in found if isinstance(value, torch.optim.Optimizer)]
    known = {id(p) for each in optimisers for group in each.param_groups for p in group["params"]}
    names = {
        id(value): name
        for name, value in reversed(found)
        if isinstance(value, nn.Parameter) and value.requires_grad and value.grad is not None
    }
    return tuple(sorted(name for key, name in names.items() if key not in known | set(held)))


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
