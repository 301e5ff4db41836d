"""Where steps are short, not every one of them is looked at for a NaN."""

from __future__ import annotations

import math

import pytest
import torch

from dlmagic.magics.watch.torch import heed as module
from dlmagic.magics.watch.torch.heed import LATEST, Heed
from tests.magics.watch.torch.training import small_model, step, watching

BATCH = torch.randn(16, 6, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize(("seconds", "every"), [(0.1, 1), (0.01, 2), (0.0001, LATEST)])
def test_a_look_keeps_to_half_of_the_budget(seconds, every):
    heed = Heed(0.01)
    for number in range(64):
        assert heed.every == 1
        heed.plain_step(seconds + 1e-4, 1e-4, looked=number % 2 == 0)
    assert heed.every == every


def test_steps_whose_time_is_not_known_say_nothing():
    heed = Heed(0.01)
    for _ in range(200):
        heed.plain_step(math.nan, 1e-4, looked=True)
    assert heed.every == 1


def test_a_nan_is_seen_a_few_steps_later_at_most():
    model = small_model()
    optimizer = torch.optim.SGD(model.parameters(), 0.01)
    with watching(model, every=10**6, binding=True) as (watcher, listening):
        for _ in range(200):
            step(model, optimizer, BATCH)
        heed = watcher._progress.heed
        assert 1 < heed.every <= LATEST
        for _ in range(LATEST):
            step(model, optimizer, BATCH * torch.nan)
    (culprit,) = listening.culprits
    assert 201 <= culprit.step < 201 + LATEST


def test_no_step_is_left_out_where_the_training_is_to_end_on_a_nan():
    model = small_model()
    optimizer = torch.optim.SGD(model.parameters(), 0.01)
    with watching(model, every=10**6, binding=True) as (watcher, listening):
        listening.all = True
        for number in range(1, 240):
            step(model, optimizer, BATCH * torch.nan if number == 237 else BATCH)
        assert watcher._progress.heed.every > 1
    assert [each.step for each in listening.culprits] == [237]
    assert listening.culprits[0].pass_ == "input"


def test_without_a_named_budget_each_step_is_looked_at():
    model = small_model()
    optimizer = torch.optim.SGD(model.parameters(), 0.01)
    with watching(model, every=10**6) as (_, listening):
        for number in range(1, 200):
            step(model, optimizer, BATCH * torch.nan if number == 195 else BATCH)
    assert [(each.step, each.pass_) for each in listening.culprits] == [(195, "input")]


def test_steps_of_a_loop_by_hand_are_all_looked_at(monkeypatch):
    monkeypatch.setattr(module, "_SETTLED", 4)
    model = small_model()
    with watching(model, every=10**6, binding=True) as (watcher, listening):
        for number in range(40):
            batch = BATCH * torch.nan if number == 30 else BATCH
            model(batch).square().mean().backward()
            with torch.no_grad():
                for each in model.parameters():
                    each -= 0.0 * each.grad.nan_to_num()
                    each.grad = None
    assert [each.step for each in listening.culprits] == [31]
    assert watcher.steps >= 38
