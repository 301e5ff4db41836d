"""What counts as a step: optimisers of all kinds, and loops without one."""

from __future__ import annotations

import threading

import pytest
import torch
from torch import nn

from tests.magics.watch.torch.training import agree, has_row, row, small_model, step, watching

BATCH = torch.randn(16, 6, generator=torch.Generator().manual_seed(1))


def test_gradients_that_add_up_over_batches_make_one_step():
    model = nn.Sequential(nn.Linear(6, 3))
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    with watching(model, exact=True) as (watcher, listening):
        for _ in range(2):
            optimizer.zero_grad()
            for factor in (1, 2, 3):
                output = model(BATCH * factor)
                output.sum().backward()
            optimizer.step()
        samples = watcher.take()
    assert listening.steps == [1, 2]
    assert watcher.skipped == 0
    agree(row(samples[1], "0", "activation"), output, 1e-4)
    agree(row(samples[1], "0", "gradient", "weight"), model[0].weight.grad)
    assert samples[1].calls.max() == 1


def test_two_optimisers_that_step_one_after_the_other_share_a_step():
    model = small_model()
    first = torch.optim.SGD(model[0].parameters(), 0.1)
    second = torch.optim.Adam(model[3].parameters(), 0.1)
    with watching(model) as (watcher, listening):
        for _ in range(4):
            model.zero_grad()
            model(BATCH).sum().backward()
            first.step()
            second.step()
        samples = watcher.take()
    assert listening.steps == [1, 2, 3, 4]
    for layer in ("0", "3"):
        assert row(samples[3], layer, "gradient", "weight")["norm"] > 0
        assert row(samples[3], layer, "update", "weight")["norm"] > 0


def test_a_step_that_ends_with_the_next_call_of_the_model_had_one_of_its_own():
    model = small_model()
    often, seldom = (torch.optim.SGD(model[at].parameters(), 0.1) for at in (0, 3))
    with watching(model) as (watcher, listening):
        for number in range(9):
            model(BATCH).sum().backward()
            often.step()
            if number % 3:
                seldom.step()
        assert watcher.notes() == ()
    assert listening.steps == list(range(1, 10))


def test_optimisers_of_other_models_are_none_of_ours():
    model, other = small_model(), small_model(1)
    optimizer = torch.optim.SGD(other.parameters(), 0.1)
    with watching(model) as (watcher, listening):
        step(other, optimizer, BATCH)
    assert listening.steps == []
    assert watcher.take() == []


def test_an_optimiser_that_is_given_a_closure_is_measured_between_backward_and_update():
    model = nn.Sequential(nn.Linear(6, 3))
    optimizer = torch.optim.SGD(model.parameters(), 0.1)

    def closure():
        optimizer.zero_grad()
        loss = model(BATCH).square().mean()
        loss.backward()
        return loss

    with watching(model, exact=True) as (watcher, listening):
        losses = [optimizer.step(closure) for _ in range(3)]
        before = model[0].weight.detach().clone()
        losses.append(optimizer.step(closure=closure))
        sample = watcher.take()[-1]
    assert listening.steps == [1, 2, 3, 4]
    assert losses[3] < losses[0]
    agree(row(sample, "0", "gradient", "weight"), model[0].weight.grad)
    agree(row(sample, "0", "weight", "weight"), before)
    agree(row(sample, "0", "update", "weight"), model[0].weight - before, 1e-4)


def test_lbfgs_calls_its_closure_many_times_in_one_step():
    model = nn.Sequential(nn.Linear(6, 3), nn.Tanh())
    optimizer = torch.optim.LBFGS(model.parameters(), max_iter=5)
    seen = []

    def closure():
        optimizer.zero_grad()
        output = model(BATCH)
        (output - 0.5).square().mean().backward()
        seen.append((output.detach(), model[0].weight.grad.clone()))
        return (output - 0.5).square().mean()

    with watching(model, exact=True) as (watcher, listening):
        for _ in range(2):
            optimizer.step(closure)
        before, weight = len(seen), model[0].weight.detach().clone()
        optimizer.step(closure)
        sample = watcher.take()[-1]
        assert sample.is_many
        torch.optim.SGD(model.parameters()).step(closure)
        assert not watcher.take(wait=True)[-1].is_many
    assert listening.steps == [1, 2, 3, 4]
    assert len(seen) > before + 2
    agree(row(sample, "1", "activation"), seen[before][0])
    agree(row(sample, "0", "gradient", "weight"), seen[before][1])
    agree(row(sample, "0", "update", "weight"), model[0].weight - weight, 1e-4)


