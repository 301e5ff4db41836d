"""Modules that are set to evaluate though they have dropout."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from torch import Tensor, nn

from dlmagic.frameworks.torch.reached import modules

_LAYERS = (
    *(nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d),
    *(nn.AlphaDropout, nn.FeatureAlphaDropout),
)
_FUNCTIONS = frozenset({"dropout", "dropout1d", "dropout2d", "dropout3d", "alpha_dropout"})


def with_dropout(parameters: Iterable[Tensor], namespace: Mapping[str, object]) -> tuple[str, ...]:
    """Names of the notebook's modules that hold parameters and evaluate, with dropout in them.

    Modules of which only a part evaluates, as frozen layers do, do not count.

    Args:
        parameters: Those of an optimiser.
        namespace: The notebook's names.
    """
    wanted = {id(parameter) for parameter in parameters}
    known = modules(namespace)
    parts = {id(part) for each in known.values() for part in each.modules() if part is not each}
    return tuple(
        name
        for name, value in known.items()
        if id(value) not in parts
        and not any(module.training for module in value.modules())
        and any(_drops(module) for module in value.modules())
        and any(id(parameter) in wanted for parameter in value.parameters())
    )


def _drops(module: nn.Module) -> bool:
    if isinstance(module, _LAYERS):
        return module.p > 0
    if isinstance(module, nn.RNNBase):
        return module.dropout > 0 and module.num_layers > 1
    if isinstance(module, nn.MultiheadAttention):
        return module.dropout > 0
    # F.dropout(x, training=self.training), in a forward() of the user's.
    names = set(getattr(getattr(type(module).forward, "__code__", None), "co_names", ()))
    users = not type(module).__module__.startswith("torch.")
    return users and "training" in names and bool(names & _FUNCTIONS)
