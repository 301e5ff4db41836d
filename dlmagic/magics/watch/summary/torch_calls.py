"""Noting the calls of a model's layers, forward by hooks on modules, backward by hooks on nodes.

The hooks are there for one run only. Those on modules stand outermost, so what the user's own
hooks do belongs to the layer. A part of the forward pass that runs again in the backward pass
(checkpointing) is no call of its own.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from dlmagic.magics.watch.summary.calls import Call

Hook = Callable[[Call], object]


class CallTracker:
    """Follows one run of a model.

    Attributes:
        calls: All calls so far, in the order in which they began.
        open: The calls that have begun and not ended, the model's own first.
        layers: The modules of the open calls, and what they were called with.

    Args:
        modules: The model's modules by their paths.
    """

    def __init__(self, modules: Mapping[str, nn.Module]) -> None:
        self.calls: list[Call] = []
        self.open: list[Call] = []
        self.layers: list[tuple[nn.Module, tuple[Any, ...]]] = []
        self._modules = modules
        self._following = False

    @property
    def current(self) -> Call | None:
        """The innermost call that is under way."""
        return self.open[-1] if self.open else None

    @contextmanager
    def following(self) -> Iterator[None]:
        """While active, calls are noted; an error leaves those open that it came through."""
        handles = []
        for path, module in self._modules.items():
            handles += self._hooks_on(path, module)
        self._following = True
        try:
            yield
        finally:
            self._following = False
            for handle in handles:
                handle.remove()

    def begin(self, call: Call, given: object) -> None:
        """A call begins; for those who note more."""

    def end(self, call: Call, result: object) -> None:
        """A call has ended; for those who note more."""

    def _hooks_on(self, path: str, module: nn.Module) -> list[Any]:
        def before(module: nn.Module, args: Any, kwargs: Any) -> None:
            if self._following:
                call = Call(path, self.current)
                self.calls.append(call)
                self.open.append(call)
                self.layers.append((module, args))
                self.begin(call, (args, kwargs))

        def after(_: nn.Module, __: Any, ___: Any, result: object) -> None:
            if self._following:
                self.end(self.open.pop(), result)
                self.layers.pop()

        return [
            module.register_forward_pre_hook(before, prepend=True, with_kwargs=True),
            module.register_forward_hook(after, with_kwargs=True),
        ]


class NodeOwners:
    """Which call made which node of the backward graph.

    What can be reached from a call's inputs was there before it; what can be reached from its
    outputs beside that, it has made.

    Attributes:
        owner: The call of each node; None for what was made outside of the model.
    """

    def __init__(self) -> None:
        self.owner: dict[Any, Call | None] = {}

    def assign(self, value: object, call: Call | None) -> None:
        """Give all nodes behind a value that nobody has yet to a call."""
        waiting = [tensor.grad_fn for tensor in tensors_in(value)]
        while waiting:
            node = waiting.pop()
            if node is None or node in self.owner or hasattr(node, "variable"):
                continue
            self.owner[node] = call
            waiting += [inner for inner, _ in node.next_functions]

    @contextmanager
    def hooked(self, begin: Hook, end: Hook) -> Iterator[None]:
        """While active, be told when the backward pass comes to a node of a call and leaves it."""
        handles = []
        for node, call in self.owner.items():
            if call is not None:
                handles.append(node.register_prehook(_telling(begin, call)))
                handles.append(node.register_hook(_telling(end, call)))
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()


def _telling(hook: Hook, call: Call) -> Callable[..., None]:
    def tell(*_: object) -> None:
        hook(call)

    return tell


def differentiate(result: object, parameters: Iterable[Tensor], inputs: object) -> bool:
    """A backward pass from all outputs, which touches nobody's ``.grad``.

    Returns:
        Whether there was anything to differentiate.
    """
    outputs = [t for t in tensors_in(result) if t.requires_grad and t.grad_fn is not None]
    wanted = [t for t in (*parameters, *tensors_in(inputs)) if t.requires_grad and t.is_leaf]
    if not outputs or not wanted:
        return False
    seeds = [torch.ones_like(output) for output in outputs]
    # Kept, because a part of the graph may be the user's own.
    torch.autograd.grad(outputs, wanted, seeds, retain_graph=True, allow_unused=True)
    return True


def tensors_in(value: object, depth: int = 0) -> Iterator[Tensor]:
    """The tensors of a value: in containers, dataclasses, and what behaves like them."""
    if isinstance(value, Tensor):
        yield value
    elif depth < _DEEPEST:
        for inner in _parts(value):
            yield from tensors_in(inner, depth + 1)


_DEEPEST = 8


def _parts(value: object) -> Iterable[object]:
    if isinstance(value, Mapping):
        return list(value.values())
    if isinstance(value, list | tuple):
        return value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return [getattr(value, each.name) for each in dataclasses.fields(value)]
    return ()
