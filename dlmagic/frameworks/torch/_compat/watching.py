"""What a watcher of training needs to know of a pass, and how it puts hooks on at little cost."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd import forward_ad
from torch.utils.hooks import RemovableHandle

current_backward: Callable[[], int] = getattr(torch._C, "_current_graph_task_id", lambda: -1)
"""The number of the backward pass that this thread computes just now; -1 for none."""

_is_tracing: Callable[[], bool] = getattr(torch._C, "_is_tracing", lambda: False)
_count_of_modes: Callable[[], int] = getattr(torch._C, "_len_torch_dispatch_stack", lambda: 0)
_modes: Callable[[], list[object]] = getattr(
    torch.utils._python_dispatch, "_get_current_dispatch_mode_stack", list
)
_TRACING = frozenset({"FakeTensorMode", "ProxyTorchDispatchMode"})
_transforms: Callable[[], list[Any] | None] = getattr(
    getattr(torch._C, "_functorch", None), "get_interpreter_stack", lambda: None
)

_engine = getattr(torch.autograd.Variable, "_execution_engine", None)
_queue: Callable[[Callable[[], None]], None] | None = getattr(_engine, "queue_callback", None)


def in_backward() -> bool:
    """Whether this thread computes gradients just now; False where nobody tells."""
    return current_backward() != -1


def in_transform() -> bool:
    """Whether this thread computes within torch.func, a trace or forward derivatives.

    Tensors then stand for others, and what is done with them becomes part of the result.
    """
    if _transforms() is not None or _is_tracing():
        return True
    if _count_of_modes() and any(type(each).__name__ in _TRACING for each in _modes()):
        return True
    return bool(getattr(forward_ad, "_current_level", -1) >= 0)


def at_end_of_backward(function: Callable[[], None]) -> bool:
    """Have a function called when the backward pass that runs now has ended.

    Returns whether it will be.
    """
    if _queue is None or current_backward() == -1:
        return False
    _queue(function)
    return True


def hook_gradient(tensor: Tensor, function: Callable[[Tensor], object]) -> None:
    """Have a function called with the gradient that reaches a tensor, as long as its graph lives.

    Tensors have a function for that, which takes three times as long, because the hook can then
    be taken off again.
    """
    if type(tensor) is not Tensor:
        tensor.register_hook(function)
        return
    hooks: Any = tensor._backward_hooks
    if hooks is None:
        node: Any = tensor.grad_fn
        try:
            tensor._backward_hooks = hooks = OrderedDict()
            node._register_hook_dict(tensor)
        except AttributeError:
            tensor._backward_hooks = None
            tensor.register_hook(function)
            return
    hooks[function] = function


def put_hooks_on(hooks: Iterable[tuple[nn.Module, Callable[..., Any]]]) -> int:
    """Have functions called after each call of their modules; returns the key of all of them.

    Modules have a function for that, which takes ten times as long: too long for hundreds of
    hooks that stay for one step.
    """
    key = RemovableHandle(OrderedDict[int, Any]()).id
    for module, hook in hooks:
        module._forward_hooks[key] = hook
    return key


def take_hooks_off(modules: Iterable[nn.Module], key: int) -> None:
    """Take off what :func:`put_hooks_on` has put on."""
    for module in modules:
        module._forward_hooks.pop(key, None)


def compiled_call(module: nn.Module) -> Callable[..., Any] | None:
    """What runs instead of the module's own call, after ``module.compile()``; None before it."""
    return getattr(module, "_compiled_call_impl", None)


def set_compiled_call(module: nn.Module, call: Callable[..., Any] | None) -> None:
    """Put another in its place. Copies and pickles of a module leave it out."""
    module._compiled_call_impl = call


def takes_scaled_gradients(optimizer: torch.optim.Optimizer) -> tuple[Tensor | None, Tensor | None]:
    """The scale of the gradients that an optimiser divides by itself, and whether it will skip.

    A gradient scaler leaves both with the optimiser for the time of its step.
    """
    return getattr(optimizer, "grad_scale", None), getattr(optimizer, "found_inf", None)
