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

from dlmagic.frameworks.captured import Frame, innermost_code, innermost_frame, span_of
from dlmagic.frameworks.operations import Event, Operation, Seen, Step
from dlmagic.frameworks.torch import _compat as compat

STEPS = 4
"""Steps of an optimiser after which enough was seen: what goes wrong, goes wrong in each."""
OPERATIONS = 20_000
_VIEWS = frozenset({"T", "mT", "H", "mH", "data"})
"""Properties that are operations; all others only tell something of a tensor."""
_SILENT = frozenset({"__get__", "__set__", "size", "dim", "__len__", "register_hook", "__repr__"})
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

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Iterable[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        options = kwargs or {}
        name = _name(func)
        if name in _SILENT or torch.compiler.is_compiling() or self.operations >= OPERATIONS:
            return func(*args, **options)
        # Before the call: in place, an operation gives what it took.
        arguments, named = compat.pytree.tree_map(self._as_seen, (args, dict(options)))
        result = func(*args, **options)
        self.operations += 1
        code = innermost_code(self._filename, sys._getframe(1))
        operation = Operation(
            name=name,
            inputs=tuple(each for each in _leaves((arguments, named)) if isinstance(each, Seen)),
            arguments=arguments,
            options=named,
            frame=None if code is None else Frame(self._filename, code.f_lineno, ""),
            span=None if code is None else span_of(code),
            is_finite=_is_finite(result),
        )
        if isinstance(result, Tensor):
            operation = replace(operation, output=self._note(result, operation))
        elif isinstance(result, tuple | list):
            for each in result:
                if isinstance(each, Tensor):
                    self._note(each, operation)
        self._tell(operation)
        return result

    def _as_seen(self, value: object) -> object:
        if not isinstance(value, Tensor):
            return value
        return self._seen.get(id(value)) or self._note(value, None)

    def _note(self, tensor: Tensor, maker: Operation | None) -> Seen:
        self._count += 1
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


def _name(func: Callable[..., Any]) -> str:
    name: str = getattr(func, "__name__", "")
    of_property = getattr(getattr(func, "__self__", None), "__name__", "")
    return of_property if name == "__get__" and of_property in _VIEWS else name


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
