"""What is looked at of the layers that were chosen: one row for each quantity of each of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

import torch
from torch import nn

from dlmagic.magics.watch.sample_result import Quantity, Row
from dlmagic.magics.watch.torch.groups import Watched
from dlmagic.magics.watch.watcher import Layer

MOST_VALUES, FEWEST_VALUES = 4096, 128
"""Values that are looked at of each tensor."""

VALUES_IN_ALL = 1 << 18
"""A processor pays for each value: of many tensors together no more are looked at than these, as
long as each has the fewest."""

CAN_BE_ZERO = (nn.ReLU, nn.ReLU6, nn.Threshold)
"""Layers whose outputs are zero for a whole range of inputs, and never below."""


@dataclass
class Target:
    """A layer that is looked at.

    Attributes:
        layer: Its name and class.
        module: The layer.
        before: The layer before it in the model.
        activation: Row of its outputs.
        gradient: Row of the gradients that reach them.
        in_pass: Number of the last pass that it has run in.
        calls: How often it has run in that.
        again: How often it has run within a backward pass, to compute what was not kept.
        evaluated: Whether it has run otherwise than in training.
        can_be_zero: Whether its outputs can be zero throughout, and are never below.
        calm: Whether what comes of it has been seen to stay as it is.
        restless: Whether any of it has been seen to change.
        dtype: Type of its outputs, as last seen.
        version: How often the gradient that reaches them had been changed, as last seen.
    """

    layer: Layer
    module: nn.Module
    before: nn.Module | None
    activation: int
    gradient: int
    in_pass: int = 0
    calls: int = 0
    again: int = 0
    evaluated: bool = False
    calm: bool = False
    restless: bool = False
    dtype: torch.dtype | None = None
    version: int | None = 0

    def __post_init__(self) -> None:
        self.can_be_zero = isinstance(self.module, CAN_BE_ZERO)


@dataclass
class Layout:
    """The rows of a plan, without the model.

    Attributes:
        rows: The rows, in the model's order.
        shapes: Shapes of outputs as last seen, by row.
        updates: Rows of updates, with those of their weights.
    """

    rows: list[Row] = field(default_factory=list)
    shapes: dict[int, tuple[int, ...]] = field(default_factory=dict)
    updates: list[tuple[int, int]] = field(default_factory=list)


@dataclass
class Plan:
    """What is looked at.

    Attributes:
        targets: Layers.
        parameters: Their parameters, each once.
        layout: Their rows.
        lazy: Parameters that had no shape yet.
        kept: Parameters by layer and name, to see whether the model has got others.
        held: The layers inside each of all layers, likewise.
    """

    targets: list[Target] = field(default_factory=list)
    parameters: list[Watched] = field(default_factory=list)
    layout: Layout = field(default_factory=Layout)
    lazy: list[nn.Parameter] = field(default_factory=list)
    kept: list[tuple[nn.Module, str, nn.Parameter]] = field(default_factory=list)
    held: list[tuple[nn.Module, list[nn.Module | None]]] = field(default_factory=list)

    def still_fits(self) -> bool:
        """Whether the model still has the layers, and these the parameters, that they had.

        Of a parameter that other processes have parts of (FSDP), a layer has the whole during a
        pass, and its own part again when an optimiser steps. During a functional call it has plain
        tensors in the place of parameters.
        """
        if not all(is_lazy(each) for each in self.lazy):
            return False
        if not all(list(module._modules.values()) == inside for module, inside in self.held):
            return False
        return all(
            module._parameters.get(name) is each or is_part(each) or _is_lent(module, name)
            for module, name, each in self.kept
        )

    @property
    def has_parts(self) -> bool:
        """Whether other processes have parts of the parameters."""
        return any(is_part(each) for _, _, each in self.kept)

    def values_wanted(self) -> int:
        """How many values of each tensor are looked at."""
        rows = len(self.layout.rows)
        on_accelerator = any(each.parameter.device.type != "cpu" for each in self.parameters)
        if on_accelerator or not rows:
            return MOST_VALUES
        share = 1 << ((VALUES_IN_ALL // rows).bit_length() - 1)
        return max(FEWEST_VALUES, min(share, MOST_VALUES))


def plan_for(layers: Mapping[nn.Module, Layer], chosen: Collection[str]) -> Plan:
    """The plan for some of a model's layers, by their paths."""
    plan, seen = Plan(), set[int]()
    paths = _paths_of_parameters(layers)
    before = None
    plan.held = [(module, list(module._modules.values())) for module in layers]
    for module, layer in layers.items():
        if layer.name in chosen or any(name in chosen for name in layer.also):
            _add_layer(plan, module, layer, before)
            _add_parameters(plan, module, layer, seen, paths)
        before = module if not list(module.children()) else before
    return plan


