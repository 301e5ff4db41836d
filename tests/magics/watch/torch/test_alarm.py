"""The first NaN is seen in the step in which it arises, and told once."""

from __future__ import annotations

import threading
import weakref

import pytest
import torch
from torch import nn

from tests.magics.watch.torch.training import small_model, step, watching

BATCH = torch.randn(16, 6, generator=torch.Generator().manual_seed(1))


class Breaks(nn.Module):
    """Returns what it is given, until it is told to spoil a value."""

    def __init__(self, backward):
        super().__init__()
        self.backward, self.now = backward, False

    def forward(self, x):
        if not self.now:
            return x
        if self.backward:
            return x + torch.sqrt(x * 0)
        return x + torch.zeros_like(x) / 0


def broken(backward):
    torch.manual_seed(0)
    breaks = Breaks(backward)
    return nn.Sequential(nn.Linear(6, 8), breaks, nn.Linear(8, 3)), breaks


@pytest.mark.parametrize("backward", [False, True])
@pytest.mark.parametrize("every", [1, 100])
def test_the_layer_is_named_before_the_weights_change(backward, every):
    model, breaks = broken(backward)
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    with watching(model, every=every) as (_, listening):
        weights_when_told = []
        told = listening.not_finite

        def not_finite(culprit):
            told(culprit)
            weights_when_told.append(bool(torch.isfinite(model[0].weight).all()))

        listening.not_finite = not_finite
        for number in range(1, 8):
            breaks.now = number == 5
            step(model, optimizer, BATCH)
    (culprit,) = listening.culprits
    assert culprit.step == 5
    assert culprit.layer == "1"
    assert culprit.pass_ == ("backward" if backward else "forward")
    assert culprit.certain
    assert weights_when_told == [True]


def test_a_batch_that_is_not_finite_is_named():
    model = small_model()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    with watching(model) as (_, listening):
        step(model, optimizer, BATCH)
        step(model, optimizer, BATCH / 0)
    assert [(each.step, each.pass_) for each in listening.culprits] == [(2, "input")]


def test_each_time_that_gradients_stop_being_finite_is_told_once():
    model = small_model()
    optimizer = torch.optim.SGD(model.parameters(), 0.0)
    with watching(model) as (_, listening):
        for number in range(1, 9):
            optimizer.zero_grad()
            loss = model(BATCH).square().mean()
            (loss * torch.nan if number in (2, 3, 6) else loss).backward()
            if number in (2, 3, 6):
                kept = [each.detach().clone() for each in model.parameters()]
            optimizer.step()
            if number in (2, 3, 6):
                with torch.no_grad():
                    for each, value in zip(model.parameters(), kept, strict=True):
                        each.copy_(value)
    assert [each.step for each in listening.culprits] == [2, 6]


@pytest.mark.parametrize("make", ["no biases", "no parameters of one dimension", "frozen biases"])
def test_models_without_one_dimensional_gradients_are_watched_too(make):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(6, 8, bias=make == "frozen biases"), nn.Tanh())
    if make == "frozen biases":
        model[0].bias.requires_grad_(False)
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    with watching(model) as (_, listening):
        step(model, optimizer, BATCH)
        step(model, optimizer, BATCH * torch.nan)
    assert [each.step for each in listening.culprits] == [2]


def test_a_model_called_past_its_root_is_told_from_its_gradients():
    model, breaks = broken(backward=False)
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    with watching(model) as (_, listening):
        for number in range(1, 5):
            breaks.now = number == 4
            optimizer.zero_grad()
            model[2](model[1](model[0](BATCH))).sum().backward()
            optimizer.step()
    (culprit,) = listening.culprits
    assert culprit.step == 4
    assert not culprit.certain


def test_the_diagnosis_is_neither_counted_nor_measured():
    model, breaks = broken(backward=False)
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    with watching(model) as (watcher, listening):
        breaks.now = True
        step(model, optimizer, BATCH)
        (sample,) = watcher.take()
    assert listening.steps == [1]
    assert sample.calls.max() == 1
    assert sample.column("nan")[[each.layer == "1" for each in sample.rows]].max() == 128


class Seldom(nn.Module):
    """Breaks one call in five, by chance."""

    def forward(self, x):
        return x + (torch.rand(1) - 0.2).log()


@pytest.mark.parametrize("seed", range(5))
def test_the_numbers_that_a_model_has_drawn_are_drawn_again(seed):
    torch.manual_seed(seed)
    model = nn.Sequential(nn.Linear(6, 8), Seldom(), nn.Linear(8, 3))
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    with watching(model, every=1000) as (_, listening):
        while not listening.culprits:
            step(model, optimizer, BATCH)
    (culprit,) = listening.culprits
    assert (culprit.pass_, culprit.layer, culprit.certain) == ("forward", "1", True)


def test_a_batch_is_let_go_when_its_step_has_ended():
    model = small_model()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    with watching(model, every=1000):
        for _ in range(3):
            batch = BATCH.clone()
            step(model, optimizer, batch)
            gone = weakref.ref(batch)
            del batch
            assert gone() is None


class Teaches(nn.Module):
    """Calls itself without gradients, as those do that learn from themselves."""

    def __init__(self, layers):
        super().__init__()
        self.layers = layers

    def forward(self, x):
        if torch.is_grad_enabled():
            with torch.no_grad():
                self(x)
        return self.layers(x)


def test_a_call_within_a_call_is_not_taken_for_its_end():
    layers, breaks = broken(backward=True)
    model = Teaches(layers)
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    with watching(model, every=1000) as (_, listening):
        for number in range(1, 6):
            breaks.now = number == 4
            step(model, optimizer, BATCH)
            if listening.culprits:
                break
    (culprit,) = listening.culprits
    assert (culprit.step, culprit.pass_, culprit.layer) == (4, "backward", "layers.1")


class AskedByAnotherThread(nn.Module):
    """While the model learns another thread asks it, as an actor does, and is answered later."""

    def __init__(self):
        super().__init__()
        self.model, self.asked, self.learned = [], threading.Event(), threading.Event()
        self.is_asked = False

    def forward(self, x):
        if not torch.is_grad_enabled():
            self.asked.set()
            assert self.learned.wait(5)
            return x
        if self.is_asked:
            self.is_asked = False
            self.asked.clear()
            self.learned.clear()
            self.actor = threading.Thread(target=self._ask)
            self.actor.start()
            assert self.asked.wait(5)
        return x

    @torch.no_grad()
    def _ask(self):
        self.model[0](BATCH)

    def has_learned(self):
        self.learned.set()
        self.actor.join()


@pytest.mark.parametrize("every", [1, 100])
def test_calls_of_another_thread_are_not_taken_for_those_that_learn(every):
    torch.manual_seed(0)
    asked, breaks = AskedByAnotherThread(), Breaks(backward=True)
    model = nn.Sequential(nn.Linear(6, 8), asked, breaks, nn.Linear(8, 3))
    asked.model.append(model)
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    with watching(model, every=every) as (_, listening):
        for number in range(1, 4):
            breaks.now = number == 3
            asked.is_asked = True
            optimizer.zero_grad()
            loss = model(BATCH).square().mean()
            asked.has_learned()
            loss.backward()
            optimizer.step()
    (culprit,) = listening.culprits
    assert (culprit.step, culprit.layer, culprit.pass_) == (3, "2", "backward")
    assert culprit.certain
