"""``%summary`` of a model on a GPU: events tell the times, and figures are those of the CPU."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from dlmagic import summary

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs an NVIDIA GPU"),
]


def model() -> nn.Sequential:
    return nn.Sequential(nn.Linear(256, 2048), nn.ReLU(), nn.LSTM(2048, 64, batch_first=True))


def test_figures_are_those_of_the_cpu() -> None:
    here = summary(model(), (8, 5, 256))
    there = summary(model().cuda(), torch.rand(8, 5, 256, device="cuda"))
    assert (there.parameters, there.flops) == (here.parameters, here.flops)
    assert there.flops_backward == here.flops_backward
    assert there.activation_bytes == here.activation_bytes
    assert not there.findings
    assert there.device.startswith("cuda")


def test_times_are_those_of_the_gpu() -> None:
    layers = nn.Sequential(nn.Linear(2048, 2048), nn.Linear(2048, 16)).cuda()
    found = summary(layers, torch.rand(8192, 2048, device="cuda"))
    assert found.repetitions > 0
    assert (found["0"].forward_seconds or 0) > (found["1"].forward_seconds or 0) > 0
    assert (found.backward_seconds or 0) > (found["1"].backward_seconds or 0) > 0
