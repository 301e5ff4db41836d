"""Telling rules of every operation of PyTorch, and of every step, for a few steps."""

from __future__ import annotations

import sys
import weakref
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from types import FrameType
from typing import Any

import torch
from torch import Tensor
from torch.optim.optimizer import register_optimizer_step_pre_hook
from torch.overrides import TorchFunctionMode

from dlmagic.frameworks.captured import Frame, innermost_frame
from dlmagic.frameworks.operations import Event, Operation, Seen, Step
from dlmagic.frameworks.torch import _compat as compat
from dlmagic.frameworks.torch.calling import called_from, caller_of
from dlmagic.frameworks.torch.copies import Copies
from dlmagic.frameworks.torch.labels import labels_of
from dlmagic.frameworks.torch.seen_tensors import SeenTensors
from dlmagic.frameworks.torch.small_numbers import (
    are_finite,
    extremes_of,
    is_steep,
    looked_at,
    numbers_of,
    value_of,
)

STEPS = 4
"""Steps of an optimiser after which enough was seen: what goes wrong, goes wrong in each."""
OPERATIONS = 20_000
_SILENT = frozenset({"__get__", "__set__", "size", "dim", "__len__", "register_hook", "__repr__"})
_ATTRIBUTES = frozenset({"T", "mT", "H", "mH", "data", "real", "imag"})
"""Those that give a tensor; asking for any other is no operation."""


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
        self.copies = Copies()
        self.seen = SeenTensors()
        self._gradients: dict[int, list[weakref.ref[Tensor]]] = {}
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

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Iterable[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        options = kwargs or {}
        if torch.compiler.is_compiling():  # first of all: Dynamo reads what runs until here
            return func(*args, **options)
        name, caller = _name_of(func), caller_of(sys._getframe(1))
        if name in _SILENT or self.operations >= OPERATIONS:
            return called_from(caller, func, args, options)
        # Before the call: in place, an operation gives what it took.
        with compat.without_modes():
            begun = self._begun(name, args, options, caller)
        result = called_from(caller, func, args, options)
        self.operations += 1
        with compat.without_modes():
            tensors = [each for each in _leaves((args, dict(options))) if isinstance(each, Tensor)]
            given = args[0] if name == "__setitem__" else result
            done = self._with_results(begun, given, tensors)
        self._tell(done)
        return result

    def _begun(
        self,
        name: str,
        args: tuple[Any, ...],
        options: Mapping[str, Any],
        caller: FrameType | None,
    ) -> Operation:
        """What is known of an operation ahead of the call."""
        arguments, named = compat.pytree.tree_map(self._as_seen, (args, dict(options)))
        return Operation(
            name=name,
            inputs=tuple(each for each in _leaves((arguments, named)) if isinstance(each, Seen)),
            arguments=arguments,
            options=named,
            frame=innermost_frame(self._filename, caller),
            is_direct=caller is not None and caller.f_code.co_filename == self._filename,
            is_steep=is_steep(name, args),
            value=value_of(args[0]) if name == "backward" and args else None,
            labels=labels_of(name, args, options),
        )

    def _with_results(
        self, operation: Operation, result: object, inputs: Sequence[Tensor]
    ) -> Operation:
        """The operation with what it gave, which is known to be its work from now on."""
        numbers = numbers_of(result)
        not_finite = numbers not in (None, "finite")
        copied = looked_at(
            lambda: self.copies.made_by(operation.name, inputs, result, self.seen.known)
        )
        operation = replace(
            operation,
            is_finite=None if numbers is None else not not_finite,
            extremes=tuple(map(extremes_of, inputs)) if operation.is_steep or not_finite else (),
            copied=copied or (),
        )
        if isinstance(result, Tensor):
            return replace(operation, output=self.seen.note(result, operation, numbers))
        if isinstance(result, tuple | list):
            taken = set(map(id, inputs))
            for each in _leaves(result):
                if isinstance(each, Tensor) and id(each) not in taken:
                    self.seen.note(each, operation, numbers_of(each))
        return operation

    def _as_seen(self, value: object) -> object:
        return self.seen.known(value) if isinstance(value, Tensor) else value

    def _before_step(self, optimizer: torch.optim.Optimizer, *_: object) -> None:
        frame = innermost_frame(self._filename, sys._getframe(1))
        with compat.without_modes():
            step = self._step(optimizer, frame)
        self._tell(step)
        self.steps += 1
        if self.steps >= STEPS:
            self.stop()

    def _step(self, optimizer: torch.optim.Optimizer, frame: Frame | None) -> Step:
        parameters = [each for group in optimizer.param_groups for each in group["params"]]
        gradients = [each.grad for each in parameters if each.grad is not None]
        before = self._gradients.get(id(optimizer), [])
        known = {id(gradient) for reference in before if (gradient := reference()) is not None}
        self._gradients[id(optimizer)] = [weakref.ref(gradient) for gradient in gradients]
        return Step(
            optimizer=id(optimizer),
            parameters=len(parameters),
            with_gradient=len(gradients),
            uncleared=sum(id(gradient) in known for gradient in gradients),
            in_evaluation=self._in_evaluation(parameters),
            frame=frame,
            held=frozenset(map(id, parameters)),
            without_gradient=frozenset(
                id(each) for each in parameters if each.requires_grad and each.grad is None
            ),
            has_finite_gradients=are_finite(gradients),
        )


def _leaves(nested: object) -> list[object]:
    found: list[object] = compat.pytree.tree_leaves(nested)
    return found


def _name_of(function: Callable[..., Any]) -> str:
    """Its name, which for an attribute that gives a tensor is the attribute's."""
    name = getattr(function, "__name__", "")
    if name == "__get__":
        attribute = getattr(getattr(function, "__self__", None), "__name__", "")
        return attribute if attribute in _ATTRIBUTES else name
    return name
