"""Layers of all kinds: what they return, how often they run, and in which types."""

from __future__ import annotations

import copy
from dataclasses import dataclass

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

from tests.magics.watch.torch.training import agree, has_row, row, watching

BATCH = torch.randn(16, 6, generator=torch.Generator().manual_seed(1))


class Calls(nn.Module):
    """A model that does with its layers what a function says."""

    def __init__(self, does, **layers):
        super().__init__()
        self.does = does
        for name, layer in layers.items():
            self.add_module(name, layer)

    def forward(self, x):
        return self.does(self, x)


def one_step(model, *, exact=True, batch=BATCH, optimizer=None):
    optimizer = optimizer or torch.optim.SGD(model.parameters(), 0.01)
    with watching(model, exact=exact) as (watcher, _):
        optimizer.zero_grad()
        model(batch).sum().backward()
        optimizer.step()
        (sample,) = watcher.take()
        return sample, {each.layer: each.why for each in watcher.silent()}


@dataclass
class Answer:
    first: torch.Tensor
    others: tuple[torch.Tensor, ...]
    note: str = ""


class Returns(nn.Module):
    def __init__(self, kind):
        super().__init__()
        self.kind = kind

    def forward(self, x):
        x = x * 2
        main = x * 1
        parts = {
            "dict": {"a": main, "ids": torch.arange(3)},
            "dataclass": Answer(main, (x + 1, x + 2)),
            "nested": [main, (x + 1, {"deep": x + 2})],
        }
        return parts[self.kind]


@pytest.mark.parametrize(("kind", "many"), [("dict", 1), ("dataclass", 3), ("nested", 3)])
def test_all_tensors_of_an_output_are_one_row(kind, many):
    def does(model, x):
        found = model.returns(model.linear(x))
        if kind == "dict":
            return found["a"]
        if kind == "dataclass":
            return found.first + found.others[0] + found.others[1]
        return found[0] + found[1][0] + found[1][1]["deep"]

    model = Calls(does, linear=nn.Linear(6, 4), returns=Returns(kind))
    output = model.linear(BATCH).detach() * 2
    sample, _ = one_step(model)
    agree(row(sample, "returns", "activation"), torch.stack([output + n for n in range(many)]))
    agree(row(sample, "returns", "activation-gradient"), torch.ones(many * 64))


def test_a_recurrent_layer_and_attention_are_measured():
    def does(model, x):
        out, _ = model.lstm(x.view(16, 3, 2))
        return model.attention(out, out, out)[0]

    attention = nn.MultiheadAttention(8, 2, batch_first=True)
    model = Calls(does, lstm=nn.LSTM(2, 8, batch_first=True), attention=attention)
    sample, silent = one_step(model)
    assert row(sample, "lstm", "activation")["total"] == 16 * 3 * 8 + 2 * 16 * 8
    assert row(sample, "lstm", "gradient", "weight_hh_l0")["norm"] > 0
    assert "used directly" in silent["attention.out_proj"]


def test_the_layer_before_an_inplace_relu_is_seen_before_it_is_overwritten():
    model = nn.Sequential(nn.Linear(6, 8), nn.ReLU(inplace=True), nn.Linear(8, 2))
    linear = model[0](BATCH).detach()
    sample, _ = one_step(model)
    agree(row(sample, "0", "activation"), linear)
    agree(row(sample, "1", "activation"), linear.relu())
    assert row(sample, "0", "activation")["min"] < 0
    after = model[2].weight.detach().sum(0) + 0.01 * model[2].weight.grad.sum(0)
    agree(row(sample, "1", "activation-gradient"), after.expand(16, 8), 1e-4)
    agree(row(sample, "0", "activation-gradient"), after.expand(16, 8) * (linear > 0), 1e-4)


@pytest.mark.parametrize("exact", [True, False])
def test_a_layer_that_runs_several_times_is_one_row_that_counts_its_calls(exact):
    def does(model, x):
        return model.linear(model.linear(model.linear(x)))

    model = Calls(does, linear=nn.Linear(6, 6))
    first = model.linear(BATCH)
    second = model.linear(first)
    values = torch.cat([first, second, model.linear(second)])
    sample, _ = one_step(model, exact=exact)
    found = row(sample, "linear", "activation")
    agree(found, values)
    assert sample.calls[found["index"]] == 3
    assert row(sample, "linear", "activation-gradient")["total"] == 3 * 96


