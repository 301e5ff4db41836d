"""Gradients by PyTorch's own tape, with respect to parameters or else inputs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import torch
from torch import Tensor

from dlmagic.frameworks.gradients import Gradients, directions
from dlmagic.frameworks.torch import _compat as compat
from dlmagic.frameworks.torch.graph_questions import is_leaf

Leaves = dict[str, Tensor]


def parameters_among(reached: Iterable[tuple[str, object]]) -> Leaves:
    """The leaves that require a gradient, among what a cell reaches; by their paths."""
    tensors = {path: value for path, value in reached if isinstance(value, Tensor)}
    return {path: each for path, each in tensors.items() if each.requires_grad and is_leaf(each)}


def inputs_as_leaves(arguments: Mapping[str, object]) -> Leaves:
    """Copies of the floating-point tensors among a cell's arguments that require a gradient."""
    return {
        name: value.detach().clone().requires_grad_()
        for name, value in arguments.items()
        if isinstance(value, Tensor) and value.is_floating_point()
    }


def gradients_of(returned: tuple[object, ...], leaves: Leaves) -> Gradients | None:
    """Of the sum of all outputs, each multiplied by random numbers of its own.

    Returns:
        None where no output depends on the leaves.
    """
    outputs = [each for each in compat.pytree.tree_leaves(returned) if _has_graph(each)]
    if not outputs:
        return None
    given = directions([each.shape for each in outputs])
    with torch.enable_grad():
        parts = [
            (each * torch.from_numpy(direction).to(each)).sum()
            for each, direction in zip(outputs, given, strict=True)
        ]
        total = torch.stack([part.to(parts[0]) for part in parts]).sum()
        found = torch.autograd.grad(total, list(leaves.values()), allow_unused=True)
    return dict(zip(leaves, found, strict=True))


def _has_graph(value: object) -> bool:
    return isinstance(value, Tensor) and value.requires_grad and value.is_floating_point()
