"""Parameters that are meant to be trained, and are not."""

from __future__ import annotations

from collections.abc import Collection

from torch import nn

from dlmagic.magics.watch.sample_result import Untrained
from dlmagic.magics.watch.torch.measuring import Measuring
from dlmagic.magics.watch.torch.plan import Target
from dlmagic.magics.watch.torch.values import unreadable

NOTHING_TRAINED = Untrained("", "", optimised=True)


def untrained_layers(measuring: Measuring, owned: Collection[int]) -> tuple[Untrained, ...]:
    """Layers that ran in a measured step, and whose parameters require gradients in vain.

    Args:
        measuring: Knows which parameters had gradients, as far as they were an optimiser's.
        owned: Identities of the parameters of all optimisers that have stepped.
    """
    ran = [each for each in measuring.plan.targets if each.activation in measuring.fired]
    wanted = [(target, own) for target in ran if (own := _wanted(target))]
    told = [_untrained(target, own, measuring, owned) for target, own in wanted]
    found = tuple(each for each in told if each is not None)
    if found and len(found) == len(wanted) and all(each.optimised for each in found):
        return (NOTHING_TRAINED,)
    return found


def _wanted(target: Target) -> list[nn.Parameter]:
    """The layer's own parameters that require gradients; those of sparse ones are not looked at."""
    if getattr(target.module, "sparse", False):
        return []
    own = target.module.parameters(recurse=False)
    return [each for each in own if each.requires_grad and unreadable(each) is None]


def _untrained(
    target: Target, wanted: list[nn.Parameter], measuring: Measuring, owned: Collection[int]
) -> Untrained | None:
    layer = target.layer
    if not any(id(each) in owned for each in wanted):
        return Untrained(layer.name, layer.kind, optimised=False)
    if any(id(each) in measuring.trained or each.grad is not None for each in wanted):
        return None
    return Untrained(layer.name, layer.kind, optimised=True)
