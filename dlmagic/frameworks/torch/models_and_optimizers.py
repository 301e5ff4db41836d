"""What does not fit among the notebook's models and optimisers, from their metadata alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping

import torch
from torch import Tensor, nn

from dlmagic.frameworks.description import told


def on_several_devices(namespace: Mapping[str, object]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Names of models whose parameters lie on several devices, and the devices.

    Models that a library has spread on purpose say so in an attribute of theirs.
    """
    for name, value in namespace.items():
        if name[:1] == "_" or not isinstance(value, nn.Module) or "hf_device_map" in vars(value):
            continue
        parameters = told(lambda: list(value.parameters())) or []  # noqa: B023 - called at once
        devices = dict.fromkeys(str(parameter.device) for parameter in parameters)
        if len(devices) > 1:
            yield name, tuple(devices)


def of_former_models(
    namespace: Mapping[str, object], known: Collection[int]
) -> Iterator[tuple[str, str]]:
    """Names of optimisers of parameters that are gone, and of the model that came in their place.

    Args:
        namespace: The notebook's names.
        known: Identities of all tensors that its names lead to.
    """
    models = [
        (name, each)
        for name, each in namespace.items()
        if name[:1] != "_" and isinstance(each, nn.Module)
    ]
    for name, value in namespace.items():
        if name[:1] == "_" or not isinstance(value, torch.optim.Optimizer):
            continue
        held = [parameter for group in value.param_groups for parameter in group["params"]]
        shapes = _shapes(held)
        if not held or shapes is None or any(id(parameter) in known for parameter in held):
            continue
        alike = (model for model, module in models if _shapes(module.parameters()) == shapes)
        model = next(alike, None)
        if model is not None:
            yield name, model


def _shapes(tensors: Iterable[Tensor]) -> Counter[tuple[int, ...]] | None:
    """How many tensors there are of each shape; None where one has no shape yet."""
    return told(lambda: Counter(tuple(each.shape) for each in tensors))
