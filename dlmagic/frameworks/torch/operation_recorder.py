"""Telling rules of every operation of PyTorch, and of every step, for a few steps."""

from __future__ import annotations

import math
import sys
import weakref
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import cache
from typing import Any

import torch
from torch import Tensor
from torch.optim.optimizer import register_optimizer_step_pre_hook
from torch.overrides import TorchFunctionMode

from dlmagic.frameworks.captured import innermost_frame
from dlmagic.frameworks.operations import Event, Operation, Seen, Step
from dlmagic.frameworks.torch import _compat as compat

STEPS = 4
"""Steps of an optimiser after which enough was seen: what goes wrong, goes wrong in each."""
OPERATIONS = 20_000
_SILENT = frozenset(
    {
        *("__get__", "__set__", "size", "dim", "__len__", "register_hook", "__repr__"),
        *("_record_function_enter_new", "_record_function_exit._RecordFunction"),  # of steps
    }
)
_PLAIN = frozenset(
    {int, float, bool, str, slice, type(None), type(...), torch.dtype, torch.device, torch.Size}
)
_SMALL = 100_000  # elements up to which numbers are looked at, on the CPU alone: no device waits


class OperationRecorder(TorchFunctionMode):
    """While active, operations and steps are told to a listener; nothing is changed.

    Args:
        filename: The cell's, to find the line of each call.
        tell: Takes each :class:`Operation` and :class:`Step`.
        in_evaluation: Names of the user's modules that hold some parameters and are set to
            evaluate though they have dropout.
    """

    def __init__(
        self,
        filename: str,
        tell: Callable[[Event], object],
        in_evaluation: Callable[[Iterable[Tensor]], tuple[str, ...]] = lambda _parameters: (),
    ) -> None:
        super().__init__()
        self.steps = self.operations = 0
        self._filename = filename
        self._tell = tell
        self._in_evaluation = in_evaluation
        self._seen: dict[int, Seen] = {}
        self._alive: dict[int, weakref.ref[Tensor]] = {}
        self._gradients: dict[int, list[weakref.ref[Tensor]]] = {}
        self._count = 0
        self._active = False

    def __enter__(self) -> OperationRecorder:
        self._handle = register_optimizer_step_pre_hook(self._before_step)
        super().__enter__()  # type: ignore[no-untyped-call]
        self._active = True
        return self

    def __exit__(self, *error: Any) -> None:
        self.stop()

    @property
    def complete(self) -> bool:
        """Whether all was heard until the end."""
        return self.steps < STEPS and self.operations < OPERATIONS

    def stop(self) -> None:
        """Hear no more; what runs on costs nothing from now on."""
        if self._active:
            self._active = False
            super().__exit__(None, None, None)  # type: ignore[no-untyped-call]
            self._handle.remove()
            self._seen.clear()
            self._alive.clear()

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Iterable[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        options = kwargs or {}
        name = getattr(func, "__name__", "")
        if name in _SILENT or torch.compiler.is_compiling() or self.operations >= OPERATIONS:
            return func(*args, **options)
        inputs: list[Seen] = []
        # Before the call: in place, an operation gives what it took.
        arguments = tuple(self._described(each, inputs) for each in args)
        named = {key: self._described(value, inputs) for key, value in options.items()}
        result = func(*args, **options)
        self.operations += 1
        operation = Operation(
            name=name,
            inputs=tuple(inputs),
            arguments=arguments,
            options=named,
            frame=innermost_frame(self._filename, sys._getframe(1)),
            is_finite=_is_finite(result),
        )
        if isinstance(result, Tensor):
            operation = replace(operation, output=self._note(result, operation))
        self._tell(operation)
        return result

    def _described(self, value: Any, inputs: list[Seen]) -> Any:
        """An argument with what is seen of its tensors in their place; those are collected."""
        if isinstance(value, Tensor):
            seen = self._seen.get(id(value)) or self._note(value, None)
            inputs.append(seen)
            return seen
        if type(value) in _PLAIN:
            return value
        if type(value) in (list, tuple):
            return type(value)([self._described(each, inputs) for each in value])
        return compat.pytree.tree_map_only(
            Tensor, lambda tensor: self._described(tensor, inputs), value
        )

    def _note(self, tensor: Tensor, maker: Operation | None) -> Seen:
        self._count += 1
        seen = Seen(
            self._count, tuple(tensor.shape), _name_of(tensor.dtype), tensor.requires_grad, maker
        )
        key = id(tensor)
        if key not in self._seen:
            self._alive[key] = weakref.ref(tensor, lambda _dead: self._forget(key))
        self._seen[key] = seen
        return seen

    def _forget(self, key: int) -> None:
        """Another tensor may get the same identity."""
        self._seen.pop(key, None)
        self._alive.pop(key, None)

    def _before_step(self, optimizer: torch.optim.Optimizer, *_: object) -> None:
        parameters = [each for group in optimizer.param_groups for each in group["params"]]
        gradients = [each.grad for each in parameters if each.grad is not None]
        before = self._gradients.get(id(optimizer), [])
        known = {id(gradient) for reference in before if (gradient := reference()) is not None}
        self._gradients[id(optimizer)] = [weakref.ref(gradient) for gradient in gradients]
        step = Step(
            optimizer=id(optimizer),
            parameters=len(parameters),
            with_gradient=len(gradients),
            uncleared=sum(id(gradient) in known for gradient in gradients),
            in_evaluation=self._in_evaluation(parameters),
            frame=innermost_frame(self._filename, sys._getframe(1)),
            held=frozenset(map(id, parameters)),
        )
        self._tell(step)
        self.steps += 1
        if self.steps >= STEPS:
            self.stop()


@cache
def _name_of(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")


def _is_finite(result: object) -> bool | None:
    """Whether all numbers of a small tensor on the CPU are; None for any other."""
    if not isinstance(result, Tensor) or not result.is_floating_point():
        return None
    if result.device.type != "cpu" or result.numel() > _SMALL or result.layout != torch.strided:
        return None
    try:
        numbers = result.detach()
        # What is not finite stays so in a sum; one that overflows tells nothing.
        return math.isfinite(numbers.sum().item()) or bool(torch.isfinite(numbers).all())
    except RuntimeError:  # of a tensor without numbers
        return None
