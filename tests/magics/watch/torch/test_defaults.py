"""Whoever has set a default type or device for new tensors is told the same figures."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest
import torch
from torch import nn

from dlmagic.magics.watch.sample_result import Sample
from tests.magics.watch.torch.training import step, watching

DEFAULTS: dict[str, Callable[[], object]] = {
    "float64": lambda: torch.set_default_dtype(torch.float64),
    "float16": lambda: torch.set_default_dtype(torch.float16),
    "another device": lambda: torch.set_default_device("meta"),
}


@pytest.fixture(autouse=True)
def usual_defaults() -> Iterator[None]:
    yield
    torch.set_default_dtype(torch.float32)
    torch.set_default_device(None)


def samples(dtype: torch.dtype, exact: bool, set_defaults: Callable[[], object]) -> list[Sample]:
    """Of six steps of one training; some tensors are looked at in part, others whole."""
    torch.manual_seed(0)
    layers = [part for _ in range(3) for part in (nn.Linear(80, 80), nn.ReLU())]
    model, batch = nn.Sequential(*layers).to(dtype), torch.randn(64, 80, dtype=dtype)
    set_defaults()
    optimizer = torch.optim.SGD(model.parameters(), 0.01)
    with watching(model, exact=exact) as (watcher, _):
        for _ in range(6):
            step(model, optimizer, batch)
        return watcher.take(wait=True)


@pytest.mark.parametrize("default", DEFAULTS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("exact", [False, True])
def test_defaults_of_new_tensors_change_no_figure(
    dtype: torch.dtype, default: str, exact: bool
) -> None:
    usual = samples(dtype, exact, lambda: None)
    found = samples(dtype, exact, DEFAULTS[default])
    assert len(found) == len(usual) == 6
    for one, other in zip(found, usual, strict=True):
        np.testing.assert_array_equal(one.values, other.values)
        np.testing.assert_array_equal(one.histograms, other.histograms)
