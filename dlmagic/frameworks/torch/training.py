"""What a notebook with PyTorch holds that has to do with training."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import torch

from dlmagic.frameworks.torch import _compat as compat
from dlmagic.frameworks.torch.reached import held_by, modules, optimisers, reached
from dlmagic.frameworks.torch.renewed import renewed
from dlmagic.frameworks.torch.unregistered import unregistered
from dlmagic.frameworks.torch.untrained import untrained
from dlmagic.frameworks.training import Renewed, Training, Unregistered


class TorchTraining(Training):
    """Asked after a cell; made ahead of it, to know which optimisers had stepped by then.

    Args:
        namespace: The notebook's names.
    """

    def __init__(self, namespace: Mapping[str, object]) -> None:
        self._namespace = namespace
        self._stepped = {
            id(each) for each in optimisers(namespace).values() if compat.has_stepped(each)
        }

    def untrained(self, held: Collection[int], with_gradient: Collection[int]) -> tuple[str, ...]:
        """Names of parameters that gradients have reached and that are in no optimiser."""
        return untrained(self._namespace, held, with_gradient)

    def renewed(self, held: Collection[int], with_gradient: Collection[int]) -> Renewed | None:
        """The model that took the place of the one whose parameters an optimiser holds."""
        return renewed(self._namespace, held, with_gradient)

    def holding(self, with_gradient: Collection[int]) -> tuple[str, ...]:
        """Names of the optimisers that hold some of these parameters."""
        known = optimisers(self._namespace).items()
        return tuple(name for name, each in known if held_by(each).intersection(with_gradient))

    def holds(self, name: str, held: Collection[int]) -> bool:
        """Whether an optimiser or module of this name has some of these parameters."""
        value = self._namespace.get(name)
        if isinstance(value, torch.nn.Module):
            return not {id(each) for each in value.parameters()}.isdisjoint(held)
        return isinstance(value, torch.optim.Optimizer) and not held_by(value).isdisjoint(held)

    def name_of(self, module: int, kind: str) -> str | None:
        """What the user calls a module; an empty text for a part of another, None if nothing."""
        known = modules(self._namespace)
        parts = {id(part) for m in known.values() for part in m.modules() if part is not m}
        if module in parts:
            return ""
        names = (k for k, m in known.items() if id(m) == module and type(m).__name__ == kind)
        return next(names, None)

    def unregistered(self) -> tuple[Unregistered, ...]:
        """What modules keep in plain lists and the like."""
        return unregistered(self._namespace)

    def scheduled(self, name: str) -> int | None:
        """Identity of the optimiser whose learning rate the scheduler of this name changes."""
        name = f".{name.removeprefix('self.')}" if name.startswith("self.") else name
        values = [
            value
            for known, value in reached(self._namespace)
            if known == name or (name[:1] == "." and known.endswith(name))
        ]
        found: list[Any] = [each for each in values if _goes_first(type(each))]
        return id(found[0].optimizer) if found else None

    def is_scheduler(self, kind: str) -> bool:
        """Whether a class of this name schedules learning rates."""
        found = getattr(torch.optim.lr_scheduler, kind, None)
        return isinstance(found, type) and _goes_first(found)

    def has_stepped(self, optimizer: int) -> bool:
        """Whether an optimiser has stepped before the cell ran."""
        return optimizer in self._stepped

    def made_with_rate(self, optimizer: int) -> float | None:
        """The learning rate that an optimiser was made with and still has; None for any other."""
        for each in optimisers(self._namespace).values():
            made = each.defaults.get("lr")
            if id(each) == optimizer and isinstance(made, int | float):
                # Rprop does not multiply by its rate: it is where its steps begin.
                same = all(group.get("lr") == made for group in each.param_groups)
                return float(made) if same and not isinstance(each, torch.optim.Rprop) else None
        return None

    def has_gradient_hooks(self) -> bool:
        """Whether functions are called with gradients, which then need no step to be of use."""
        parts = [part for m in modules(self._namespace).values() for part in m.modules()]
        hooked = any(compat.has_backward_hooks(part) for part in parts)
        return hooked or any(any(compat.hooks_of(p)) for part in parts for p in part.parameters())


def _goes_first(kind: type) -> bool:
    """Whether a scheduler's first step leaves the first rate; waiting for a plateau it does not."""
    schedules = torch.optim.lr_scheduler
    return issubclass(kind, schedules.LRScheduler) and not issubclass(
        kind, schedules.ReduceLROnPlateau
    )
