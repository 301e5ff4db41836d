"""The layers of a PyTorch model by their paths, whatever the model is wrapped in."""

from __future__ import annotations

from torch import nn
from torch.nn.parallel import DataParallel, DistributedDataParallel

from dlmagic.frameworks.torch import _compat as compat
from dlmagic.magics.watch.watcher import Layer


def is_model(value: object) -> bool:
    """Whether a value is a model of PyTorch, also one that is compiled or wrapped."""
    return isinstance(value, nn.Module)


def unwrapped(model: nn.Module) -> nn.Module:
    """The model inside what ``torch.compile`` and the parallel wrappers make of it."""
    inner: object = compat.unwrapped(model)
    if isinstance(inner, DataParallel | DistributedDataParallel):
        inner = inner.module
    if inner is model or not isinstance(inner, nn.Module):
        return model
    return unwrapped(inner)


def layers_of(model: nn.Module) -> dict[nn.Module, Layer]:
    """Every layer once, with all its paths, in the model's order."""
    names: dict[nn.Module, list[str]] = {}
    for name, module in unwrapped(model).named_modules(remove_duplicate=False):
        if not _is_compiled(module):
            names.setdefault(module, []).append(_as_written(name))
    return {module: _layer(module, found) for module, found in names.items()}


def paths_of(model: nn.Module) -> list[str]:
    """A path of every layer, in the model's order."""
    modules = unwrapped(model).named_modules()
    return [_as_written(name) for name, module in modules if not _is_compiled(module)]


def _is_compiled(module: nn.Module) -> bool:
    return compat.unwrapped(module) is not module


def _layer(module: nn.Module, names: list[str]) -> Layer:
    own = sum(each.numel() for each in module.parameters(recurse=False) if _has_size(each))
    return Layer(names[0], type(module).__name__, tuple(names[1:]), own)


def _has_size(parameter: nn.Parameter) -> bool:
    return not nn.parameter.is_lazy(parameter)


def _as_written(name: str) -> str:
    """A path without the steps into what ``torch.compile`` made."""
    return ".".join(part for part in name.split(".") if part != "_orig_mod")
