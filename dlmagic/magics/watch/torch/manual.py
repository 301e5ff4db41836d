"""Loops that change the weights by hand, without an optimiser that could be asked."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from dlmagic.magics.watch.torch.values import has_values, local, unreadable

SURE_AFTER = 3
"""Backward passes without an optimiser, after which there is none."""


class ByHand:
    """Tells from one small parameter what nobody tells: that weights changed, or gradients went.

    Attributes:
        optimizer_seen: Whether an optimiser has stepped; then nothing is done by hand.
        steps: How many were done by hand.
    """

    def __init__(self, parameters: Iterable[nn.Parameter]) -> None:
        trained = [each for each in parameters if each.requires_grad and has_values(each)]
        self._probe = min(trained, key=lambda each: each.numel(), default=None)
        self._before: object = None
        self._passes = 0
        self._gradient: tuple[Tensor, int] | None = None  # and its version, before a backward pass
        self.optimizer_seen = False
        self.steps = 0

    def note(self) -> None:
        """A backward pass has ended."""
        self._passes += 1
        self._before = self._state()

    def has_stepped(self) -> bool:
        """Whether weights have changed since the last backward pass, in a loop by hand."""
        if self.optimizer_seen or self._before is None:
            return False
        if self._state() != self._before:
            return True
        on_host = self._probe is not None and self._probe.device.type == "cpu"
        return not on_host and self._passes >= SURE_AFTER and self.is_cleared()

    def note_gradient(self) -> None:
        """A backward pass begins that may leave the gradients as they are: ``autograd.grad``."""
        gradient = None if self._probe is None else self._probe.grad
        self._gradient = None if gradient is None else (gradient, gradient._version)

    def has_gradient(self) -> bool:
        """Whether there are gradients at all, and not just those from before."""
        gradient = None if self._probe is None else self._probe.grad
        before, self._gradient = self._gradient, None
        if gradient is None or before is None:
            return gradient is not None
        return gradient is not before[0] or gradient._version != before[1]

    def is_cleared(self) -> bool:
        """Whether the gradients of the last backward pass are gone."""
        gradient = None if self._probe is None else self._probe.grad
        if gradient is None:
            return self._probe is not None
        readable = gradient.device.type == "cpu" and unreadable(gradient) is None
        return readable and not bool(_few(gradient).any())

    def _state(self) -> object:
        if self._probe is None:
            return None
        values = _few(self._probe).tolist() if self._probe.device.type == "cpu" else None
        return self._probe._version, self._probe.data_ptr(), values


def _few(tensor: Tensor) -> Tensor:
    with torch.no_grad():
        return local(tensor).reshape(-1)[:64]
