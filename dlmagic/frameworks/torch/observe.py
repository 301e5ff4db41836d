"""Which modules and functions a cell calls, and with what: seen while it runs once.

TorchScript takes a module or a function, not a cell. So the cell runs once with recorders in
place of the modules and plain functions among its parameters; afterwards each can be replaced
by its traced or scripted form.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from types import FunctionType
from typing import Any

import torch
from torch import Tensor

from dlmagic.frameworks.torch import _compat as compat


@dataclass(frozen=True)
class Call:
    """One observed call.

    Attributes:
        arguments: Positional arguments, tensors copied as they were at the call.
        keywords: Keyword arguments, likewise.
        training: Whether the module was in training mode; False for a function.
        inside: Names of the observed callables that this call was made from, outermost first.
    """

    arguments: tuple[Any, ...]
    keywords: Mapping[str, Any]
    training: bool
    inside: tuple[str, ...]


@dataclass
class Observation:
    """The callables among a cell's parameters, and their calls in one run.

    Attributes:
        targets: Modules and plain functions by parameter name.
        calls: What each was called with, in order.
    """

    targets: dict[str, Callable[..., Any]]
    calls: dict[str, list[Call]] = field(default_factory=dict)
    _open: list[str] = field(default_factory=list)

    def recorders(self) -> dict[str, object]:
        """Stand-ins to run the cell with; each records its calls and passes them on."""
        return {name: self._recorder(name, target) for name, target in self.targets.items()}

    def _recorder(self, name: str, target: Callable[..., Any]) -> object:
        def record(*arguments: Any, **keywords: Any) -> Any:
            training = bool(getattr(target, "training", False))
            call = Call(_copies(arguments), _copies(keywords), training, tuple(self._open))
            self.calls.setdefault(name, []).append(call)
            self._open.append(name)
            try:
                return target(*arguments, **keywords)
            finally:
                self._open.pop()

        if isinstance(target, torch.nn.Module):
            return StandIn(target, record)
        return functools.wraps(target)(record)


class StandIn:
    """Is the module in every respect but being called.

    ``model.train()``, ``model.parameters()``, ``model.my_method()`` and ``isinstance`` see the
    module itself, so the optimiser goes on updating its parameters.
    """

    __slots__ = ("_dlm_call", "_dlm_module")

    def __init__(self, module: torch.nn.Module, call: Callable[..., Any]) -> None:
        object.__setattr__(self, "_dlm_module", module)
        object.__setattr__(self, "_dlm_call", call)

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        """What stands in for calling the module."""
        return self._dlm_call(*arguments, **keywords)

    @property  # type: ignore[misc]  # isinstance(model, nn.Module) stays true
    def __class__(self) -> Any:
        return type(self._dlm_module)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._dlm_module, name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self._dlm_module, name, value)

    def __delattr__(self, name: str) -> None:
        delattr(self._dlm_module, name)

    def __repr__(self) -> str:
        return repr(self._dlm_module)

    def __getitem__(self, key: Any) -> Any:
        return self._dlm_module[key]

    def __len__(self) -> int:
        return len(self._dlm_module)

    def __bool__(self) -> bool:
        return True

    def __iter__(self) -> Any:
        return iter(self._dlm_module)


def observe(
    parameters: Mapping[str, object], run_once: Callable[[Mapping[str, object]], object]
) -> Observation:
    """Run the cell once and see which of its parameters it calls."""
    targets = dict(_targets(parameters.items()))
    observation = Observation(targets)
    if targets:
        run_once(observation.recorders())
    return observation


def _targets(
    parameters: Iterable[tuple[str, object]],
) -> Iterable[tuple[str, Callable[..., Any]]]:
    """Modules and functions written by the user; what PyTorch itself defines stays as it is."""
    for name, value in parameters:
        inner = compat.unwrapped(value)
        if isinstance(inner, torch.jit.ScriptModule | torch.jit.ScriptFunction):
            continue
        is_module = isinstance(inner, torch.nn.Module)
        if is_module or (isinstance(inner, FunctionType) and not _is_library(inner)):
            yield name, inner  # type: ignore[misc]  # both are callable


def _is_library(function: FunctionType) -> bool:
    root = (function.__module__ or "").partition(".")[0]
    return root in {"torch", "numpy", "functools", "contextlib", "IPython", "dlmagic"}


def _copies(values: Any) -> Any:
    """The same structure with each tensor copied: the cell may change it later."""
    return compat.pytree.tree_map_only(Tensor, _copy, values)


def _copy(tensor: Tensor) -> Tensor:
    return tensor.detach().clone().requires_grad_(tensor.requires_grad)