@pytest.mark.parametrize("through", ["parameter", "data"])
def test_a_loop_without_an_optimiser_steps_when_its_weights_change(through):
    model = nn.Sequential(nn.Linear(6, 3))
    with watching(model, exact=True) as (watcher, listening):
        for _ in range(4):
            model(BATCH).square().mean().backward()
            gradient = model[0].weight.grad.clone()
            with torch.no_grad():
                before = model[0].weight.clone()
                for each in model.parameters():
                    target = each if through == "parameter" else each.data
                    target -= 0.1 * each.grad
                    each.grad = None
        model(BATCH)
        samples = watcher.take()
    assert listening.steps == [1, 2, 3, 4]
    agree(row(samples[3], "0", "gradient", "weight"), gradient)
    agree(row(samples[3], "0", "weight", "weight"), before)
    agree(row(samples[3], "0", "update", "weight"), model[0].weight - before, 1e-4)


@pytest.mark.parametrize("steps", [1, 3])
def test_the_last_step_without_an_optimiser_is_told_of_when_watching_ends(steps):
    model = nn.Sequential(nn.Linear(6, 3))
    with watching(model, exact=True) as (watcher, _):
        for _ in range(steps):
            model.zero_grad()
            model(BATCH).square().mean().backward()
            before = model[0].weight.detach().clone()
            for each in model.parameters():
                each.data -= 0.1 * each.grad
    samples = watcher.take(wait=True)
    assert watcher.steps == steps
    assert [sample.step for sample in samples] == list(range(1, steps + 1))
    agree(row(samples[-1], "0", "update", "weight"), model[0].weight - before, 1e-4)


@pytest.mark.parametrize("cleared", [True, False])
def test_gradients_that_an_optimiser_of_another_model_leaves_are_used_by_no_step(cleared):
    model, before = small_model(), small_model()
    optimizer = torch.optim.SGD(before.parameters(), 0.1)
    with watching(model) as (watcher, _):
        for _ in range(3):
            if cleared:
                model.zero_grad()
            model(BATCH).square().mean().backward()
            optimizer.step()
    assert watcher.steps == 0
    assert watcher.skipped == (3 if cleared else 1)


def test_derivatives_that_are_asked_for_are_no_gradients_that_no_step_used():
    model = small_model()
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    with watching(model) as (watcher, _):
        for _ in range(4):  # with a penalty on gradients
            batch = BATCH.clone().requires_grad_()
            (slope,) = torch.autograd.grad(model(batch).sum(), batch, create_graph=True)
            optimizer.zero_grad()
            loss = model(BATCH).square().mean() + (slope.norm(dim=1) - 1).square().mean()
            loss.backward()
            optimizer.step()
    assert (watcher.steps, watcher.skipped) == (4, 0)


def test_weights_that_are_only_tried_out_make_no_step():
    model = nn.Sequential(nn.Linear(6, 3))
    optimizer = torch.optim.SGD(model.parameters(), 0.1)

    def differentiate():
        optimizer.zero_grad()
        model(BATCH).square().mean().backward()

    with watching(model, exact=True) as (watcher, _):
        for _ in range(3):  # sharpness-aware minimisation, as it is written by hand
            differentiate()
            tried = [0.05 * each.grad / each.grad.norm() for each in model.parameters()]
            with torch.no_grad():
                for each, change in zip(model.parameters(), tried, strict=True):
                    each += change
            differentiate()
            assert watcher.take() == []
            with torch.no_grad():
                for each, change in zip(model.parameters(), tried, strict=True):
                    each -= change
            before = model[0].weight.detach().clone()
            optimizer.step()
            (sample,) = watcher.take()
            agree(row(sample, "0", "update", "weight"), model[0].weight - before, 1e-4)
    assert (watcher.steps, watcher.skipped, sample.step) == (3, 3, 3)


