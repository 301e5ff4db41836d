"""PyTorch's settings in another process, and what cannot go there."""

from __future__ import annotations

from collections.abc import Mapping
from types import FunctionType

import torch

from dlmagic.frameworks.torch import _compat as compat
from dlmagic.frameworks.torch.ambient import save_settings
from dlmagic.frameworks.torch.graph_questions import graph_of

_STAY_HERE = frozenset({"module hooks", "print options"})
_BETWEEN_OPERATIONS = "threads between operations"


def settings() -> dict[str, object]:
    """Every setting by name that decides what or how fast PyTorch computes."""
    known = {item.name: item.value for item in save_settings() if item.name not in _STAY_HERE}
    return {_BETWEEN_OPERATIONS: torch.get_num_interop_threads(), **known}


def take_over(settings: Mapping[str, object]) -> None:
    """Set what differs from another process's settings."""
    for item in save_settings():
        if item.name in settings and item.value != settings[item.name]:
            item.write(settings[item.name])
    wanted = settings.get(_BETWEEN_OPERATIONS)
    if isinstance(wanted, int) and wanted != torch.get_num_interop_threads():
        torch.set_num_interop_threads(wanted)


def stays_here(value: object) -> str | None:
    """Why a value cannot be sent to another process, or None."""
    if isinstance(value, torch.Tensor) and graph_of(value) is not None:
        return "a tensor with the graph that computed it, which stays in this process"
    if isinstance(value, FunctionType) and compat.unwrapped(value) is not value:
        return "a function made by torch.compile, which stays in this process"
    return None
