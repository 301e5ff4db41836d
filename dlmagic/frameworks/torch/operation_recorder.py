"""Telling rules of every operation of PyTorch, and of every step, for a few steps."""

from __future__ import annotations

import sys
import weakref
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor
from torch.optim.optimizer import register_optimizer_step_pre_hook
from torch.overrides import TorchFunctionMode

from dlmagic.frameworks.captured import Frame, innermost_frame
from dlmagic.frameworks.operations import (
    End,
    Event,
    GradientRead,
    Operation,
    Seen,
    TrainedInEvaluation,
)
from dlmagic.frameworks.torch import _compat as compat
from dlmagic.frameworks.torch.evaluating import DROPPING, Dropping
from dlmagic.frameworks.torch.gradient_states import GradientStates, is_users_code

STEPS = 4
"""Steps of an optimiser after which enough was seen: what goes wrong, goes wrong in each."""
OPERATIONS = 20_000
_SILENT = frozenset({"__get__", "__set__", "size", "dim", "__len__", "__repr__"})
_GRADIENT = getattr(Tensor.grad, "__get__", None)
"""What modes are told of when ``tensor.grad`` is read."""
_SMALL = 100_000  # elements up to which numbers are looked at, on the CPU alone: no device waits


class OperationRecorder(TorchFunctionMode):
    """While active, operations and steps are told to a listener; nothing is changed.

    Args:
        filename: The cell's, to find the line of each call.
        tell: Takes each :class:`Operation` and :class:`Step`.
    """

    def __init__(self, filename: str, tell: Callable[[Event], object]) -> None:
        super().__init__()
        self.steps = self.operations = 0
        self._filename = filename
        self._tell = tell
        self._seen: dict[int, Seen] = {}
        self._gradients = GradientStates()
        self._dropping = Dropping()
        self._later_steps = 0
        self._count = 0
        self._active = self._pushed = False

    def __enter__(self) -> OperationRecorder:
        self._handle = register_optimizer_step_pre_hook(self._before_step)
        super().__enter__()  # type: ignore[no-untyped-call]
        self._active = self._pushed = True
        return self

    def __exit__(self, *error: Any) -> None:
        self.stop()
        self._pop()
        self._handle.remove()

    @property
    def complete(self) -> bool:
        """Whether all was heard until the end."""
        return self.steps < STEPS and self.operations < OPERATIONS

    def stop(self) -> None:
        """Hear no more operations; what runs on costs next to nothing from now on."""
        if self._active:
            self._active = False
            # In a hook of backward(), or below a mode of the user's, it has to wait for the end.
            if compat.is_current_mode(self):
                self._pop()
            kept = tuple(each for each in self._seen.values() if _is_number_with_graph(each))
            self._tell(End(kept, self._gradients.reached(), self.complete))
            self._seen.clear()

    def _pop(self) -> None:
        if self._pushed:
            self._pushed = False
            super().__exit__(None, None, None)  # type: ignore[no-untyped-call]

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Iterable[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        options = kwargs or {}
        if not self._active:
            return func(*args, **options)
        name = getattr(func, "__name__", "")
        if name == "__get__" and func == _GRADIENT and is_users_code(sys._getframe(1)):
            frame = innermost_frame(self._filename, sys._getframe(1))
            self._tell(GradientRead(id(args[0]), frame))
        if name in _SILENT or torch.compiler.is_compiling() or self.operations >= OPERATIONS:
            return func(*args, **options)
        if name in DROPPING:
            self._dropping.note(sys._getframe(1))
        # Before the call: in place, an operation gives what it took.
        arguments, named = compat.pytree.tree_map(self._as_seen, (args, dict(options)))
        result = func(*args, **options)
        self.operations += 1
        operation = Operation(
            name=name,
            inputs=tuple(each for each in _leaves((arguments, named)) if isinstance(each, Seen)),
            arguments=arguments,
            options=named,
            frame=innermost_frame(self._filename, sys._getframe(1)),
            is_finite=_is_finite(result),
        )
        if isinstance(result, Tensor):
            operation = replace(operation, output=self._note(result, operation))
        self._tell(operation)
        return result

    def _as_seen(self, value: object) -> object:
        if not isinstance(value, Tensor):
            return value
        return self._seen.get(id(value)) or self._note(value, None)

    def _note(self, tensor: Tensor, maker: Operation | None) -> Seen:
        self._count += 1
        self._gradients.meet(tensor)
        seen = Seen(
            self._count,
            tuple(tensor.shape),
            str(tensor.dtype).removeprefix("torch."),
            tensor.requires_grad,
            maker,
        )
        key = id(tensor)
        if key not in self._seen:
            weakref.finalize(tensor, self._seen.pop, key, None)
        self._seen[key] = seen
        return seen

    def _before_step(
        self, optimizer: torch.optim.Optimizer, arguments: Any = (), options: Any = None
    ) -> None:
        # The first argument is the optimiser itself; a closure follows.
        closure = any(map(callable, (*arguments[1:], *(options or {}).values())))
        parameters = [each for group in optimizer.param_groups for each in group["params"]]
        frame = innermost_frame(self._filename, sys._getframe(1))
        if not self._active:
            self._count_later_step(parameters, frame)
            return
        self._tell_evaluation(parameters, frame)
        step = self._gradients.step(id(optimizer), parameters)
        numbers = frozenset(
            self._number(p.grad) for p in parameters if p.grad is not None and not closure
        )
        rates = frozenset(
            rate for g in optimizer.param_groups if isinstance(rate := g.get("lr"), int | float)
        )
        step = replace(step, closure=closure, gradients=numbers, rates=rates, frame=frame)
        self._tell(step)
        self.steps += 1
        if self.steps >= STEPS:
            self.stop()

    def _count_later_step(self, parameters: list[Tensor], frame: Frame | None) -> None:
        """Look at the 1st, 2nd, 4th, … later step: the second half of any loop has one of them."""
        self._later_steps += 1
        if self._later_steps & (self._later_steps - 1) == 0:
            self._tell_evaluation(parameters, frame)

    def _tell_evaluation(self, parameters: list[Tensor], frame: Frame | None) -> None:
        trained = [each for each in parameters if each.grad is not None]
        for module in self._dropping.evaluating(trained):
            self._tell(TrainedInEvaluation(id(module), type(module).__name__, frame))

    def _number(self, gradient: Tensor) -> int:
        return (self._seen.get(id(gradient)) or self._note(gradient, None)).number


def _is_number_with_graph(seen: Seen) -> bool:
    """Whether it was computed, as losses are, and gradients can be taken of it."""
    return seen.requires_grad and seen.maker is not None and all(n == 1 for n in seen.shape)


def _leaves(nested: object) -> list[object]:
    found: list[object] = compat.pytree.tree_leaves(nested)
    return found


def _is_finite(result: object) -> bool | None:
    """Whether all numbers of a small tensor on the CPU are; None for any other."""
    if not isinstance(result, Tensor) or not result.is_floating_point():
        return None
    if result.device.type != "cpu" or result.numel() > _SMALL or result.layout != torch.strided:
        return None
    try:
        return bool(torch.isfinite(result.detach()).all())
    except RuntimeError:  # of a tensor without numbers
        return None
