"""What a watcher of PyTorch models delivers, and when."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from dlmagic.magics.watch.torch.layers import layers_of
from dlmagic.magics.watch.torch.watcher import TorchWatcher, is_model
from dlmagic.magics.watch.watcher import Rate
from tests.magics.watch.torch.training import (
    Listening,
    agree,
    has_row,
    row,
    small_model,
    step,
    watching,
)

BATCH = torch.randn(16, 6, generator=torch.Generator().manual_seed(1))


def sgd(model):
    return torch.optim.SGD(model.parameters(), 0.1)


def test_models_are_known_in_any_wrapper():
    assert is_model(nn.Linear(1, 1))
    assert is_model(torch.compile(nn.Linear(1, 1), backend="eager"))
    assert not is_model(torch.ones(1))
    assert not is_model(nn.Linear)


def test_each_layer_has_its_paths_and_parameters():
    shared = nn.Linear(3, 3)
    model = nn.ModuleDict({"a": shared, "b": nn.Sequential(shared, nn.ReLU())})
    layers = list(layers_of(model).values())
    assert [each.name for each in layers] == ["", "a", "b", "b.1"]
    assert layers[1].also == ("b.0",)
    assert [each.parameters for each in layers] == [0, 12, 0, 0]


def test_a_sample_has_a_row_for_all_that_a_layer_has():
    model = small_model()
    with watching(model) as (watcher, _):
        step(model, sgd(model), BATCH)
        (sample,) = watcher.take()
    first = [(each.quantity, each.parameter) for each in sample.rows if each.layer == "0"]
    assert first == [
        ("activation", ""),
        ("activation-gradient", ""),
        *((quantity, "weight") for quantity in ("gradient", "weight", "update")),
        *((quantity, "bias") for quantity in ("gradient", "weight", "update")),
    ]
    assert sample.step == 1
    assert not sample.exact
    assert sample.values.dtype == np.float32
    assert sample.histograms.dtype == np.uint32
    assert sample.rows[row(sample, "0", "activation")["index"]].shape == (16, 8)
    assert sample.calls[row(sample, "0", "activation")["index"]] == 1
    assert sample.calls[row(sample, "0", "gradient", "bias")["index"]] == 0
    agree(row(sample, "3", "gradient", "weight"), model[3].weight.grad)
    assert np.array_equal(sample.histograms.sum(1), sample.column("seen").astype(int))


def test_rows_are_the_same_from_sample_to_sample_also_with_a_smaller_batch():
    model = small_model()
    optimizer = sgd(model)
    with watching(model) as (watcher, _):
        for rows in (16, 16, 5):
            step(model, optimizer, BATCH[:rows])
        samples = watcher.take()
    assert len({id(each.rows) for each in samples}) == 1
    assert row(samples[2], "0", "activation")["total"] == 40


def test_steps_are_measured_as_often_as_is_asked():
    model = small_model()
    optimizer = sgd(model)
    with watching(model, every=3) as (watcher, listening):
        for _ in range(8):
            step(model, optimizer, BATCH)
        assert [each.step for each in watcher.take()] == [1, 4, 7]
        assert watcher.take() == []
    assert listening.steps == list(range(1, 9))
    assert watcher.steps == 8
    told = watcher.overhead()
    assert (told.steps, told.sampled, told.every) == (8, 3, 3)
    assert told.plain_step > 0
    assert told.sampled_step > 0
    assert told.share > 0


def test_other_layers_can_be_chosen_from_the_next_step_on():
    model = small_model()
    optimizer = sgd(model)
    with watching(model, layers=["0"]) as (watcher, _):
        step(model, optimizer, BATCH)
        watcher.choose(["3"])
        step(model, optimizer, BATCH)
        first, second = watcher.take()
    assert {each.layer for each in first.rows} == {"0"}
    assert {each.layer for each in second.rows} == {"3"}


def test_a_pause_counts_steps_and_measures_none():
    model = small_model()
    optimizer = sgd(model)
    with watching(model) as (watcher, _):
        watcher.pause()
        step(model, optimizer, BATCH)
        watcher.resume()
        step(model, optimizer, BATCH)
        assert [each.step for each in watcher.take()] == [2]


def test_losses_arrive_with_their_steps():
    model = small_model()
    optimizer, losses = sgd(model), [torch.tensor(2.0), 3, torch.tensor([4.5], requires_grad=True)]
    wanted = iter([*losses, torch.ones(3), "no number", None, np.float32(7)])
    watcher = TorchWatcher(model, [], Rate(every=1))
    watcher.begin(Listening(lambda: next(wanted)))
    for _ in range(7):
        step(model, optimizer, BATCH)
    watcher.end()
    assert watcher.losses() == [(1, 2.0), (2, 3.0), (3, 4.5), (7, 7.0)]
    assert watcher.losses() == []


def test_what_a_listener_raises_ends_the_training_after_the_step():
    class Ends(Listening):
        def step_ended(self, number):
            if number == 2:
                raise KeyboardInterrupt

    model = small_model()
    watcher = TorchWatcher(model, ["0"], Rate(every=1))
    watcher.begin(Ends())
    optimizer = sgd(model)
    step(model, optimizer, BATCH)
    before = model[0].weight.detach().clone()
    with pytest.raises(KeyboardInterrupt):
        step(model, optimizer, BATCH)
    watcher.end()
    assert not torch.equal(model[0].weight, before)
    assert [each.step for each in watcher.take()] == [1, 2]


def test_evaluation_between_the_steps_is_not_measured():
    model = small_model()
    optimizer = sgd(model)
    with watching(model) as (watcher, _):
        for _ in range(2):
            model.eval()
            model(BATCH * 100)
            with torch.no_grad():
                model.train()(BATCH * 100)
            step(model, optimizer, BATCH)
        samples = watcher.take()
    assert [each.calls.max() for each in samples] == [1, 1]
    assert all(row(each, "0", "activation")["max"] < 30 for each in samples)


def test_layers_that_have_not_fired_are_named_with_the_reason():
    class Partly(nn.Module):
        def __init__(self):
            super().__init__()
            self.used = nn.Linear(6, 6)
            self.unused = nn.Linear(6, 6)
            self.direct = nn.Linear(6, 6)
            self.evaluated = nn.Linear(6, 6)
            self.layers = nn.ModuleList([nn.Linear(6, 6)])
            self.ids = nn.Identity()

        def forward(self, x):
            self.ids(torch.arange(3))
            with torch.no_grad():
                self.evaluated(x)
            return self.layers[0](self.direct.forward(self.used(x)))

    model = Partly()
    with watching(model) as (watcher, _):
        assert watcher.silent() == ()
        step(model, sgd(model), BATCH)
        why = {each.layer: each.why for each in watcher.silent()}
    assert why.keys() == {"unused", "direct", "evaluated", "layers", "ids"}
    assert "not called" in why["unused"]
    assert ".forward()" in why["direct"]
    assert "without gradients" in why["evaluated"]
    assert "holds layers" in why["layers"]
    assert "whole numbers" in why["ids"]


def test_units_that_are_zero_throughout_are_dead():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(6, 10), nn.ReLU(), nn.Conv1d(1, 4, 3), nn.ReLU(inplace=True))
    model.insert(2, nn.Unflatten(1, (1, 10)))
    with torch.no_grad():
        model[0].bias[:3] = -1000
        model[3].weight[0], model[3].bias[0] = 0, -1
    optimizer = torch.optim.SGD(model.parameters(), 1e-6)
    with watching(model) as (watcher, _):
        for _ in range(5):
            step(model, optimizer, torch.randn(64, 6))
        samples = watcher.take()
    assert np.isnan(row(samples[0], "1", "activation")["dead"])
    assert row(samples[4], "1", "activation")["dead"] == pytest.approx(0.3)
    assert row(samples[4], "4", "activation")["dead"] == pytest.approx(0.25)
    assert np.isnan(row(samples[4], "0", "activation")["dead"])
    assert not has_row(samples[4], "2", "gradient", "weight")


class Spectral(nn.Module):
    """Filters in the frequency domain, as Fourier neural operators do."""

    def __init__(self, kept_as):
        super().__init__()
        self.filter = nn.Parameter(kept_as(torch.ones(3, dtype=torch.complex64)))
        self.fixed = nn.Parameter(torch.ones(1, dtype=torch.complex64), requires_grad=False)
        self.out = nn.Linear(4, 1)

    def forward(self, values):
        complex_ = self.filter.is_complex()
        kept = self.filter if complex_ else torch.view_as_complex(self.filter)
        return self.out(torch.fft.irfft(torch.fft.rfft(values) * kept))


def test_parameters_of_complex_numbers_are_said_to_be_left_out():
    for kept_as, told in ((torch.clone, True), (torch.view_as_real, False)):
        model = Spectral(kept_as)
        with watching(model) as (watcher, _):
            step(model, sgd(model), torch.randn(5, 4))
            notes = watcher.notes()
            (sample,) = watcher.take()
        assert [("not told: filter. Kept" in note) for note in notes] == [True] * told
        assert has_row(sample, "", "update", "filter") == (not told)
