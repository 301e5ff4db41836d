"""PyTorch's graph: it hangs on every tensor, and hooks tell the rest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor

from dlmagic.errors import InputError
from dlmagic.frameworks.backward import Backward, Cut
from dlmagic.frameworks.torch.autograd_graph import leaves_of, read_graph
from dlmagic.frameworks.torch.autograd_recorder import AutogradRecorder, take_gradients
from dlmagic.magics.graphmode.autograd.recording import Assigned, Target, first_with_graph

_WITHOUT = (
    "has no graph: made under no_grad(), by detach(), or of nothing that requires a gradient.",
    "Put %%autograd above the cell that makes it: it says which line cut the graph.",
)
_THERE_BEFORE = (
    "Lines, values and gradients of the steps are not known: the graph was there before. "
    "%%autograd above the cell that makes it records them."
)
_ASKED = "what backward() was called on"


class TorchRecording:
    """What was noted while a cell ran.

    Args:
        recorder: Noted it; its hooks stay until :meth:`close`.
        namespace: The notebook's, for names.
    """

    advice = "Nothing in it requires a gradient: call .requires_grad_() on what should have one."

    def __init__(self, recorder: AutogradRecorder, namespace: Mapping[str, object]) -> None:
        self._recorder = recorder
        self._namespace = namespace

    @property
    def cuts(self) -> list[Cut]:
        """Calls that gave something without a graph for something with one."""
        return self._recorder.cuts

    @property
    def _worth_telling(self) -> list[Cut]:
        """Where a graph is left, numbers and ``.data`` are there to be looked at, or updated."""
        return [cut for cut in self.cuts if cut.why not in ("number", "data")]

    def target(self, assigned: Assigned, last: object) -> Target | None:
        """The last value of a cell or the tensor that it assigned last, if it has a graph.

        Else that whose ``backward()`` it has called: made in a function, or before the cell.
        """
        found, asked = first_with_graph(assigned, last, _has_graph), self._recorder.asked_last
        if found is None and asked is not None and _has_graph(asked):
            return Target(_names(self._namespace).get(id(asked), _ASKED), asked)
        return found

    def read(self, target: Target) -> Backward:
        """The graph, with the gradients of the cell's own backward pass if there was one."""
        tensor, recorded, notes = target.value, self._recorder.recorded, []
        assert isinstance(tensor, Tensor)
        if tensor is self._recorder.asked_last and id(tensor.grad_fn) not in recorded.nodes:
            return self._made_before(tensor)
        if not recorded.keep_pass_through(tensor.grad_fn):  # no backward() began here
            problem = take_gradients(tensor, leaves_of(tensor), recorded)
            notes = [f"Gradients are not known: {problem}"] if problem else []
        self.close()
        nodes = read_graph(tensor, _names(self._namespace), recorded)
        return Backward(tuple(nodes), tuple(self._worth_telling), tuple(notes))

    def _made_before(self, tensor: Tensor) -> Backward:
        """The graph behind a tensor that the cell found, and went through with ``backward()``."""
        self.close()
        nodes = read_graph(tensor, _names(self._namespace))
        return Backward(tuple(nodes), notes=(_THERE_BEFORE,))

    def close(self) -> None:
        """Take the hooks away, and let the tensor go."""
        self._recorder.remove_hooks()
        self._recorder.asked_last = None


class TorchAutograd:
    """PyTorch's part of this room."""

    def owns(self, value: object) -> bool:
        """Whether it is a tensor."""
        return isinstance(value, Tensor)

    @contextmanager
    def recording(self, filename: str, namespace: Mapping[str, object]) -> Iterator[TorchRecording]:
        """Note lines, values and gradients."""
        recorder = AutogradRecorder(filename)
        try:
            with recorder:
                yield TorchRecording(recorder, namespace)
        except BaseException:  # a cell that fails, or is interrupted, leaves tensors all the same
            recorder.remove_hooks()
            raise

    def existing(self, target: Target, namespace: Mapping[str, object]) -> Backward:
        """The graph that hangs on a tensor.

        Raises:
            InputError: There is none.
        """
        tensor = target.value
        assert isinstance(tensor, Tensor)
        if tensor.grad_fn is None:
            reason, hint = _why_without(tensor)
            raise InputError(f"{target.name} {reason}", hint)
        nodes = read_graph(tensor, _names(namespace))
        return Backward(tuple(nodes), notes=(_THERE_BEFORE,))


def _has_graph(value: object) -> bool:
    return isinstance(value, Tensor) and value.grad_fn is not None


def _why_without(tensor: Tensor) -> tuple[str, str]:
    """Why there is no graph behind a tensor, and what to do."""
    if tensor.requires_grad:
        return "is a leaf: it is where a graph begins.", "Name a tensor that is computed from it."
    if not tensor.is_floating_point() and not tensor.is_complex():
        dtype = str(tensor.dtype).removeprefix("torch.")
        return f"has dtype {dtype}, through which no gradient goes.", ""
    return _WITHOUT


def _names(namespace: Mapping[str, object]) -> dict[int, str]:
    """What the user calls each tensor; the parameters of a module by way of its name."""
    names: dict[int, str] = {}
    for name, value in namespace.items():
        if name.startswith("_"):
            continue
        if isinstance(value, Tensor):
            names.setdefault(id(value), name)
        elif isinstance(value, torch.nn.Module):
            for path, parameter in value.named_parameters():
                names.setdefault(id(parameter), f"{name}.{path}")
    return names
