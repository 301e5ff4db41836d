"""Trying a change on copies of the user's own operands, or on their shapes where they are large."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import Any, Literal, Protocol

import numpy as np

from dlmagic.magics.tensors.explain.values import MISSING

_MOST_ELEMENTS = 1_000_000
MOST_RESULTS = 10_000_000
"""A change with more elements than that in its result is not tried: it would need the memory."""
_TRYING = ("tensorflow", "jax")
Tried = Literal["verified", "shape-verified", "failed", "not tried"]


class TooLargeError(Exception):
    """A change that would need too much time or memory; its shapes may be tried."""


class Trials(Protocol):
    """How one framework tries a change: ``dlmagic.frameworks.ROOT.trials``."""

    def owns(self, value: object) -> bool:
        """Whether the value is a tensor of the framework."""

    def is_small(self, value: Any) -> bool:
        """Whether one of its tensors has numbers, few, and on the CPU."""

    def on_copies(self, function: Callable[..., object], values: Sequence[Any]) -> None:
        """Run the change on the values themselves, which stay as they are."""

    def on_shapes(self, function: Callable[..., object], values: Sequence[Any]) -> None:
        """Run the change on their shapes alone."""


def tried(function: Callable[..., object], *operands: Any) -> Tried:
    """How far a change has been tried, and whether it holds.

    Args:
        function: The change, such as ``lambda a, b: a @ b.T``; it must have no side effects and
            draw no random numbers.
        operands: The user's values, which are not touched.
    """
    if any(value is MISSING for value in operands):
        return "not tried"
    trials = _trials(operands)
    if trials is not None:
        return _tried_by(trials, function, operands)
    outcome = _outcome(function, [_copy(value) for value in operands], "verified")
    if outcome != "not tried":
        return outcome
    return _outcome(function, [_only_shape(value) for value in operands], "shape-verified")


def _trials(operands: Sequence[Any]) -> Trials | None:
    """Those of the framework that one of the operands belongs to."""
    for root in _TRYING:
        if getattr(sys.modules.get(root), "__version__", None) is None:
            continue
        trials: Trials = importlib.import_module(f"dlmagic.frameworks.{root}.trials")
        if any(trials.owns(value) for value in operands):
            return trials
    return None


def _tried_by(trials: Trials, function: Callable[..., object], operands: Sequence[Any]) -> Tried:
    values = [value if trials.owns(value) else _copy(value) for value in operands]
    if any(value is MISSING for value in values):
        return "not tried"
    numbers = all(trials.is_small(value) for value in values if trials.owns(value))
    outcome = (
        _holds(lambda: trials.on_copies(function, values), "verified") if numbers else "not tried"
    )
    if outcome != "not tried":
        return outcome
    return _holds(lambda: trials.on_shapes(function, values), "shape-verified")


def _outcome(function: Callable[..., object], values: list[Any], holding: Tried) -> Tried:
    """What trying it on values says, none of which may be missing."""
    if any(value is MISSING for value in values):
        return "not tried"
    torch: Any = sys.modules.get("torch")
    with nullcontext() if torch is None else torch.no_grad():
        return _holds(lambda: function(*values), holding)


def _holds(trial: Callable[[], object], holding: Tried) -> Tried:
    try:
        trial()
    except TooLargeError:
        return "not tried"
    except Exception:  # whatever it raises, the change does not hold
        return "failed"
    return holding


def _copy(value: Any) -> Any:
    """A copy of a small tensor; :data:`MISSING` for a large one, or one on another device."""
    torch: Any = sys.modules.get("torch")
    if torch is not None and isinstance(value, torch.Tensor):
        small = value.numel() <= _MOST_ELEMENTS and value.device.type == "cpu"
        return value.detach().clone() if small else MISSING
    if isinstance(value, np.ndarray):
        return value.copy() if value.size <= _MOST_ELEMENTS else MISSING
    return value


def _only_shape(value: Any) -> Any:
    """A tensor of PyTorch without numbers; what is no tensor stays as it is.

    Only where PyTorch has loaded what that takes: it would need seconds for it.
    """
    torch: Any = sys.modules.get("torch")
    if torch is None or not isinstance(value, torch.Tensor):
        return value if isinstance(value, int | float | str | tuple | type(None)) else MISSING
    if value.layout != torch.strided or sys.modules.get("torch._refs") is None:
        return MISSING
    kind = {"dtype": value.dtype, "device": "meta"}
    return torch.empty_strided(value.shape, value.stride(), **kind)
