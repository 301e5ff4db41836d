"""The mode ``cudagraph``: the whole cell captured once as a CUDA graph, then replayed.

The inputs of the graph are the cell's own tensors: the snapshot puts their values back in
place, so a replay reads them where the capture did. What a replay does not repeat is Python's
part of the cell; the one effect of it that matters for training, a gradient tensor that
``zero_grad()`` and ``backward()`` made anew, is put in its place after each replay.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

import torch
from torch import Tensor

from dlmagic.errors import ModeUnavailable
from dlmagic.frameworks.protocol import CellLike, Prepared
from dlmagic.frameworks.torch_failure import explain_failure

WARM_UP_CALLS = 3
"""Calls before the capture, as PyTorch's manual advises, so that libraries are set up."""


def prepare(cell: CellLike, arguments: Mapping[str, object]) -> Prepared:
    """Make the cell ready; its graph is captured at the first call.

    Raises:
        ModeUnavailable: There is no CUDA device, or the cell computes elsewhere.
    """
    if not torch.cuda.is_available():
        raise ModeUnavailable("Mode cudagraph needs a CUDA device, and PyTorch sees none here.")
    leaves = list(_leaves(arguments.values()))
    if not any(leaf.is_cuda for leaf in leaves):
        raise ModeUnavailable(
            "Mode cudagraph needs values on a CUDA device, and this cell reads none.",
            "Move the model and its inputs there with .to('cuda').",
        )
    return Prepared(_Captured(cell.function, leaves))


class _Captured:
    """Calls of the cell as replays of one graph."""

    def __init__(
        self, function: Callable[..., tuple[object, ...]], leaves: Iterable[Tensor]
    ) -> None:
        self._function = function
        self._leaves = [leaf for leaf in leaves if leaf.is_leaf and leaf.requires_grad]
        self._graph: torch.cuda.CUDAGraph | None = None
        self._returned: tuple[object, ...] = ()
        self._new_grads: list[tuple[Tensor, Tensor | None]] = []

    def __call__(self, *arguments: object) -> tuple[object, ...]:
        """Replay; the first time warm up and capture, which runs nothing, and then replay.

        Returns:
            The same tensors each time, overwritten by the next replay.
        """
        if self._graph is None:
            self._graph = self._capture(arguments)
        self._graph.replay()
        for leaf, grad in self._new_grads:
            if leaf.grad is not grad:
                leaf.grad = grad
        return self._returned

    def _capture(self, arguments: tuple[object, ...]) -> torch.cuda.CUDAGraph:
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        inputs = _values_of(self._leaves_and(arguments))
        with torch.cuda.stream(side):
            for _ in range(WARM_UP_CALLS):
                self._function(*arguments)
        torch.cuda.current_stream().wait_stream(side)
        torch.cuda.synchronize()
        grads_before = [leaf.grad for leaf in self._leaves]
        graph = self._record(arguments)
        self._new_grads = [
            (leaf, leaf.grad)
            for leaf, before in zip(self._leaves, grads_before, strict=True)
            if leaf.grad is not before
        ]
        _put_values_back(inputs)
        return graph

    def _record(self, arguments: tuple[object, ...]) -> torch.cuda.CUDAGraph:
        graph = torch.cuda.CUDAGraph()
        try:
            with torch.cuda.graph(graph):
                self._returned = self._function(*arguments)
        except Exception as error:
            explained = explain_failure(error, self._function.__code__.co_filename)
            if explained is None:
                raise
            raise ModeUnavailable(explained[0]) from error
        return graph

    def _leaves_and(self, arguments: tuple[object, ...]) -> Iterator[Tensor]:
        yield from self._leaves
        yield from _leaves(arguments)


def _leaves(values: Iterable[object]) -> Iterator[Tensor]:
    """The tensors among the values, and those of modules and optimisers."""
    for value in values:
        if isinstance(value, Tensor):
            yield value
        elif isinstance(value, torch.nn.Module):
            yield from value.parameters()
            yield from value.buffers()
        elif isinstance(value, torch.optim.Optimizer):
            yield from (p for group in value.param_groups for p in group["params"])


def _values_of(tensors: Iterable[Tensor]) -> list[tuple[Tensor, Tensor]]:
    unique = {id(tensor): tensor for tensor in tensors}
    return [(tensor, tensor.detach().clone()) for tensor in unique.values()]


def _put_values_back(inputs: list[tuple[Tensor, Tensor]]) -> None:
    """The warm-up calls of a training cell moved the weights; the first replay starts afresh."""
    with torch.no_grad():
        for tensor, value in inputs:
            tensor.detach().copy_(value)
