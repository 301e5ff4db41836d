"""Telling rules of every operation of PyTorch, and of every step, for a few steps."""

from __future__ import annotations

import os
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Any, TypeVar

import torch
from torch import Tensor
from torch.optim.optimizer import register_optimizer_step_pre_hook
from torch.overrides import TorchFunctionMode

from dlmagic.frameworks.captured import (
    Frame,
    innermost_code,
    innermost_frame,
    is_called_by,
    span_of,
)
from dlmagic.frameworks.description import told
from dlmagic.frameworks.hearing import OPERATIONS, STEPS, STEPS_OF_ALL
from dlmagic.frameworks.operations import (
    End,
    Event,
    GradientRead,
    Operation,
    Seen,
    Step,
    TrainedInEvaluation,
)
from dlmagic.frameworks.torch import _compat as compat
from dlmagic.frameworks.torch.calling import called_from, caller_of
from dlmagic.frameworks.torch.copies import Copies
from dlmagic.frameworks.torch.data_range import data_range
from dlmagic.frameworks.torch.evaluating import DROPPING, Dropping
from dlmagic.frameworks.torch.exactness import exactness
from dlmagic.frameworks.torch.gradient_states import GradientStates, is_users_code
from dlmagic.frameworks.torch.labels import labels_of
from dlmagic.frameworks.torch.parameter_owners import ParameterOwners
from dlmagic.frameworks.torch.seen_tensors import SeenTensors, tensors_in
from dlmagic.frameworks.torch.small_numbers import (
    are_finite,
    extremes_of,
    is_steep,
    numbers_of,
    value_of,
)

T = TypeVar("T")
_SILENT = frozenset(
    {
        *("__get__", "__set__", "size", "dim", "__len__", "__repr__"),
        # What they are given may be all that was copied before.
        *("__deepcopy__", "__reduce_ex__", "__setstate__"),
    }
)
_UNSEEN = frozenset(
    {
        *("_record_function_enter_new", "_record_function_exit._RecordFunction"),
        "_set_grad_enabled",
    }
)
"""Marks for profilers, and whether gradients are recorded: they neither compute nor warn."""
_OPTIMIZER = str(Path(torch.optim.__file__).with_name("optimizer.py"))
_STEPPING = frozenset(
    str(path)
    for path in Path(torch.optim.__file__).parent.glob("*.py")
    if path.name not in ("__init__.py", "optimizer.py", "lr_scheduler.py", "swa_utils.py")
)
"""Files whose operations are the steps of an optimiser: most of all, and of no rule's concern."""
_ATTRIBUTES = frozenset({"T", "mT", "H", "mH", "data", "real", "imag"})
"""Those that give a tensor; asking for any other is no operation."""
_GRADIENT = getattr(Tensor.grad, "__get__", None)
"""What modes are told of when ``tensor.grad`` is read."""
_OF_GRADIENTS = (_GRADIENT, getattr(Tensor.grad, "__set__", None))


