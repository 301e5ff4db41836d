"""What the profiler tells of collectives, and replicas that do without; a group of one process."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch
import torch.distributed as dist
from torch import nn

import dlmagic
from dlmagic.frameworks import collectives
from dlmagic.frameworks.torch.communication import barrier_for, covered


@pytest.fixture
def group() -> Iterator[None]:
    """A process group of this process alone."""
    dist.init_process_group("gloo", store=dist.HashStore(), rank=0, world_size=1)
    yield
    dist.destroy_process_group()


def test_spans_that_overlap_count_once() -> None:
    assert covered([]) == 0
    assert covered([(5, 6), (0, 2), (1, 3), (1, 2)]) == 4


def test_without_a_group_nothing_can_be_told() -> None:
    assert not collectives.can_be_told()
    assert collectives.barrier_for(1) is None


def test_collectives_of_each_piece_of_work_are_counted(group: None) -> None:
    values = torch.ones(1000)
    with collectives.watching() as watch:
        dist.all_reduce(values)
        for times in (0, 1, 3):
            with watch.piece():
                for _ in range(times):
                    dist.all_reduce(values)
    pieces = watch.pieces()
    assert [each.collectives for each in pieces] == [0, 1, 3]
    assert pieces[0].communicating == 0
    assert all(0 < each.communicating <= each.seconds for each in pieces[1:])


def test_the_barrier_is_that_of_a_group_of_just_so_many(group: None) -> None:
    barrier = barrier_for(1)
    assert barrier is not None
    barrier()
    assert barrier_for(2) is None


def test_what_the_first_step_arranges_is_no_answer(group: None) -> None:
    torch.manual_seed(0)
    model = nn.parallel.DistributedDataParallel(nn.Linear(4, 4))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    names = {"model": model, "optimizer": optimizer, "x": torch.ones(2, 4)}
    cell = "optimizer.zero_grad()\nmodel(x).sum().backward()\noptimizer.step()"
    before = model.module.weight.clone()
    found = dlmagic.bench(cell, namespace=names, modes=["eager"], time=0.1)
    assert (found["eager"].agrees, found["eager"].agreement) == (True, "identical")
    assert torch.equal(model.module.weight, before)
    assert model.module.weight.grad is None


def test_replicas_apart_exchange_nothing_and_are_as_before_afterwards(group: None) -> None:
    model = nn.parallel.DistributedDataParallel(nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4)))
    inputs = torch.randn(8, 4)
    for _ in range(2):  # in its second step a replica agrees with the others on its buckets
        model(inputs).sum().backward()
    flags = (model.require_backward_grad_sync, model.require_forward_param_sync)
    with collectives.watching() as watch:
        with collectives.apart(), watch.piece():
            model(inputs).sum().backward()
        with watch.piece():
            model(inputs).sum().backward()
    apart, together = watch.pieces()
    assert apart.collectives == 0
    assert together.collectives > 0
    assert (model.require_backward_grad_sync, model.require_forward_param_sync) == flags
