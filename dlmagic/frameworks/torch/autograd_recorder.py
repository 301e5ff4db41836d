"""Noting which line made each node of autograd's graph, and with what numbers."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import FrameType
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from dlmagic.frameworks.backward import Cut, Why
from dlmagic.frameworks.captured import Frame, innermost_frame
from dlmagic.frameworks.torch import _compat as compat
from dlmagic.frameworks.torch.autograd_graph import Recorded, numbers_of
from dlmagic.frameworks.torch.decorated import decorated_on
from dlmagic.frameworks.torch.graph_questions import graph_of

_SILENT = frozenset(
    {"__get__", "__set__", "requires_grad_", "register_hook", "retain_grad", "backward", "size"}
)

_DATA: object = Tensor.data.__get__  # type: ignore[attr-defined]  # a property of C's
_NUMBERS = ("item", "tolist", "__float__")


class AutogradRecorder(TorchFunctionMode):
    """While active, every result with a graph is noted; nothing is changed.

    Args:
        filename: The cell's, to find the line of each call.

    Attributes:
        recorded: What was noted.
        cuts: Where gradients stop.
        asked_last: The tensor whose ``backward()`` was called last.
    """

    def __init__(self, filename: str) -> None:
        super().__init__()
        self.recorded = Recorded()
        self.cuts: list[Cut] = []
        self.asked_last: Tensor | None = None
        self._filename = filename
        self._handles: list[Any] = []
        self._behind: dict[int, Any] = {}
        self._inside = 0

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Iterable[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        name = getattr(func, "__name__", "")
        if name == "backward" and isinstance(args[0], Tensor):
            self.asked_last = args[0]
        if func == _DATA:
            self._note_cut("data", args, {}, result, self._frames(sys._getframe(1)))
        if name not in _SILENT:
            frames = self._frames(sys._getframe(1))
            self._note_all(result, frames)
            self._note_cut(name, args, kwargs or {}, result, frames)
        return result

    def __enter__(self) -> AutogradRecorder:
        self._custom = compat.watching_custom_functions(self._within_custom)
        self._custom.__enter__()
        super().__enter__()  # type: ignore[no-untyped-call]
        return self

    def __exit__(self, *error: Any) -> None:
        super().__exit__(*error)  # type: ignore[no-untyped-call]
        self._custom.__exit__(*error)

    def _within_custom(self, call: Callable[[], object]) -> object:
        """The result of a function of the user's own, which no other call shows.

        It runs without a graph, and its gradient is its own: nothing in it is a cut.
        """
        self._inside += 1
        try:
            result = call()
            self._note_all(result, self._frames(sys._getframe(1)))
        finally:
            self._inside -= 1
        return result

    def _frames(self, frame: FrameType) -> tuple[Frame, ...]:
        found = innermost_frame(self._filename, frame)
        return (found,) if found else ()

    def _note_all(self, result: object, frames: tuple[Frame, ...]) -> None:
        for tensor in compat.pytree.tree_leaves(result):
            if isinstance(tensor, Tensor):
                self._note(tensor, frames)

    def _note(self, tensor: Tensor, frames: tuple[Frame, ...]) -> None:
        node = graph_of(tensor)
        if node is None or id(node) in self.recorded.nodes:
            return
        self.recorded.nodes[id(node)] = node
        self.recorded.values[id(node)] = numbers_of(tensor)
        self.recorded.frames[id(node)] = frames
        self.watch_gradient(node)
        self._watch_leaves_behind(node)

    def _watch_leaves_behind(self, node: Any) -> None:
        """The leaves' own ``.grad`` would be the sum over all backward passes there ever were."""
        waiting = [child for child, _ in node.next_functions]
        while waiting:
            behind = waiting.pop()
            if behind is None or id(behind) in self._behind:
                continue
            self._behind[id(behind)] = behind
            if compat.variable_of(behind) is not None:
                self.watch_gradient(behind)
            waiting += [child for child, _ in behind.next_functions]

    def watch_gradient(self, node: Any) -> None:
        """Note the gradient of a node's result when a backward pass comes to it."""
        recorded, key = self.recorded, id(node)

        def note(found: tuple[Tensor | None, ...]) -> None:
            if found and found[0] is not None:
                recorded.gradients[key] = numbers_of(found[0])
                recorded.passes[key] = compat.current_backward()

        self._handles.append(node.register_prehook(note))

    def remove_hooks(self) -> None:
        """Take the hooks away; the graph is as the cell made it."""
        for handle in self._handles:
            handle.remove()
        self._handles.clear()

    def _note_cut(
        self,
        name: str,
        args: tuple[Any, ...],
        kwargs: Mapping[str, Any],
        result: Any,
        frames: tuple[Frame, ...],
    ) -> None:
        why = _why_cut(name, result)
        if why is None or self._inside or compat.in_backward():
            return
        given = compat.pytree.tree_leaves((args, dict(kwargs)))
        if any(isinstance(each, Tensor) and each.requires_grad for each in given):
            plain = name.removeprefix("__").removesuffix("__")
            off = why == "no_grad"
            within = decorated_on(sys._getframe(2), self._filename) if off else ""
            self.cuts.append(Cut(why, plain, frames, within))


def _why_cut(name: str, result: object) -> Why | None:
    """Why nothing gets a gradient through the result of a call; None where something may."""
    if name in _NUMBERS:
        return "number"
    if name == "data":
        return "data"
    if not isinstance(result, Tensor) or result.requires_grad:
        return None
    if not (result.is_floating_point() or result.is_complex()):
        return "integer"
    return "detach" if torch.is_grad_enabled() else "no_grad"


def take_gradients(target: Tensor, leaves: Sequence[Tensor], recorded: Recorded) -> str:
    """Run a backward pass that keeps the graph and changes no ``.grad``.

    Args:
        target: Where it begins, with a gradient of ones.
        leaves: Where it ends; their gradients are noted by the identity of the leaf.
        recorded: Where they are noted.

    Returns:
        Why it failed, or an empty text.
    """
    ones = torch.ones_like(target)
    try:
        found = torch.autograd.grad(target, leaves, ones, retain_graph=True, allow_unused=True)
    except RuntimeError as error:
        return str(error).partition("\n")[0]
    for leaf, gradient in zip(leaves, found, strict=True):
        if gradient is not None:
            recorded.gradients[id(leaf)] = numbers_of(gradient)
    return ""
