"""One run of a model, in which calls, shapes, FLOPs, bytes and used parameters are noted."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from dlmagic.frameworks.torch import _compat as compat
from dlmagic.frameworks.torch import flops
from dlmagic.frameworks.torch.compiling import eager_stance
from dlmagic.magics.watch.summary.calls import Call
from dlmagic.magics.watch.summary.result import ArraySpec
from dlmagic.magics.watch.summary.torch_calls import (
    CallTracker,
    NodeOwners,
    differentiate,
    tensors_in,
)
from dlmagic.magics.watch.summary.torch_failure import wants_indices

_TAKE_INDICES = (nn.Embedding, nn.EmbeddingBag)
"""Without numbers some versions of PyTorch let them take others, too."""


class CountingRun(CallTracker):
    """A run under watch, forward and backward.

    Args:
        modules: The model's modules by their paths; a model without numbers will do.
        between_calls: Called before each call of a layer.

    Attributes:
        used: Names of the parameters that an operation has read, or may have.
        sparse: Whether a product had an operand that stores only some of its values.
    """

    def __init__(
        self, modules: Mapping[str, nn.Module], between_calls: Callable[[], None] = lambda: None
    ) -> None:
        super().__init__(modules)
        self.sparse = False
        self._between_calls = between_calls
        self._model = modules[""]
        self._nodes = NodeOwners()
        self._storages = _Storages(self._model)
        self.used = set(self._storages.untold)
        self._backward: Call | None = None

    def run(self, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> None:
        """Run the model forward, and backward where it can be differentiated."""
        self._storages.know((arguments, keywords))
        with undisturbed(), flops.without_fused_layers(), _Operations(self):
            with self.following():
                result = self._model(*arguments, **keywords)
            self._differentiate(result, (arguments, keywords))

    def begin(self, call: Call, given: object) -> None:
        """What was made before the call belongs to the one around it."""
        self._between_calls()
        if type(self.layers[-1][0]) in _TAKE_INDICES and wants_indices(self):
            raise TypeError("an Embedding takes whole numbers")
        self._nodes.assign(given, call.parent)
        call.flops = 0.0

    def end(self, call: Call, result: object) -> None:
        """Note what comes out of a call."""
        self._nodes.assign(result, call)
        outputs = list(tensors_in(result))
        call.outputs = tuple(map(spec_of, outputs))
        call.activation_bytes = sum(map(self._storages.new_bytes, outputs))

    def operation(self, args: Any, kwargs: Any, result: Any, formula: Any) -> None:
        """An operation has run, in a call or in the backward pass of one."""
        operands = list(tensors_in((args, kwargs)))
        self.used |= self._storages.parameters_among(operands)
        if formula is None:
            return
        self.sparse |= any(each.layout != torch.strided for each in operands)
        count = float(formula(*args, **kwargs, out_val=result))
        if self._backward is not None:
            self._backward.flops_backward = (self._backward.flops_backward or 0.0) + count
        elif self.current is not None:
            self.current.flops = (self.current.flops or 0.0) + count

    def _differentiate(self, result: object, inputs: object) -> None:
        """Backward FLOPs are a courtesy: a model that refuses has none."""
        try:
            with self._nodes.hooked(self._enter, self._leave):
                done = differentiate(result, self._model.parameters(), inputs)
        except Exception:
            done = False
        for call in self.calls if not done else ():
            call.flops_backward = None

    def _enter(self, call: Call) -> None:
        self._backward = call
        call.flops_backward = call.flops_backward or 0.0

    def _leave(self, _: Call) -> None:
        self._backward = None


class _Operations(compat.TorchDispatchMode):
    """Tells a run of every operation.

    Args:
        run: Who is told.
    """

    def __init__(self, run: CountingRun) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._run = run
        self._formulas = flops.formulas_by_operation()

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> object:
        """Run an operation and tell of it."""
        kwargs = kwargs or {}
        result = func(*args, **kwargs)
        formula = self._formulas.get(getattr(func, "_overloadpacket", None))
        self._run.operation(args, kwargs, result, formula)
        return result


class _Storages:
    """Which memory is whose, so that what shares memory counts once.

    Args:
        model: The model whose parameters are known from the start.

    Attributes:
        untold: Names of parameters whose memory nobody tells, such as sparse ones.
    """

    def __init__(self, model: nn.Module) -> None:
        self._parameters: dict[int, set[str]] = {}
        self.untold: set[str] = set()
        self._seen: set[int] = set()
        self._kept: list[Tensor] = []  # so that no other tensor gets the same memory
        for name, parameter in model.named_parameters():
            number = compat.storage_number(parameter)
            if number is None:
                self.untold.add(name)
            else:
                self._parameters.setdefault(number, set()).add(name)
        self.know([*model.parameters(), *model.buffers()])

    def know(self, value: object) -> None:
        """Let the tensors of a value be there already."""
        for tensor in tensors_in(value):
            self.new_bytes(tensor)

    def new_bytes(self, tensor: Tensor) -> int:
        """Bytes of a tensor; none where its memory is known already."""
        number = compat.storage_number(tensor)
        if number is None:
            return _bytes_of(tensor)
        if number in self._seen:
            return 0
        self._seen.add(number)
        self._kept.append(tensor.detach())
        return min(_bytes_of(tensor), tensor.untyped_storage().nbytes())

    def parameters_among(self, tensors: list[Tensor]) -> set[str]:
        """Names of the parameters that some tensors are, or look at."""
        numbers = map(compat.storage_number, tensors)
        found = (self._parameters[n] for n in numbers if n is not None and n in self._parameters)
        return set().union(*found)


def _bytes_of(tensor: Tensor) -> int:
    return tensor.numel() * tensor.element_size()


def spec_of(tensor: Tensor) -> ArraySpec:
    """Shape and type of a tensor."""
    return ArraySpec(tuple(map(int, tensor.shape)), str(tensor.dtype).removeprefix("torch."))


@contextmanager
def undisturbed() -> Iterator[None]:
    """While active, what was compiled runs as it is written, and gradients are recorded."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the user's own runs have told, or will tell
        with eager_stance(), torch.enable_grad():
            yield
