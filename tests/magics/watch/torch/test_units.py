"""Which examples of a large output are looked at for dead units."""

import numpy as np
import pytest
import torch
from torch import nn

from dlmagic.magics.watch.torch.units import FEWEST_LOOKS, MOST_VALUES, examples_of
from tests.magics.watch.torch.training import row, step, watching

MAPS, CHANNELS_SECOND = (32, 64, 16, 16), (0, 2, 3)


def test_small_outputs_are_looked_at_whole():
    output = torch.zeros(32, 64)
    assert examples_of(output, [0], 0) is output


def test_of_large_ones_every_so_many_examples():
    output = torch.arange(32.0)[:, None, None, None].expand(MAPS)
    seen = [examples_of(output, CHANNELS_SECOND, phase)[:, 0, 0, 0] for phase in range(8)]
    assert all(len(each) * 64 * 256 == MOST_VALUES for each in seen)
    assert sorted(torch.cat(seen).tolist()) == list(range(32)), "all of them, sample by sample"


@pytest.mark.parametrize("shape", [(4096, 64), (1000, 4096), (100, 9000), (63, 5000), (3, 900000)])
def test_no_unit_is_judged_by_few_values(shape: tuple[int, int]):
    found = examples_of(torch.zeros(shape), [0], 3)
    assert len(found) >= min(FEWEST_LOOKS, shape[0])


def test_units_along_the_first_axis_are_all_looked_at():
    output = torch.zeros(1000, 1000)
    assert examples_of(output, [1], 0) is output


@pytest.mark.parametrize("exact", [False, True])
def test_a_unit_that_wakes_for_one_example_is_not_dead(exact: bool):
    """The example comes up within the window, whichever of the batch it is."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(1, 64, 1), nn.ReLU())
    with torch.no_grad():
        model[0].weight[:32], model[0].bias[:32] = 1, -10
        model[0].bias[16:32] = -1000
    batch = torch.randn(32, 1, 16, 16)
    batch[5, 0, 3, 3] = 100
    with watching(model, exact=exact) as (watcher, _):
        for _ in range(9):
            step(model, torch.optim.SGD(model.parameters(), 1e-9), batch)
        samples = watcher.take()
    dead = [row(each, "1", "activation")["dead"] for each in samples]
    assert dead[8] == pytest.approx(0.25)
    assert np.isnan(dead[2]), "too few samples to say so"


def test_layers_of_as_many_values_in_another_shape_have_their_own_units():
    """Both are small, and copied together with others from the second sample on."""
    model = nn.Sequential(
        *(nn.Conv2d(1, 16, 1), nn.ReLU()),
        *(nn.Conv2d(16, 64, 1, stride=2), nn.ReLU()),
    )
    with torch.no_grad():
        model[2].weight[:], model[2].bias[:] = 0, 1
        model[2].bias[::2] = -1
    with watching(model) as (watcher, _):
        for _ in range(6):
            step(model, torch.optim.SGD(model.parameters(), 1e-9), torch.randn(2, 1, 8, 8))
        last = watcher.take()[-1]
    assert row(last, "3", "activation")["dead"] == 0.5
