"""What was not finite before the model was called: its batch, its parameters, its buffers."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from torch import Tensor, nn

from dlmagic.magics.watch.torch.culprit.call import tensors_in
from dlmagic.magics.watch.torch.culprit.numbers import Numbers, numbers_of
from dlmagic.magics.watch.torch.culprit.origin import LayerCall, Origin, Origins

_LAST = sys.maxsize


def before_the_call(model: nn.Module, inputs: object, origins: Origins) -> None:
    """Tell of all that is not finite already.

    Buffers come last: the call that went wrong has perhaps written to them.
    """
    for tensor in tensors_in(inputs):
        numbers = _bad(tensor)
        if numbers is not None:
            origins.put(tensor, _origin(-_LAST, "", "", model, numbers, tensor))
    for path, module in model.named_modules():
        for when, named in ((-1, module.named_parameters), (_LAST, module.named_buffers)):
            for name, tensor in named(recurse=False):
                numbers = _bad(tensor)
                if numbers is not None:
                    origins.put(tensor, _origin(when, path, name, module, numbers, tensor))


def parameters_not_finite(model: nn.Module) -> Iterator[Origin]:
    """The parameters that are NaN, in the model's order, or infinite and not frozen."""
    for path, module in model.named_modules():
        for name, tensor in module.named_parameters(recurse=False):
            numbers = _bad(tensor)
            if numbers is not None and (numbers.nan or tensor.requires_grad):
                yield _origin(-1, path, name, module, numbers, tensor)


def _bad(tensor: Tensor) -> Numbers | None:
    found = numbers_of(tensor)
    return None if found is None or found.are_finite else found


def _origin(
    when: int, path: str, name: str, module: nn.Module, numbers: Numbers, tensor: Tensor
) -> Origin:
    """Only infinities below zero are those of a mask."""
    mask = not numbers.nan and not numbers.positive and not (name and tensor.requires_grad)
    if not name:
        return Origin(when, "input", numbers, inputs=numbers.range, deliberate=mask)
    call = LayerCall(path, type(module).__name__, 0)
    return Origin(
        when, "parameter", numbers, call, inputs=numbers.range, parameter=name, deliberate=mask
    )
