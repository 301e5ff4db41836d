"""The second referee moves values by a few rounding errors, and leaves nothing behind."""

from __future__ import annotations

import pytest
import torch

from dlmagic.frameworks.protocol import NUDGE

DTYPES = [torch.float64, torch.float32, torch.bfloat16, torch.float16]


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_values_move_by_a_few_rounding_errors_and_come_back(bench, dtype):
    x = torch.linspace(0, 3, 500, dtype=dtype)
    before, address = x.clone(), x.data_ptr()
    cell = bench("y = x * 2", x=x)
    with cell.snapshot.nudged(0):
        moved = (x - before).double().abs()
        most = (NUDGE + 1) * torch.finfo(dtype).eps * before.double().abs()
        assert moved.count_nonzero() > 250
        assert (moved <= most).all()
    cell.snapshot.restore()
    assert torch.equal(x, before)
    assert x.data_ptr() == address


def test_the_same_seed_moves_them_alike_and_another_one_otherwise(bench):
    x = torch.rand(100)
    cell = bench("y = x * 2", x=x)
    seen = []
    for seed in (1, 1, 2):
        with cell.snapshot.nudged(seed):
            seen.append(x.clone())
        cell.snapshot.restore()
    assert torch.equal(seen[0], seen[1])
    assert not torch.equal(seen[0], seen[2])


def test_views_move_with_their_storage_and_whole_numbers_stay(bench):
    x, n = torch.rand(3, 4), torch.arange(4)
    row = x[0]
    cell = bench("y = x + row + n", x=x, row=row, n=n)
    with cell.snapshot.nudged(0):
        assert torch.equal(x[0], row)
        assert torch.equal(n, torch.arange(4))
