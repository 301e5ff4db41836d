"""Training goes on as if nobody watched, and nothing of watching stays."""

from __future__ import annotations

import copy
import gc
import io
import pickle
import weakref
from contextlib import nullcontext

import numpy as np
import psutil
import pytest
import torch
from torch import nn
from torch.optim import optimizer as optimizers

from dlmagic.magics.watch.torch.watcher import TorchWatcher
from dlmagic.magics.watch.watcher import Rate
from tests.magics.watch.torch.training import Listening, small_model, step, watching

BATCH = torch.randn(16, 6, generator=torch.Generator().manual_seed(1))


def conv_model():
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Unflatten(1, (1, 6)),
        nn.Conv1d(1, 8, 3),
        nn.BatchNorm1d(8),
        nn.ReLU(inplace=True),
        nn.Dropout(0.3),
        nn.Flatten(),
        nn.Linear(32, 3),
    )


def trained(make, how, watched, steps=50):
    """Weights after a training, and the states of the generators."""
    model = make()
    called = torch.compile(model, backend="eager") if how == "compile" else model
    optimizer = torch.optim.AdamW(model.parameters(), 0.01)
    casting = torch.autocast("cpu", torch.bfloat16) if how == "bfloat16" else nullcontext()
    torch.manual_seed(7)
    np.random.seed(7)
    rate = {"exact": how == "exact", "every": 1 if watched != "default" else None}
    with watching(called, **rate) if watched else nullcontext(), casting:
        for number in range(steps):
            step(called, optimizer, BATCH + number)
    state = np.random.get_state()[1].tolist()
    return model.state_dict(), torch.get_rng_state().tolist(), state


@pytest.mark.parametrize("watched", ["every", "default"])
@pytest.mark.parametrize("how", ["plain", "exact", "bfloat16", "compile"])
@pytest.mark.parametrize("make", [small_model, conv_model])
def test_weights_and_generators_are_bitwise_those_of_an_unwatched_training(make, how, watched):
    weights, *generators = trained(make, how, None)
    others, *other_generators = trained(make, how, watched)
    assert generators == other_generators
    for name, value in weights.items():
        assert torch.equal(value, others[name]), name


def saved(model):
    """All that is written of a model."""
    file = io.BytesIO()
    torch.save(model.state_dict(), file)
    return pickle.dumps(model), file.getvalue(), str(model)


def test_a_watched_model_is_saved_as_one_that_is_not():
    model = small_model()
    model(BATCH)
    before, hooks_before = saved(model), hooks_of(model)
    optimizer = torch.optim.SGD(model.parameters(), 0.0)
    with watching(model, every=5):
        assert saved(model) == before
        for _ in range(7):
            optimizer.zero_grad(set_to_none=True)
            step(model, optimizer, BATCH)
            optimizer.zero_grad(set_to_none=True)
            assert saved(model) == before
        assert hooks_of(copy.deepcopy(model)) == hooks_before
    assert saved(model) == before
    assert hooks_of(model) == hooks_before


def test_copies_made_within_a_measured_step_are_not_watched():
    model = small_model()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    with watching(model) as (watcher, _):
        loss = model(BATCH).sum()
        copied, loaded = copy.deepcopy(model), pickle.loads(pickle.dumps(model))
        copied(BATCH)
        loaded(BATCH)
        loss.backward()
        optimizer.step()
        (sample,) = watcher.take()
    assert sample.calls.max() == 1


def hooks_of(model):
    return {
        (name, kind): (type(hooks), list(hooks))
        for name, module in model.named_modules()
        for kind, hooks in vars(module).items()
        if "hooks" in kind and isinstance(hooks, dict)
    }


def test_the_end_takes_our_hooks_off_and_no_others():
    model = small_model()
    calls = []
    model[0].register_forward_hook(lambda *_: calls.append("layer"))
    before = hooks_of(model)
    with watching(model):
        theirs = model.register_forward_pre_hook(lambda *_: calls.append("before"))
        model(BATCH)
    model(BATCH)
    assert calls == ["before", "layer"] * 2
    theirs.remove()
    model(BATCH)
    assert calls == [*["before", "layer"] * 2, "layer"]
    after = hooks_of(model)
    assert {key: keys for key, (_, keys) in after.items()} == {
        key: keys for key, (_, keys) in before.items()
    }
    assert not optimizers._global_optimizer_pre_hooks
    assert not optimizers._global_optimizer_post_hooks


def test_hooks_are_on_the_layers_only_in_measured_steps():
    model = small_model()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    with watching(model, every=3):
        for number in range(1, 7):
            loss = model(BATCH).sum()
            assert bool(model[0]._forward_hooks) == (number in (1, 4))
            loss.backward()
            optimizer.step()
            assert not model[0]._forward_hooks


def test_a_watcher_does_not_keep_its_model():
    model = small_model()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    watcher = TorchWatcher(model, ["", "0", "3"], Rate(every=1))
    watcher.begin(Listening())
    step(model, optimizer, BATCH)
    gone = weakref.ref(model)
    del model, optimizer
    gc.collect()
    assert gone() is None
    assert watcher.steps == 1
    assert len(watcher.take()) == 1
    watcher.end()
    watcher.end()


def test_ending_twice_and_beginning_twice_do_nothing():
    model = small_model()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    with watching(model) as (watcher, listening):
        watcher.begin(listening)
        step(model, optimizer, BATCH)
        assert listening.steps == [1]
    watcher.end()
    step(model, optimizer, BATCH)
    assert listening.steps == [1]


def grown(steps):
    """Megabytes by which memory grows in so many steps, of which many are measured."""
    model = small_model()
    optimizer = torch.optim.SGD(model.parameters(), 0.01)
    process = psutil.Process()
    with watching(model, every=2) as (watcher, _):
        for number in range(steps + 500):
            if number == 500:
                gc.collect()
                before = process.memory_info().rss
            step(model, optimizer, BATCH[: 4 + number % 12])
            watcher.take()
        gc.collect()
        return (process.memory_info().rss - before) / 2**20


def test_memory_does_not_grow():
    assert grown(1000) <= 5


@pytest.mark.prove
def test_memory_does_not_grow_over_ten_thousand_steps():
    assert grown(10_000) <= 5


def test_samples_that_nobody_takes_are_bounded(monkeypatch):
    from dlmagic.magics.watch.torch import delivery

    monkeypatch.setattr(delivery, "MOST_WAITING", 5)
    model = small_model()
    optimizer = torch.optim.SGD(model.parameters(), 0.01)
    with watching(model) as (watcher, _):
        for _ in range(9):
            step(model, optimizer, BATCH)
        assert [each.step for each in watcher.take()] == [5, 6, 7, 8, 9]


def test_nothing_of_a_step_is_kept_alive():
    model = small_model()
    optimizer = torch.optim.SGD(model.parameters(), 0.01)
    outputs = []
    model[0].register_forward_hook(lambda _m, _a, output: outputs.append(weakref.ref(output)))
    with watching(model):
        step(model, optimizer, BATCH)
        assert outputs[0]() is None
