"""Modules that are set to evaluate though they have dropout."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from torch import Tensor, nn


def with_dropout(parameters: Iterable[Tensor], namespace: Mapping[str, object]) -> tuple[str, ...]:
    """Names of the notebook's modules that hold parameters and evaluate, with dropout in them.

    Modules of which only a part evaluates, as frozen layers do, do not count.

    Args:
        parameters: Those of an optimiser.
        namespace: The notebook's names.
    """
    wanted = {id(parameter) for parameter in parameters}
    return tuple(
        name
        for name, value in namespace.items()
        if isinstance(value, nn.Module)
        and not name.startswith("_")
        and not any(module.training for module in value.modules())
        and any(_drops(module) for module in value.modules())
        and any(id(parameter) in wanted for parameter in value.parameters())
    )


def _drops(module: nn.Module) -> bool:
    kinds = (nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d, nn.AlphaDropout)
    return isinstance(module, kinds) and module.p > 0
