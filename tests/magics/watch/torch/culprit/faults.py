"""Ways in which a layer makes a value, or a gradient, that is not finite."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

Fault = Callable[[Tensor], Tensor]


def _all_masked(values: Tensor) -> Tensor:
    row = torch.zeros_like(values, dtype=torch.bool)
    row[1] = True
    return values.masked_fill(row, float("-inf")).softmax(-1) * values


def _around_zero(values: Tensor) -> Tensor:
    return values - values.mean()


def _half(values: Tensor) -> Tensor:
    return _around_zero(((values.abs() + 1).half() * 60000 * 4).float())


def _behind_a_where(values: Tensor) -> Tensor:
    """The value is not taken where it is -inf, and its slope is multiplied by zero there."""
    chosen = values > values.mean()
    return torch.where(chosen, (values * chosen).abs().log(), values)


class _OutOfNumPy(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, values: Tensor) -> Tensor:
        return torch.from_numpy(values.detach().numpy() * float("nan"))

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        return gradient


class _WrongBackward(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, values: Tensor) -> Tensor:
        return values * 2

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        return gradient / torch.zeros_like(gradient)


def _hooked(values: Tensor) -> Tensor:
    made = values * 1.5
    if made.requires_grad:
        made.register_hook(lambda gradient: gradient * float("inf"))
    return made


def _in_place(values: Tensor) -> Tensor:
    made = values * 1
    made[0] = made[0].sub(made[0].detach().max() + 1).log()
    return made


FORWARD: dict[str, Fault] = {
    "logarithm of negative numbers": lambda x: (x - x.max() - 1).log(),
    "logarithm of zeros": lambda x: (x * (x > x.mean())).abs().log(),
    "zero by zero": lambda x: x * 0 / (x * 0).norm(),
    "division by a zero": lambda x: x / (x * 0),
    "no deviation": lambda x: (x - x.mean()) / (x * 0 + 1).std(),
    "exponential": lambda x: (x.abs() * 10 + 100).exp(),
    "half precision": _half,
    "masked row": _all_masked,
    "root of negative numbers": lambda x: (-x.abs() - 1).sqrt(),
    "power of negative numbers": lambda x: (-x.abs() - 1) ** 0.5,
    "arc cosine out of range": lambda x: (x.abs() + 2).acos(),
    "normalisation without eps": lambda x: functional.layer_norm(x * 0, x.shape[-1:], eps=0.0),
    "infinity less infinity": lambda x: (x.abs() + 1) * 1e38 * 10 - (x.abs() + 1) * 1e38 * 10,
    "out of NumPy": _OutOfNumPy.apply,
    "in place": _in_place,
    "square of large numbers": lambda x: _around_zero(((x.abs() + 1) * 1e20).square()),
}
"""Their outputs are not finite."""

BACKWARD: dict[str, Fault] = {
    "root of zero": lambda x: x + (x * 0).sqrt(),
    "length of zero": lambda x: x + (x * 0).square().sum().sqrt(),
    "power of zero": lambda x: x + (x * 0).abs() ** 0.5,
    "logarithm behind a where": _behind_a_where,
    "overflow that is divided by": lambda x: x + 1 / (1 + (x.abs() * 10 + 100).exp()),
    "root of a length": lambda x: x + (x * 0).norm(dim=-1, keepdim=True) ** 0.5,
    "arc cosine of one": lambda x: x + (x * 0 + 1).acos(),
    "custom backward": _WrongBackward.apply,
    "hook on a tensor": _hooked,
    "deviation of equal numbers": lambda x: x + (x * 0).var(unbiased=False).sqrt(),
}
"""Their outputs are finite, and the gradients of their inputs are not."""


def _entropy_by_hand(scores: Tensor, labels: Tensor) -> Tensor:
    sure = (scores * 0 + 200).sigmoid()
    return -(labels[:, None] * sure.log() + (1 - labels[:, None]) * (1 - sure).log()).mean()


LOSSES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "logarithm of zero probabilities": lambda s, y: functional.nll_loss(
        (s * 0).sub(200).exp().log(), y
    ),
    "root of no error": lambda s, y: (s - s.detach()).square().mean().sqrt(),
    "entropy by hand": _entropy_by_hand,
    "angle of nothing": lambda s, y: (s * 0 + 1).acos().sum(),
    "division by zero": lambda s, y: s.sum() / (y * 0).sum(),
}
