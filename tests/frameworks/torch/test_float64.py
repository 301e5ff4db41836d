"""The referee computes in float64, on the same objects, and leaves nothing behind."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from dlmagic.errors import ModeUnavailable


def test_a_training_step_runs_in_float64_and_comes_back(bench):
    torch.manual_seed(0)
    model = nn.Linear(4, 1)
    optimizer = torch.optim.Adam(model.parameters())
    model(torch.ones(1, 4)).sum().backward()
    optimizer.step()
    text = "optimizer.zero_grad()\nloss = model(x).sum()\nloss.backward()\noptimizer.step()\nloss"
    cell = bench(text, model=model, optimizer=optimizer, x=torch.rand(3, 4))
    before = [p.detach().clone() for p in model.parameters()]
    addresses = [p.data_ptr() for p in model.parameters()]
    grads = [p.grad for p in model.parameters()]
    with cell.snapshot.in_float64():
        loss = cell.outputs()["loss"]
        assert model.weight.dtype == torch.float64
        assert model.weight.grad.dtype == torch.float64
        assert optimizer.state[model.weight]["exp_avg"].dtype == torch.float64
    cell.snapshot.restore()
    assert loss.dtype == torch.float64
    assert torch.get_default_dtype() == torch.float32
    assert all(torch.equal(a, b) for a, b in zip(model.parameters(), before, strict=True))
    assert [p.data_ptr() for p in model.parameters()] == addresses
    assert all(p.grad is g for p, g in zip(model.parameters(), grads, strict=True))


@pytest.mark.parametrize(
    "text",
    [
        "y = x.float() * 2",
        "y = x.to(torch.float32)",
        "y = torch.zeros(3, dtype=torch.float32)",
        "y = torch.ones(3) * x[0]",
        "y = n.float()",
        "y = x.half()",
    ],
)
def test_the_cells_own_requests_are_read_as_float64(bench, text):
    cell = bench(text, x=torch.rand(3), n=torch.arange(3), torch=torch)
    with cell.snapshot.in_float64():
        dtype = cell.outputs()["y"].dtype  # it may be x itself, which is put back
    cell.snapshot.restore()
    assert dtype == torch.float64
    assert cell.arguments.get("x", torch.ones(1)).dtype == torch.float32


def test_views_still_share_their_storage(bench):
    base = torch.arange(6.0).reshape(2, 3)
    cell = bench("row.zero_()\ny = base.sum()", base=base, row=base[1])
    with cell.snapshot.in_float64():
        y = cell.outputs()["y"]
    cell.snapshot.restore()
    assert y.item() == 3.0
    assert base.sum().item() == 15.0


@pytest.mark.parametrize("make", [lambda t: t.numpy(), lambda t: np.ones(2, dtype=np.float32)])
def test_low_precision_arrays_have_no_referee(bench, make):
    tensor = torch.ones(2)
    cell = bench("array += 1\ny = tensor.sum()", tensor=tensor, array=make(tensor))
    with pytest.raises(ModeUnavailable, match="no float64 referee"), cell.snapshot.in_float64():
        pass
    cell.snapshot.restore()
    assert tensor.dtype == torch.float32


def test_a_sparse_value_has_no_referee(bench):
    cell = bench("y = s.sum()", s=torch.eye(3).to_sparse())
    with pytest.raises(ModeUnavailable, match="no float64 referee"), cell.snapshot.in_float64():
        pass
