"""Why a layer that was chosen has not been seen."""

from __future__ import annotations

from torch import nn

from dlmagic.magics.watch.sample_result import Silent
from dlmagic.magics.watch.torch.measuring import Measuring
from dlmagic.magics.watch.torch.plan import Target

_NEVER_CALLED = (nn.ModuleList, nn.ModuleDict, nn.ParameterList, nn.ParameterDict)


def silent_layers(measuring: Measuring) -> tuple[Silent, ...]:
    """The layers of a plan whose outputs have not been looked at in any measured step."""
    return tuple(
        Silent(target.layer.name, target.layer.kind, why)
        for target in measuring.plan.targets
        if (why := _why(target, measuring)) is not None
    )


def _why(target: Target, measuring: Measuring) -> str | None:
    unread = measuring.unread.get(target.activation)
    if unread is not None and target.activation not in measuring.plan.layout.shapes:
        return unread
    if target.activation in measuring.fired:
        return None
    if isinstance(target.module, _NEVER_CALLED):
        return "it holds layers, and is not called itself"
    if target.evaluated:
        return "it ran only in evaluation mode or without gradients"
    if not target.module.training:
        return "it is in evaluation mode"
    if _is_trained(target, measuring):
        return (
            "its parameters are trained, but it is not called: its weights are used directly, "
            "as by a fused layer, or its .forward() is called"
        )
    return "it is not called, or only by its .forward()"


def _is_trained(target: Target, measuring: Measuring) -> bool:
    own = {id(each) for each in target.module.parameters(recurse=False)}
    return bool(own & measuring.trained)
