"""The modules, parameters and optimisers of a notebook, by the way that the user would write."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import torch
from torch import nn

_DEPTH = 4
_ITEMS = 100


def reached(namespace: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    """What the notebook's names lead to, each value under its shortest name first."""
    seen: set[int] = set()
    level = [(name, value) for name, value in list(namespace.items()) if name[:1] != "_"]
    for _ in range(_DEPTH):
        fresh = [(name, value) for name, value in level if id(value) not in seen]
        seen.update(id(value) for _, value in fresh)
        yield from fresh
        level = [inner for name, value in fresh for inner in _inside(name, value)]


def optimisers(namespace: Mapping[str, object]) -> dict[str, torch.optim.Optimizer]:
    """All optimisers, also those in objects and containers."""
    return {
        name: value
        for name, value in reached(namespace)
        if isinstance(value, torch.optim.Optimizer)
    }


def modules(namespace: Mapping[str, object]) -> dict[str, nn.Module]:
    """All modules that have a way to them besides being registered in another."""
    return {name: value for name, value in reached(namespace) if isinstance(value, nn.Module)}


def held_by(optimiser: torch.optim.Optimizer) -> frozenset[int]:
    """Identities of the parameters that an optimiser changes."""
    return frozenset(id(p) for group in optimiser.param_groups for p in group["params"])


def _inside(name: str, value: object) -> Iterator[tuple[str, object]]:
    if isinstance(value, list | tuple):
        yield from ((f"{name}[{k}]", item) for k, item in enumerate(value[:_ITEMS]))
    elif isinstance(value, dict):
        yield from ((f"{name}[{key!r}]", item) for key, item in list(value.items())[:_ITEMS])
    elif isinstance(value, nn.Module):
        yield from ((f"{name}.{path}", each) for path, each in value.named_parameters())
        for path, module in value.named_modules():
            place = f"{name}.{path}" if path else name
            own = ((key, item) for key, item in vars(module).items() if key[:1] != "_")
            yield from ((f"{place}.{key}", item) for key, item in own)
    elif type(value).__module__ == "__main__" and hasattr(value, "__dict__"):
        yield from ((f"{name}.{key}", item) for key, item in vars(value).items())