class OperationRecorder(TorchFunctionMode):
    """While active, operations and steps are told to a listener; nothing is changed.

    Args:
        filename: The cell's, to find the line of each call.
        tell: Takes each event.
        namespace: The notebook's names, whose modules hold the parameters.
    """

    def __init__(
        self,
        filename: str,
        tell: Callable[[Event], object],
        namespace: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__()
        self.steps = self.operations = 0
        self.failed: tuple[str, ...] = ()
        self._process, self._thread = os.getpid(), threading.get_ident()
        self._filename = filename
        self._tell = tell
        self._gradients = GradientStates()
        self.copies = Copies()
        self.seen = SeenTensors(self._gradients.meet)
        self._owners = ParameterOwners({} if namespace is None else namespace)
        self._dropping = Dropping()
        self._steps_of: Counter[int] = Counter()
        self._later_steps = 0
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
        most = max(self._steps_of.values(), default=0)
        return most < STEPS and self.steps < STEPS_OF_ALL and self.operations < OPERATIONS

    def stop(self) -> None:
        """Hear no more operations; what runs on costs next to nothing from now on."""
        if self._active:
            self._active = False
            # In a hook of backward(), or below a mode of the user's, it has to wait for the end.
            if compat.is_current_mode(self):
                self._pop()
            kept = tuple(each for each in self.seen.alive() if _is_number_with_graph(each))
            self._tell(End(kept, self._gradients.reached(), self.complete))

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
        # First of all: Dynamo and tracing read what runs until here.
        if torch.compiler.is_compiling() or _is_tracing():
            return func(*args, **options)
        if self._process != os.getpid():  # a worker that loads data has got a copy of all this
            return func(*args, **options)
        frame = sys._getframe(1)
        if frame.f_code.co_filename in _STEPPING:
            return func(*args, **options)
        if frame.f_code.co_filename == _OPTIMIZER and func in _OF_GRADIENTS:
            return func(*args, **options)  # of each parameter; nobody's line is behind it
        name, caller = _name_of(func), caller_of(frame)
        if name in _UNSEEN:
            return func(*args, **options)
        if self._passes_by(name, func, args, frame):
            return called_from(caller, func, args, options)
        # Before the call: in place, an operation gives what it took.
        finish = self._guarded(lambda: self._watching(name, func, args, options, caller))
        result = called_from(caller, func, args, options)
        self.operations += 1
        given = args[0] if name == "__setitem__" else result
        done = self._guarded(lambda: finish(given)) if finish is not None else None
        if done is not None:
            self._tell(done)
        if self.operations >= OPERATIONS:  # asked of each operation, so without the steps
            self.stop()
        return result

    def _guarded(self, look: Callable[[], T]) -> T | None:
        """What is seen; a tensor of a kind that nobody foresaw costs that, and not the call."""
        try:
            with compat.without_modes():
                return look()
        except Exception:
            self.failed = ("some operations",)
            return None

    def _watching(
        self,
        name: str,
        func: Callable[..., Any],
        args: tuple[Any, ...],
        options: Mapping[str, Any],
        caller: FrameType | None,
    ) -> Callable[[object], Operation]:
        """Look at a call that is to come; what is returned looks at what it gave."""
        begun = self._begun(name, args, options, caller)
        is_exact = exactness(func, name, args, options)

        def finish(given: object) -> Operation:
            begun["is_exact"] = is_exact(given)
            if name == "backward":
                self._gradients.note_what_came()
            return self._done(begun, given, tensors_in((*args, *options.values())))

        return finish

    def _passes_by(
        self, name: str, func: Callable[..., Any], args: Sequence[Any], frame: FrameType
    ) -> bool:
        """Whether a call is no operation, or nobody hears of it any more."""
        if not self._active:
            return True
        if name == "__get__" and func == _GRADIENT and is_users_code(frame):
            self._tell(GradientRead(id(args[0]), innermost_frame(self._filename, frame)))
        if name in DROPPING:
            self._dropping.note(frame)
        return name in _SILENT

    def _begun(
        self,
        name: str,
        args: tuple[Any, ...],
        options: Mapping[str, Any],
        caller: FrameType | None,
    ) -> dict[str, Any]:
        """What is known of an operation ahead of the call, by the fields of the event."""
        inputs: list[Seen] = []
        arguments = tuple(self.seen.in_place_of(each, inputs) for each in args)
        named = {key: self.seen.in_place_of(value, inputs) for key, value in options.items()}
        owner = self._owners.first_of((*args, *options.values()))
        code = innermost_code(self._filename, caller)
        return {
            "name": name,
            "inputs": tuple(inputs),
            "arguments": arguments,
            "options": named,
            "frame": None if code is None else Frame(self._filename, code.f_lineno, ""),
            "span": None if code is None else span_of(code),
            "is_direct": caller is not None and caller is code,
            "is_steep": is_steep(name, args),
            "value": value_of(args[0]) if name == "backward" and args else None,
            "labels": labels_of(name, args, options),
            "parameter": owner.path if owner else "",
            "evaluating": owner.module if owner and owner.evaluates else "",
            "recording": torch.is_grad_enabled(),
            "data_range": data_range(name, args, options),
        }

    def _done(self, begun: dict[str, Any], result: object, inputs: Sequence[Tensor]) -> Operation:
        """The operation with what it gave, which is known to be its work from now on."""
        numbers = numbers_of(result)
        not_finite = numbers not in (None, "finite")
        name = begun["name"]
        copied = told(lambda: self.copies.made_by(name, inputs, result, self.seen.known))
        begun["is_finite"] = None if numbers is None else not not_finite
        if begun["is_steep"] or not_finite:
            begun["extremes"] = tuple(map(extremes_of, inputs))
        begun["copied"] = copied or ()
        operation = Operation(**begun)
        if isinstance(result, Tensor):
            # Made twice, which takes less than half of the time of replace().
            return Operation(**begun, output=self.seen.note(result, operation, numbers))
        if isinstance(result, tuple | list):
            taken = set(map(id, inputs))
            for each in tensors_in(result):
                if id(each) not in taken:
                    self.seen.note(each, operation, numbers_of(each))
        return operation

    def _before_step(
        self, optimizer: torch.optim.Optimizer, arguments: Any = (), options: Any = None
    ) -> None:
        if self._thread != threading.get_ident():  # other training, of an earlier cell
            return
        if not self._active and not self._is_looked_at_later():
            return
        code = innermost_code(self._filename, sys._getframe(1))
        frame = None if code is None else Frame(self._filename, code.f_lineno, "")
        # The first argument is the optimiser itself; a closure follows.
        closure = any(map(callable, (*arguments[1:], *(options or {}).values())))
        parameters = [each for group in optimizer.param_groups for each in group["params"]]
        if not self._active:
            self._tell_evaluation(parameters, frame)
            return
        with compat.without_modes():
            self._tell_evaluation(parameters, frame)
            step = self._step(optimizer, parameters, closure=closure)
        if code is not None:
            is_direct = is_called_by(code, sys._getframe(1))
            step = replace(step, frame=frame, span=span_of(code), is_direct=is_direct)
        self._tell(step)
        self.steps += 1
        self._steps_of[id(optimizer)] += 1
        if not self.complete:
            self.stop()

    def _step(
        self,
        optimizer: torch.optim.Optimizer,
        parameters: Sequence[Tensor],
        *,
        closure: bool,
    ) -> Step:
        gradients = [self.seen.known(each.grad) for each in parameters if each.grad is not None]
        groups = optimizer.param_groups
        return replace(
            self._gradients.step(id(optimizer), parameters),
            closure=closure,
            gradients=frozenset(each.number for each in gradients if not closure),
            rates=frozenset(
                rate for each in groups if isinstance(rate := each.get("lr"), int | float)
            ),
            without_gradient=frozenset(
                id(each) for each in parameters if each.requires_grad and each.grad is None
            ),
            has_finite_gradients=are_finite(each.numbers for each in gradients),
        )

    def _is_looked_at_later(self) -> bool:
        """The 1st, 2nd, 4th, … later step: the second half of any loop has one of them."""
        self._later_steps += 1
        return self._later_steps & (self._later_steps - 1) == 0

    def _tell_evaluation(self, parameters: Sequence[Tensor], frame: Frame | None) -> None:
        trained = [each for each in parameters if each.grad is not None]
        for module in self._dropping.evaluating(trained):
            self._tell(TrainedInEvaluation(id(module), type(module).__name__, frame))


def _is_tracing() -> bool:
    """Whether ``torch.jit.trace`` notes all that is computed."""
    return bool(torch.jit.is_tracing())  # type: ignore[attr-defined, no-untyped-call]


def _is_number_with_graph(seen: Seen) -> bool:
    """Whether it was computed, as losses are, and gradients can be taken of it."""
    return seen.requires_grad and seen.maker is not None and all(n == 1 for n in seen.shape)


def _name_of(function: Callable[..., Any]) -> str:
    """Its name, which for an attribute that gives a tensor is the attribute's."""
    name: str = getattr(function, "__name__", "")
    if name == "__get__":
        attribute = getattr(getattr(function, "__self__", None), "__name__", "")
        return attribute if attribute in _ATTRIBUTES else name
    return name