class Halved(torch.amp.GradScaler):
    """A scaler that works on the CPU as on a GPU."""

    def __init__(self):
        super().__init__("cpu", init_scale=1024.0, growth_interval=1000)


def test_gradients_are_measured_unscaled_and_steps_left_out_are_counted():
    model = nn.Sequential(nn.Linear(6, 3))
    optimizer, scaler = torch.optim.SGD(model.parameters(), 0.1), Halved()
    with watching(model, exact=True) as (watcher, listening):
        for number in range(5):
            optimizer.zero_grad()
            loss = model(BATCH).square().mean() * (torch.inf if number == 2 else 1)
            scaler.scale(loss).backward()
            scaler.step(optimizer)
            scaler.update()
        samples = watcher.take()
    assert listening.steps == [1, 2, 3, 4]
    assert watcher.skipped == 1
    assert listening.culprits == []
    agree(row(samples[3], "0", "gradient", "weight"), model[0].weight.grad)
    assert row(samples[3], "0", "gradient", "weight")["norm"] < 10


def test_an_optimiser_that_unscales_by_itself_is_measured_unscaled_too():
    model = nn.Sequential(nn.Linear(6, 3))
    optimizer, scaler = torch.optim.Adam(model.parameters(), 0.1, fused=True), Halved()
    assert optimizer._step_supports_amp_scaling
    with watching(model, exact=True) as (watcher, listening):
        for number in range(4):
            optimizer.zero_grad()
            loss = model(BATCH).square().mean() * (torch.inf if number == 2 else 1)
            gradient = torch.autograd.grad(loss, model[0].weight, retain_graph=True)[0]
            scaler.scale(loss).backward()
            scaler.step(optimizer)
            scaler.update()
        samples = watcher.take()
    assert listening.steps == [1, 2, 3, 4]
    assert watcher.skipped == 1
    assert listening.culprits == []
    agree(row(samples[3], "0", "gradient", "weight"), gradient, 1e-4)


def test_a_model_whose_layers_are_called_past_it_is_measured_from_the_second_step_on():
    model = small_model()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    with watching(model) as (watcher, listening):
        for _ in range(3):
            optimizer.zero_grad()
            model[3](model[0](BATCH).relu()).sum().backward()
            optimizer.step()
        samples = watcher.take()
        assert any(
            "itself is not called" in each or "itself was not called" in each
            for each in watcher.notes()
        )
    assert listening.steps == [1, 2, 3]
    assert row(samples[-1], "0", "activation")["total"] == 128
    assert has_row(samples[-1], "3", "activation-gradient")


def test_training_goes_on_where_it_raised():
    model = small_model()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    with watching(model) as (watcher, _):
        step(model, optimizer, BATCH)
        with pytest.raises(RuntimeError, match="shapes"):
            model(torch.ones(2, 5))
        step(model, optimizer, BATCH)
        assert [each.step for each in watcher.take()] == [1, 2]
    assert not model._forward_hooks


def test_several_threads_train_models_of_their_own():
    failures, taken = [], {}

    def train(number):
        try:
            model = small_model(number)
            optimizer = torch.optim.SGD(model.parameters(), 0.01)
            with watching(model) as (watcher, listening):
                for _ in range(20 + number):
                    step(model, optimizer, BATCH)
                taken[number] = (listening.steps[-1], [each.step for each in watcher.take()])
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=train, args=(each,)) for each in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(60)
    assert not failures
    assert taken == {n: (20 + n, list(range(1, 21 + n))) for n in range(4)}


def test_a_model_that_is_trained_in_evaluation_mode_is_told_so() -> None:
    model = torch.nn.Sequential(torch.nn.Linear(4, 2)).eval()
    optimizer = torch.optim.SGD(model.parameters(), 0.01)
    with watching(model) as (watcher, _):
        for _ in range(3):
            model(torch.ones(3, 4)).sum().backward()
            optimizer.step()
    (note,) = watcher.notes()
    assert "while the model was in evaluation mode" in note
