"""Watching on NVIDIA GPUs: nothing waits for the device, and replicas are one model."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from tests.magics.watch.torch.training import agree, row, step, watching

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs an NVIDIA GPU"),
]


def on_gpu():
    torch.manual_seed(0)
    layers = [layer for _ in range(6) for layer in (nn.Linear(64, 64), nn.ReLU())]
    return nn.Sequential(*layers).cuda(), torch.randn(128, 64, device="cuda")


@pytest.fixture
def no_waiting():
    yield lambda: torch.cuda.set_sync_debug_mode("error")
    torch.cuda.set_sync_debug_mode("default")


@pytest.mark.filterwarnings("ignore:Synchronization debug mode")
@pytest.mark.parametrize("exact", [False, True])
def test_no_step_waits_for_the_device(no_waiting, exact):
    model, batch = on_gpu()
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    with watching(model, exact=exact) as (watcher, listening):
        for _ in range(5):
            step(model, optimizer, batch)
        watcher.take(wait=True)
        no_waiting()
        for _ in range(10):
            step(model, optimizer, batch)
            watcher.take()
        torch.cuda.set_sync_debug_mode("default")
        watcher.take(wait=True)
    assert listening.steps == list(range(1, 16))


def test_statistics_are_those_of_the_values():
    model, batch = on_gpu()
    optimizer = torch.optim.SGD(model.parameters(), 1e-3)
    output = model(batch).detach().cpu()
    with watching(model, exact=True) as (watcher, _):
        step(model, optimizer, batch)
        sample = watcher.take(wait=True)[-1]
    agree(row(sample, "11", "activation"), output, 1e-4)
    agree(row(sample, "0", "gradient", "weight"), model[0].weight.grad.cpu(), 1e-4)


def test_a_nan_is_told_at_most_two_steps_later():
    model, batch = on_gpu()
    optimizer = torch.optim.SGD(model.parameters(), 1e-3)
    with watching(model, every=1000) as (_, listening):
        for number in range(1, 9):
            step(model, optimizer, batch * torch.nan if number == 4 else batch)
            torch.cuda.synchronize()
            if listening.culprits:
                break
    assert listening.culprits[0].step == 4
    assert number <= 6


@pytest.mark.skipif(torch.cuda.device_count() < 2, reason="needs two GPUs")
def test_replicas_on_two_devices_are_one_row():
    model, batch = on_gpu()
    parallel = nn.DataParallel(model)
    optimizer = torch.optim.SGD(model.parameters(), 1e-3)
    with watching(parallel, exact=True) as (watcher, listening):
        for _ in range(3):
            step(parallel, optimizer, batch)
        sample = watcher.take(wait=True)[-1]
    assert listening.steps == [1, 2, 3]
    assert row(sample, "0", "activation")["total"] == 128 * 64
    agree(row(sample, "0", "gradient", "weight"), model[0].weight.grad.cpu(), 1e-4)
