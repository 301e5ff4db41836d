"""The mode ``cudagraph``: the whole cell captured once as a CUDA graph, then replayed.

The inputs of the graph are the cell's own tensors: the snapshot puts their values back in
place, so a replay reads them where the capture did. What a replay does not repeat is Python's
part of the cell; the one effect of it that matters for training, a gradient tensor that
``zero_grad()`` and ``backward()`` made anew, is put in its place after each replay.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

from dlmagic.errors import ModeUnavailable
from dlmagic.frameworks.protocol import CellLike, Prepared
from dlmagic.frameworks.torch import _compat as compat
from dlmagic.frameworks.torch.failure import explain_failure
from dlmagic.frameworks.torch.graph_questions import is_leaf

WARM_UP_CALLS = 3
"""Calls before the capture, as PyTorch's manual advises, so that libraries are set up."""

_ONLY_FOLLOWS = "due to a previous error during capture"


def prepare(
    cell: CellLike,
    arguments: Mapping[str, object],
    run_once: Callable[[Mapping[str, object]], object],
) -> Prepared:
    """Warm the cell up; its graph is captured at the first call, from the starting state.

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
    _warm_up(run_once)
    return Prepared(_Captured(cell.function, leaves))


def _warm_up(run_once: Callable[[Mapping[str, object]], object]) -> None:
    """Let libraries set themselves up on a side stream, where a capture may follow."""
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(WARM_UP_CALLS):
            run_once({})
    torch.cuda.current_stream().wait_stream(side)
    torch.cuda.synchronize()


class _Captured:
    """Calls of the cell as replays of one graph."""

    def __init__(
        self, function: Callable[..., tuple[object, ...]], leaves: Iterable[Tensor]
    ) -> None:
        self._function = function
        self._leaves = [leaf for leaf in leaves if leaf.requires_grad and is_leaf(leaf)]
        self._graph: torch.cuda.CUDAGraph | None = None
        self._returned: tuple[object, ...] = ()
        self._new_grads: list[tuple[Tensor, Tensor | None]] = []

    def __call__(self, *arguments: object) -> tuple[object, ...]:
        """Replay; the first time capture, which computes nothing yet, and then replay.

        Returns:
            The same tensors each time, overwritten by the next replay.

        Raises:
            ModeUnavailable: The cell does something that cannot be captured.
        """
        if self._graph is None:
            self._graph = self._capture(arguments)
        self._graph.replay()
        for leaf, grad in self._new_grads:
            if leaf.grad is not grad:
                leaf.grad = grad
        return self._returned

    def _capture(self, arguments: tuple[object, ...]) -> torch.cuda.CUDAGraph:
        before = [leaf.grad for leaf in self._leaves]
        graph = torch.cuda.CUDAGraph()
        try:
            with _let_go_if_it_fails() as pool, torch.cuda.graph(graph, pool=pool):
                self._returned = self._function(*arguments)
        except Exception as error:
            cause = _first(error)
            explained = explain_failure(cause, None)
            if explained is None:
                raise cause from None
            raise ModeUnavailable(explained[0]) from cause
        now = [(leaf, leaf.grad) for leaf in self._leaves]
        self._new_grads = [
            pair for pair, old in zip(now, before, strict=True) if pair[1] is not old
        ]
        return graph


@contextmanager
def _let_go_if_it_fails() -> Iterator[Any]:
    """Where the tensors of a capture lie; if it fails, nothing of it stays.

    Generators and the allocator would stay as if it went on: each random number that is drawn later
    would raise, and no memory would be given back.
    """
    pool = torch.cuda.graph_pool_handle()
    before = [(each, each.get_state()) for each in torch.cuda.default_generators]
    try:
        yield pool
    except BaseException:
        for generator, state in before:
            fresh = torch.Generator(generator.device)
            fresh.set_state(state)
            generator.graphsafe_set_state(fresh.graphsafe_get_state())
        compat.let_go_of_capture(torch.cuda.current_device(), pool)
        raise


def _first(error: BaseException) -> BaseException:
    """What went wrong within a capture: that it cannot be ended then only follows from that."""
    while _ONLY_FOLLOWS in str(error) and error.__context__ is not None:
        error = error.__context__
    return error


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
