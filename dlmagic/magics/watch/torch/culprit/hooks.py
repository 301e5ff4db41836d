"""Being told as each layer of a model begins and ends, those of TorchScript included."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import torch
from torch import nn
from torch.nn.modules.module import (
    register_module_forward_hook,
    register_module_forward_pre_hook,
)
from torch.utils.hooks import RemovableHandle

Begin = Callable[[str, nn.Module, tuple[Any, ...], dict[str, Any]], None]
End = Callable[[str, nn.Module, object, object], None]


def hooks_on(model: nn.Module, begin: Begin, end: End) -> Iterator[RemovableHandle]:
    """Hooks that tell a layer's path, before the user's own ones and after them."""
    scripted: dict[nn.Module, str] = {}
    for path, module in model.named_modules():
        if isinstance(module, torch.jit.ScriptModule):
            scripted[module] = path
            continue
        before = partial(begin, path)
        yield module.register_forward_pre_hook(before, with_kwargs=True, prepend=True)
        yield module.register_forward_hook(partial(end, path))
    if scripted:  # these have no hooks of their own
        yield register_module_forward_pre_hook(partial(_begin, scripted, begin))
        yield register_module_forward_hook(partial(_end, scripted, end))


def _begin(
    scripted: dict[nn.Module, str], begin: Begin, module: nn.Module, args: tuple[Any, ...]
) -> None:
    if module in scripted:
        begin(scripted[module], module, args, {})


def _end(
    scripted: dict[nn.Module, str], end: End, module: nn.Module, args: object, output: object
) -> None:
    if module in scripted:
        end(scripted[module], module, args, output)
