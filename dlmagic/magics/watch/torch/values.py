"""The tensors whose values can be looked at."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from dlmagic.frameworks.torch import _compat as compat
from dlmagic.magics.watch.torch.culprit.call import tensors_in


def readable_in(output: object) -> list[Tensor]:
    """The tensors of a layer's output that have values to look at."""
    if not isinstance(output, Tensor):
        return [each for each in tensors_in(output) if unreadable(each) is None]
    return [output] if unreadable(output) is None else []


def unreadable(tensor: Tensor) -> str | None:
    """Why no statistics can be taken of a tensor; None if they can."""
    plain = type(tensor) in _PLAIN and tensor.dtype is torch.float32 and tensor.is_cpu
    if plain and tensor.layout is torch.strided and tensor.numel():
        return None  # nearly all of them
    if not tensor.is_floating_point():
        return "is complex" if tensor.is_complex() else _of_other_type(tensor)
    if tensor.layout is not torch.strided:
        return "is sparse" if "sparse" in str(tensor.layout) else "is nested"
    if tensor.device.type == "meta":
        return "is on the meta device and has no values"
    if type(tensor) not in _PLAIN and compat.is_without_numbers(tensor):
        return "has no values of its own"
    return None if tensor.numel() else "is empty"


_PLAIN = (Tensor, nn.Parameter)


def _of_other_type(tensor: Tensor) -> str:
    return "is quantised" if tensor.is_quantized else "holds whole numbers"


def why_unreadable(output: object) -> str:
    """One reason for an output none of whose tensors can be looked at."""
    tensors = list(tensors_in(output))
    if not tensors:
        return "its output holds no tensor"
    return f"its output {unreadable(tensors[0])}"


def local(tensor: Tensor) -> Tensor:
    """A tensor without its graph; of one that is spread over processes, the part that is here."""
    if type(tensor) in _PLAIN:
        return tensor.detach()
    here = getattr(tensor, "to_local", None)
    return (here() if here is not None else tensor).detach()


def here(tensor: Tensor) -> Tensor:
    """The part of a tensor that this process has, for use where no graph is built."""
    return tensor if type(tensor) in _PLAIN else local(tensor)


def has_values(parameter: nn.Parameter) -> bool:
    """Whether a parameter has values already, or at all."""
    lazy = bool(nn.parameter.is_lazy(parameter))
    return not lazy and parameter.device.type != "meta"
