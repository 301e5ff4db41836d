"""The layers of a model of PyTorch as they lie in it, and what is no layer but a wrapper."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import nn

from dlmagic.frameworks.torch import _compat as compat
from dlmagic.magics.watch.summary.calls import Holder, Weight

_GROUPS = (nn.ModuleList, nn.ModuleDict)


def is_model(value: object) -> bool:
    """Whether it is a module, compiled or not."""
    return isinstance(value, nn.Module)


def inside_wrappers(model: nn.Module) -> tuple[nn.Module, list[str]]:
    """The module behind what compiles it or spreads it over devices, and what to say of that."""
    notes = []
    while True:
        inner = compat.unwrapped(model)
        if inner is not model and isinstance(inner, nn.Module):
            notes.append("The compiled model is looked at as it runs without its compiler.")
        elif isinstance(model, nn.DataParallel | nn.parallel.DistributedDataParallel):
            notes.append(f"The model inside {type(model).__name__} is looked at, on its own.")
            inner = model.module
        else:
            return model, notes
        model = inner


def modules_of(model: nn.Module) -> dict[str, nn.Module]:
    """Every module by its path, each once; what compiles a part of the model is left out."""
    return {
        without_wrapper(path): module
        for path, module in model.named_modules()
        if not _is_wrapper(module)
    }


def _is_wrapper(module: nn.Module) -> bool:
    """Whether it is what ``torch.compile`` makes of a module."""
    return compat.unwrapped(module) is not module


def without_wrapper(path: str) -> str:
    """The path as if no part of the model was compiled."""
    return ".".join(part for part in path.split(".") if part != "_orig_mod")


def holders_of(model: nn.Module) -> tuple[Holder, ...]:
    """The layers, in the order in which they lie in the model."""
    paths: dict[nn.Module, list[str]] = {}
    for path, module in model.named_modules(remove_duplicate=False):
        paths.setdefault(module, []).append(without_wrapper(path))
    return tuple(_holder(path, module, paths[module]) for path, module in modules_of(model).items())


def _holder(path: str, module: nn.Module, paths: list[str]) -> Holder:
    return Holder(
        path=path,
        kind=kind_of(module),
        own=tuple(_weights(module, recurse=False)),
        inside=tuple(_weights(module, recurse=True)),
        also=tuple(other for other in dict.fromkeys(paths) if other != path),
        group=isinstance(module, _GROUPS),
    )


def kind_of(module: nn.Module) -> str:
    """The module's class; of a scripted one, what it was before."""
    return str(getattr(module, "original_name", "") or type(module).__name__)


def _weights(module: nn.Module, *, recurse: bool) -> Iterator[Weight]:
    for name, parameter in module.named_parameters(recurse=recurse, remove_duplicate=recurse):
        known = not compat.is_lazy(parameter)
        size = parameter.numel() if known else 0
        nbytes = size * parameter.element_size() if known else 0
        yield Weight(id(parameter), name, size, nbytes, parameter.requires_grad)


def lazy_layers(model: nn.Module) -> list[str]:
    """Paths of layers whose parameters get their shapes in the first call."""
    return [
        path or type(module).__name__
        for path, module in modules_of(model).items()
        if any(compat.is_lazy(each) for each in _tensors_of(module))
    ]


def packed_layers(model: nn.Module) -> list[str]:
    """Layers whose weights are packed for quantised products, and so are no parameters.

    A layer may keep them in modules of its own, which have private names.
    """
    packed = (path for path, module in modules_of(model).items() if _is_packed(module))
    owners = (f".{path}".partition("._")[0].lstrip(".") for path in packed)
    return [path or kind_of(model) for path in dict.fromkeys(owners)]


def _is_packed(module: nn.Module) -> bool:
    kept = vars(module).values()
    quantised = "quantized" in type(module).__module__
    return quantised and any(isinstance(each, torch.ScriptObject) for each in kept)


def _tensors_of(module: nn.Module) -> list[torch.Tensor]:
    return [*module.parameters(recurse=False), *module.buffers(recurse=False)]


def buffer_bytes(model: nn.Module) -> int:
    """Bytes of the buffers, each counted once."""
    sizes = {
        id(buffer): buffer.numel() * buffer.element_size()
        for buffer in model.buffers()
        if not compat.is_lazy(buffer)
    }
    return sum(sizes.values())


def device_of(model: nn.Module) -> torch.device:
    """Where the model is: that of its first parameter or buffer."""
    tensors = (*model.parameters(), *model.buffers())
    return next((each.device for each in tensors), torch.device("cpu"))


def float_type_of(model: nn.Module) -> torch.dtype:
    """The type that the model computes with: that of its first parameter of numbers."""
    floating = (each.dtype for each in model.parameters() if each.is_floating_point())
    return next(floating, torch.get_default_dtype())