def test_a_layer_that_runs_often_costs_little_memory_and_stays_near_the_truth():
    def does(model, x):
        for _ in range(100):
            x = model.linear(x) * 0.5 + x * 0.5
        return x

    model = Calls(does, linear=nn.Linear(100, 100))
    batch = torch.randn(100, 100)
    exact, _ = one_step(copy.deepcopy(model), batch=batch)
    sampled, _ = one_step(model, exact=False, batch=batch)
    wanted, found = row(exact, "linear", "activation"), row(sampled, "linear", "activation")
    assert found["total"] == wanted["total"] == 1_000_000
    assert found["seen"] < 40_000
    assert found["std"] == pytest.approx(wanted["std"], rel=0.05)


def test_shared_weights_are_one_row_with_all_names():
    def does(model, x):
        return nn.functional.linear(model.embed(x.long().abs() % 10).sum(1), model.head.weight)

    embed, head = nn.Embedding(10, 4), nn.Linear(4, 10, bias=False)
    head.weight = embed.weight
    model = Calls(does, embed=embed, head=head)
    sample, _ = one_step(model)
    found = row(sample, "embed", "weight", "weight")
    assert sample.rows[found["index"]].also == ("head.weight",)
    assert not has_row(sample, "head", "weight", "weight")


def test_frozen_parameters_have_no_gradient_and_do_not_change():
    model = nn.Sequential(nn.Linear(6, 4), nn.Linear(4, 2))
    model[0].requires_grad_(False)
    sample, _ = one_step(
        model, optimizer=torch.optim.SGD([p for p in model.parameters() if p.requires_grad], 0.1)
    )
    agree(row(sample, "0", "weight", "weight"), model[0].weight)
    for quantity in ("gradient", "update"):
        assert not has_row(sample, "0", quantity, "weight")
    assert not has_row(sample, "0", "activation-gradient")


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
@pytest.mark.parametrize("exact", [True, False])
def test_other_floating_types_are_added_up_in_float32(dtype, exact):
    model = nn.Sequential(nn.Linear(6, 2000)).to(dtype)
    batch = BATCH.to(dtype) * 100
    output = model(batch).detach()
    sample, _ = one_step(model, exact=exact, batch=batch)
    found = row(sample, "0", "activation")
    assert found["norm"] == pytest.approx(output.double().norm().item(), rel=1e-5 if exact else 0.1)
    assert np.isfinite(sample.column("norm")).all()


def test_autocast_is_measured_as_it_computes():
    model = nn.Sequential(nn.Linear(6, 8), nn.ReLU())
    with torch.autocast("cpu", torch.bfloat16):
        output = model(BATCH)
        sample, _ = one_step(model)
    agree(row(sample, "1", "activation"), output.float())


def test_sparse_gradients_are_left_out():
    def does(model, x):
        return model.embed(x.long().abs() % 10)

    model = Calls(does, embed=nn.Embedding(10, 4, sparse=True))
    sample, _ = one_step(model)
    assert not has_row(sample, "embed", "gradient", "weight")
    assert has_row(sample, "embed", "weight", "weight")


def test_a_lazy_layer_is_measured_once_it_has_weights():
    model = nn.Sequential(nn.LazyLinear(4), nn.ReLU())
    with watching(model, layers=["0"]) as (watcher, _):
        model(BATCH).sum().backward()
        optimizer = torch.optim.SGD(model.parameters(), 0.1)
        optimizer.step()
        for _ in range(2):
            optimizer.zero_grad()
            model(BATCH).sum().backward()
            optimizer.step()
        assert watcher.notes() == ()
        sample = watcher.take()[-1]
    assert has_row(sample, "0", "activation")
    assert has_row(sample, "0", "gradient", "weight")