def _add_layer(plan: Plan, module: nn.Module, layer: Layer, before: nn.Module | None) -> None:
    rows = (_row(plan, layer, "activation"), _row(plan, layer, "activation-gradient"))
    if isinstance(module, nn.GroupNorm):
        known = plan.layout.rows
        known[rows[0]] = replace(known[rows[0]], groups=module.num_groups)
    plan.targets.append(Target(layer, module, before, *rows))


def _add_parameters(
    plan: Plan,
    module: nn.Module,
    layer: Layer,
    seen: set[int],
    paths: Mapping[int, list[str]],
) -> None:
    for name, parameter in module.named_parameters(recurse=False):
        has_shape = not is_lazy(parameter)
        if not has_shape:
            plan.lazy.append(parameter)
        if id(parameter) in seen or not has_shape:
            continue
        seen.add(id(parameter))
        own = f"{layer.name}.{name}" if layer.name else name
        also = tuple(path for path in paths[id(parameter)] if path != own)
        quantities: tuple[Quantity, ...] = ("gradient", "weight", "update")
        shape = tuple(parameter.shape)
        rows = [_row(plan, layer, each, name, shape, also) for each in quantities]
        plan.parameters.append(Watched(parameter, *rows))
        plan.layout.updates.append((rows[2], rows[1]))
        plan.kept.append((module, name, parameter))


def _row(
    plan: Plan,
    layer: Layer,
    quantity: Quantity,
    parameter: str = "",
    shape: tuple[int, ...] = (),
    also: tuple[str, ...] | None = None,
) -> int:
    also = layer.also if also is None else also
    rows = plan.layout.rows
    rows.append(Row(layer.name, layer.kind, quantity, parameter, shape, also))
    return len(rows) - 1


def _paths_of_parameters(layers: Mapping[nn.Module, Layer]) -> dict[int, list[str]]:
    paths: dict[int, list[str]] = {}
    for module, layer in layers.items():
        for name, parameter in module.named_parameters(recurse=False):
            for path in (layer.name, *layer.also):
                paths.setdefault(id(parameter), []).append(f"{path}.{name}" if path else name)
    return paths


def identities(model: nn.Module) -> frozenset[int]:
    """Which parameters are a model's."""
    return frozenset(id(each) for each in model.parameters())


def owned_by(optimizer: torch.optim.Optimizer) -> frozenset[int]:
    """Which parameters an optimiser changes."""
    return frozenset(id(each) for group in optimizer.param_groups for each in group["params"])


def is_part(parameter: nn.Parameter) -> bool:
    """Whether other processes have the rest of a parameter."""
    return hasattr(parameter, "to_local")


def _is_lent(module: nn.Module, name: str) -> bool:
    """Whether a layer has a tensor of somebody else for now: torch.func.functional_call."""
    tensor = module._parameters.get(name)
    return tensor is not None and not isinstance(tensor, nn.Parameter)


def is_lazy(parameter: nn.Parameter) -> bool:
    """Whether a parameter has no shape yet."""
    return bool(nn.parameter.is_lazy(parameter))
