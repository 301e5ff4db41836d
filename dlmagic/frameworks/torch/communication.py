"""What PyTorch's profiler tells of collectives, and replicas that do without them."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import torch
import torch.distributed as dist
from torch.profiler import ProfilerActivity, profile, record_function

from dlmagic.frameworks.collectives import Communication

_BACKENDS = ("gloo:", "nccl:", "mpi:", "ucc:", "xccl:")
"""How the profiler's names of collectives begin, each with the backend that carries it."""
_PIECE = "one piece of work, watched by dlmagic"

Span = tuple[float, float]
"""Start and end in microseconds."""

_SYNCHRONISING = ("require_backward_grad_sync", "require_forward_param_sync")


class Watch:
    """Watches pieces of work under one profiler, since to start and to end one takes long."""

    def __init__(self) -> None:
        activities = [ProfilerActivity.CPU]
        if torch.cuda.is_available():
            activities.append(ProfilerActivity.CUDA)
        # Some versions warn of events that go, though there are none before the first cycle.
        self.profiler = profile(activities=activities, acc_events=True)

    def piece(self) -> AbstractContextManager[object]:
        """A block that is one piece of work."""
        block: AbstractContextManager[object] = record_function(_PIECE)
        return block

    def pieces(self) -> list[Communication]:
        """What each piece communicated, in their order."""
        spans: list[Span] = []
        blocks: list[Span] = []
        for event in self.profiler.events() or ():
            place = (event.time_range.start, event.time_range.end)
            if event.name.startswith(_BACKENDS):
                spans.append(place)
            elif event.name == _PIECE and str(event.device_type).endswith("CPU"):
                blocks.append(place)
        return [_within(block, spans) for block in sorted(blocks)]


@contextmanager
def watching() -> Iterator[Watch]:
    """A block in which pieces of work are watched."""
    watch = Watch()
    with watch.profiler:
        yield watch


def _within(block: Span, spans: Iterable[Span]) -> Communication:
    start, end = block
    inside = [(max(start, s), min(end, e)) for s, e in spans if s < end and e > start]
    return Communication((end - start) / 1e6, covered(inside) / 1e6, len(inside))


def barrier_for(ranks: int) -> Callable[[], object] | None:
    """The barrier of the default group, if that is made of so many ranks."""
    if dist.get_world_size() != ranks:
        return None
    if "nccl" not in dist.get_backend():
        return dist.barrier

    def barrier() -> None:
        dist.barrier(device_ids=[torch.cuda.current_device()])
        torch.cuda.synchronize()

    return barrier


def covered(spans: Iterable[tuple[float, float]]) -> float:
    """The length that spans cover together; where they overlap it counts once.

    >>> covered([(0, 2), (1, 3), (5, 6)])
    4.0
    """
    total, reached = 0.0, float("-inf")
    for start, end in sorted(spans):
        total += max(0.0, end - max(start, reached))
        reached = max(reached, end)
    return total


@contextmanager
def apart() -> Iterator[None]:
    """Keep every ``DistributedDataParallel`` of this process from exchanging anything.

    It is what ``no_sync`` does, and for buffers as well.
    """
    before = [
        (model, name, getattr(model, name)) for model in _replicas() for name in _SYNCHRONISING
    ]
    for model, name, _ in before:
        setattr(model, name, False)
    try:
        yield
    finally:
        for model, name, value in before:
            setattr(model, name, value)


def _replicas() -> list[Any]:
    parallel: Any = sys.modules.get("torch.nn.parallel")
    if parallel is None:
        return []
    kind = parallel.DistributedDataParallel
    return [each for each in gc.get_objects() if issubclass(type(each), kind)]