@pytest.mark.parametrize("reentrant", [True, False])
def test_layers_inside_a_checkpoint_are_measured_once(reentrant):
    def does(model, x):
        x = model.before(x)
        return checkpoint(model.inside, x, use_reentrant=reentrant)

    inside = nn.Sequential(nn.Linear(6, 6), nn.ReLU())
    model = Calls(does, before=nn.Linear(6, 6), inside=inside)
    values = model.inside[0](model.before(BATCH)).detach()
    sample, _ = one_step(model)
    found = row(sample, "inside.0", "activation")
    agree(found, values)
    assert sample.calls[found["index"]] == 1
    assert row(sample, "inside.0", "activation-gradient")["total"] == 96


def test_a_model_on_the_meta_device_says_nothing_and_breaks_nothing():
    model = nn.Sequential(nn.Linear(6, 2, device="meta"))
    with watching(model) as (watcher, _):
        model(torch.empty(3, 6, device="meta")).sum().backward()
        torch.optim.SGD(model.parameters(), 0.1).step()
        (sample,) = watcher.take()
        assert "meta" in watcher.silent()[0].why
    assert len(sample.rows) == 0


@pytest.mark.parametrize("inplace", [False, True])
def test_later_samples_are_as_right_as_the_first(inplace):
    """From the second sample on, small outputs are copied together after the pass."""
    model = nn.Sequential(nn.Linear(6, 40), nn.ReLU(inplace), nn.Linear(40, 40), nn.ReLU(inplace))
    model = model.append(nn.Sequential(nn.Linear(40, 200), nn.Tanh()))
    optimizer = torch.optim.SGD(model.parameters(), 0.01)
    with watching(model) as (watcher, _):
        for number in range(4):
            batch = BATCH + number
            with torch.no_grad():
                first = model[0](batch)
                second = model[2](first.relu())
            optimizer.zero_grad()
            model(batch).sum().backward()
            optimizer.step()
            (sample,) = watcher.take()
            agree(row(sample, "0", "activation"), first)
            agree(row(sample, "1", "activation"), first.relu())
            agree(row(sample, "2", "activation"), second)
            agree(row(sample, "3", "activation"), second.relu())


def test_an_output_that_is_overwritten_only_later_on_is_left_out_and_then_copied_at_once():
    def does(model, x):
        x = model.linear(x)
        return x.relu_() if model.overwrites else x.relu()

    model = Calls(does, linear=nn.Linear(6, 40))
    optimizer, norms = torch.optim.SGD(model.parameters(), 0.0), []
    with watching(model) as (watcher, _):
        for number in range(5):
            model.overwrites = number > 1
            optimizer.zero_grad()
            model(BATCH).sum().backward()
            optimizer.step()
            (sample,) = watcher.take()
            norms.append(row(sample, "linear", "activation")["norm"])
    assert norms[0] == norms[1] == pytest.approx(model.linear(BATCH).norm().item(), rel=1e-5)
    assert np.isnan(norms[2])
    assert norms[3:] == norms[:2]


@pytest.mark.parametrize("empty_at", [0, 3])
def test_an_output_that_is_empty_now_and_then_is_left_out_of_that_sample(empty_at):
    """As that of an expert that gets no token."""
    model = nn.Sequential(nn.Linear(6, 4), nn.ReLU(), nn.Linear(4, 2))
    optimizer = torch.optim.SGD(model.parameters(), 0.01)
    with watching(model) as (watcher, _):
        for number in range(6):
            optimizer.zero_grad()
            model(BATCH[:0] if number == empty_at else BATCH).sum().backward()
            optimizer.step()
        samples = watcher.take(wait=True)
        assert watcher.silent() == ()
    seen = [
        row(each, "0", "activation")["total"] if has_row(each, "0", "activation") else 0
        for each in samples
    ]
    assert [not each > 0 for each in seen] == [number == empty_at for number in range(6)]


def test_a_layer_that_ran_before_another_pass_began_has_fired():
    """As a generator, whose output the discriminator is trained with first."""
    made, judged = nn.Linear(6, 6), nn.Linear(6, 1)
    model = nn.ModuleDict({"made": made, "judged": judged})
    optimizers = [torch.optim.SGD(each.parameters(), 0.01) for each in (made, judged)]
    with watching(model) as (watcher, _):
        for _ in range(4):
            output = made(BATCH)
            judged(output.detach()).sum().backward()
            optimizers[1].step()
            judged(output).sum().backward()
            optimizers[0].step()
        assert [each.layer for each in watcher.silent()] == [""]  # which holds the two
