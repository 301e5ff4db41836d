"""What is copied together with others, from a layer's second measured step on, is right as well."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from dlmagic.magics.watch.torch import together
from tests.magics.watch.torch.training import agree, row, watching


class ChangesGradient(torch.autograd.Function):
    """Writes into the gradient that it is given, as one should not."""

    now = False

    @staticmethod
    def forward(_context, x):
        return x.clone()

    @staticmethod
    def backward(_context, gradient):
        return gradient.mul_(0) if ChangesGradient.now else gradient


class Changing(nn.Module):
    def forward(self, x):
        return ChangesGradient.apply(x)


class Chain(nn.Module):
    """Layers of one size, with something done to the output of one of them."""

    def __init__(self, does=lambda x: x):
        super().__init__()
        torch.manual_seed(0)
        self.layers = nn.ModuleList(nn.Linear(8, 8) for _ in range(4))
        self.act, self.does = nn.ReLU(), does

    def forward(self, x):
        for number, layer in enumerate(self.layers):
            x = layer(x)
            x = self.does(x) if number == 1 else x
        return self.act(x)


def train(model, batches, begin=lambda number: None):
    """The samples of a step with each batch."""
    optimizer, samples = torch.optim.SGD(model.parameters(), 0.01), []
    with watching(model, exact=True) as (watcher, _):
        for number, batch in enumerate(batches):
            begin(number)
            optimizer.zero_grad()
            model(batch).sum().backward()
            optimizer.step()
            samples += watcher.take()
    return samples


def batches(*sizes):
    generator = torch.Generator().manual_seed(1)
    return [torch.randn(size, 8, generator=generator) for size in sizes]


def kept_of(model, number):
    """Outputs of a layer and the gradients that reach them, as a hook of the test's own sees."""
    outputs, gradients = [], []

    def keep(_module, _args, output):
        outputs.append(output.detach().clone())
        output.register_hook(lambda gradient: gradients.append(gradient.clone()))

    model.layers[number].register_forward_hook(keep)
    return outputs, gradients


@pytest.mark.parametrize("at_once", [together.AT_ONCE["cpu"], 130])
@pytest.mark.parametrize("sizes", [(5, 5, 5, 5), (5, 7, 5, 16)])
def test_outputs_and_gradients_are_those_of_the_layer(monkeypatch, at_once, sizes):
    monkeypatch.setitem(together.AT_ONCE, "cpu", at_once)
    model = Chain()
    kept = [kept_of(model, number) for number in range(4)]
    samples = train(model, batches(*sizes))
    for step, sample in enumerate(samples):
        for number, (outputs, gradients) in enumerate(kept):
            agree(row(sample, f"layers.{number}", "activation"), outputs[step])
            agree(row(sample, f"layers.{number}", "activation-gradient"), gradients[step])
    assert len(samples) == 4


def test_an_output_that_is_changed_after_all_is_left_out_and_then_copied_at_once():
    steps = []
    model = Chain(lambda x: x.mul_(2) if len(steps) == 3 else x)
    outputs, _ = kept_of(model, 1)
    samples = train(model, batches(5, 5, 5, 5), steps.append)
    found = [row(each, "layers.1", "activation") for each in samples]
    assert np.isnan(found[2]["mean"])
    for step in (0, 1, 3):
        agree(found[step], outputs[step])


def test_a_gradient_that_is_changed_after_all_is_left_out():
    model = Chain(Changing())

    def begin(number):
        ChangesGradient.now = number == 2

    samples = train(model, batches(5, 5, 5), begin)
    norms = [row(each, "does", "activation-gradient")["norm"] for each in samples]
    assert norms[0] > 0
    assert norms[1] > 0
    assert np.isnan(norms[2])


def test_two_backward_passes_of_one_step_are_both_seen():
    model = Chain()
    optimizer = torch.optim.SGD(model.parameters(), 0.01)
    _, gradients = kept_of(model, 2)
    with watching(model, exact=True) as (watcher, _):
        for batch in batches(5, 5, 5):
            optimizer.zero_grad()
            output = model(batch)
            output.sum().backward(retain_graph=True)
            output.square().sum().backward()
            optimizer.step()
        sample = watcher.take()[-1]
    agree(row(sample, "layers.2", "activation-gradient"), torch.cat(gradients[-2:]))


def test_of_several_passes_of_a_step_the_last_one_counts():
    model = Chain()
    optimizer = torch.optim.SGD(model.parameters(), 0.01)
    with watching(model, exact=True) as (watcher, _):
        for batch in batches(5, 5, 5, 5):
            model(batch * 100).sum().backward()  # its gradients are added to those that follow
            model(batch).sum().backward()
            optimizer.step()
        sample = watcher.take()[-1]
    assert row(sample, "layers.0", "activation")["seen"] == 40
    assert sample.calls.max() == 1
