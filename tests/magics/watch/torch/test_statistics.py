"""Statistics equal NumPy's where all values are seen, and are near where some are."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from dlmagic.magics.watch.pieces import joined, rows_of
from dlmagic.magics.watch.sample_result import BINS, EDGES, STATISTICS
from dlmagic.magics.watch.torch.pools import Pools
from dlmagic.magics.watch.torch.positions import in_storage_order, positions
from tests.magics.watch.torch.training import agree, expected, row, step, watching


def looked_at(tensors, *, exact, wanted=4096):
    """Statistics of tensors, each its own row, and their histograms."""
    pools = Pools(exact=exact)
    pools.wanted = wanted
    for owner, tensor in enumerate(tensors):
        pools.add(owner, tensor, phase=1)
    values, histograms = rows_of(joined([each.pieces() for each in pools.finish()]), len(tensors))
    return [dict(zip(STATISTICS, each.tolist(), strict=True)) for each in values], histograms


def many_tensors():
    generator = torch.Generator().manual_seed(3)
    normal = torch.randn(64, 100, generator=generator)
    return {
        "normal": normal,
        "far from zero": 1000 + normal,
        "small": normal * 1e-12,
        "large": normal * 1e12,
        "relu": normal.relu(),
        "constant": torch.full((7, 9), 0.1),
        "one value": torch.tensor(3.0),
        "whole powers": torch.tensor([-4.0, -2.0, -1.0, -0.5, 0.0, -0.0, 0.5, 1.0, 2.0, 4.0]),
        "beyond the edges": torch.tensor([-3e6, -1.1e6, 2.0**20, 1e30, 1e-12, -1e-12]),
        "channels last": normal.view(4, 16, 10, 10).contiguous(memory_format=torch.channels_last),
        "with gaps": normal[:, ::3],
        "expanded": normal[:, :1].expand(64, 30),
        "half": normal.half(),
        "bfloat16": normal.bfloat16(),
        "float64": normal.double(),
        "many": torch.randn(3_000_000, generator=generator) + 0.3,
    }


@pytest.mark.parametrize("name", many_tensors())
def test_exact_statistics_are_those_of_numpy(name):
    tensor = many_tensors()[name]
    (found,), histograms = looked_at([tensor], exact=True)
    agree(found, tensor.float())
    array = tensor.float().double().numpy().ravel()
    wanted = np.bincount(np.searchsorted(EDGES, array, "right"), minlength=BINS)
    assert histograms[0].tolist() == wanted.tolist()


@pytest.mark.parametrize("exact", [False, True])
def test_values_that_are_not_finite_are_counted_and_spoil_nothing_else(exact):
    tensor = torch.randn(10, 20, generator=torch.Generator().manual_seed(0))
    tensor[0, 0], tensor[3, 1], tensor[4, 4] = torch.nan, torch.inf, -torch.inf
    healthy = torch.ones(10, 20)
    (found, other, none), histograms = looked_at(
        [tensor, healthy, torch.full((10, 20), torch.nan)], exact=exact
    )
    wanted = expected(tensor)
    for name in ("mean", "std", "min", "max", "nan", "inf", "zeros"):
        assert found[name] == pytest.approx(wanted[name], rel=1e-5), name
    assert np.isnan(found["norm"])
    agree(other, healthy)
    assert histograms.sum(1).tolist() == [197, 200, 0]
    assert none["nan"] == 200
    assert np.isnan([none["mean"], none["std"], none["min"], none["max"]]).all()


def test_all_values_of_small_tensors_are_seen_in_either_way():
    tensors = [torch.randn(7, 3), torch.randn(4096), torch.rand(5).relu()]
    found, _ = looked_at(tensors, exact=False)
    for each, tensor in zip(found, tensors, strict=True):
        agree(each, tensor)


@pytest.mark.parametrize("wanted", [128, 256, 1024, 4096])
def test_sampled_statistics_lie_within_four_standard_errors(wanted):
    outside = trials = 0
    for seed in range(120):
        generator = torch.Generator().manual_seed(seed)
        shape = [(64, 512), (32, 16, 14, 14), (70_001,), (128, 97)][seed % 4]
        tensors = [torch.randn(shape, generator=generator).relu() - 0.1 * (seed % 3)]
        tensors.append(torch.rand(shape, generator=generator) ** 2)
        found, _ = looked_at(tensors, exact=False, wanted=wanted)
        for each, tensor in zip(found, tensors, strict=True):
            truth, seen = expected(tensor), each["seen"]
            assert seen == wanted
            share = truth["zeros"]
            fourth = ((tensor.double() - truth["mean"]) ** 4).mean().item()
            spread = np.sqrt((fourth - truth["std"] ** 4) / seen) / (2 * truth["std"])
            errors = {"mean": truth["std"] / np.sqrt(seen), "std": spread}
            errors["zeros"] = np.sqrt(share * (1 - share) / seen)
            for name, error in errors.items():
                trials += 1
                outside += abs(each[name] - truth[name]) > 4 * error + 1e-6
    assert trials == 720
    assert outside <= 0.001 * trials


@pytest.mark.parametrize(("total", "wanted"), [(5000, 4096), (65536, 4096), (10_000_019, 1024)])
def test_places_are_spread_evenly_and_no_column_is_left_out(total, wanted):
    device = torch.device("cpu")
    places = positions(total, wanted, 0, device)
    assert len(places) == wanted
    assert places.diff().min() >= 1
    assert int(places[-1]) < total
    assert places.diff().max() <= 2 * total / wanted + 1
    assert not torch.equal(places, positions(total, wanted, 1, device))
    for columns in (2, 16, 64):
        counts = torch.bincount(places % columns, minlength=columns).float()
        if total > 4 * wanted:
            # No further from even than places drawn by lot.
            assert counts.min() > max(0, counts.mean() - 4 * counts.mean().sqrt())


def test_values_are_read_in_the_order_of_their_storage_without_a_copy():
    tensor = torch.randn(2, 3, 4, 5).contiguous(memory_format=torch.channels_last)
    assert in_storage_order(tensor).data_ptr() == tensor.data_ptr()
    assert torch.equal(in_storage_order(tensor).sort().values, tensor.reshape(-1).sort().values)
    gaps = torch.randn(6, 6)[:, ::2]
    assert torch.equal(in_storage_order(gaps), gaps.reshape(-1))


def test_all_that_a_layer_has_is_measured_exactly():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(40, 300), nn.Tanh(), nn.Linear(300, 5))
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    batch, seen = torch.randn(32, 40), {}

    def keep_gradients(_module, _args, output):
        output.register_hook(seen.setdefault("g", []).append)

    model[1].register_forward_hook(keep_gradients)
    before = model[0].weight.detach().clone()
    with watching(model, exact=True) as (watcher, _):
        step(model, optimizer, batch)
        (sample,) = watcher.take()
    assert sample.exact
    hidden = torch.tanh(batch @ before.T + (model[0].bias + 0.1 * model[0].bias.grad))
    agree(row(sample, "1", "activation"), hidden, 2e-5)
    agree(row(sample, "1", "activation-gradient"), seen["g"][0])
    agree(row(sample, "0", "gradient", "weight"), model[0].weight.grad)
    agree(row(sample, "0", "weight", "weight"), before)
    agree(row(sample, "0", "update", "weight"), model[0].weight - before, 1e-4)
    ratio = (model[0].weight - before).norm() / before.norm()
    assert row(sample, "0", "update", "weight")["ratio"] == pytest.approx(ratio.item(), rel=1e-4)
