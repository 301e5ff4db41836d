"""Steps of several passes: of each layer the last one counts that it has run in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest
import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from dlmagic.magics.watch.torch import passes
from tests.magics.watch.torch.training import agree, has_row, row, watching

GENERATOR = torch.Generator().manual_seed(1)
NOISE, REAL = (torch.randn(6, 4, generator=GENERATOR) for _ in range(2))


class Gan(nn.Module):
    """A generator and its discriminator, which are called one by one."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.made = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.ReLU(True))
        self.made.append(nn.Linear(8, 4))
        self.judged = nn.Sequential(nn.Linear(4, 8), nn.LeakyReLU(0.2, True), nn.Linear(8, 1))


def fool(gan: Gan, fake: Tensor) -> Tensor:
    return nn.functional.softplus(-gan.judged(fake)).mean()


def unmask(gan: Gan, fake: Tensor) -> Tensor:
    return nn.functional.softplus(gan.judged(fake)).mean()


def fake_is_used_again(gan: Gan, made: Optimizer, judged: Optimizer) -> None:
    fool(gan, REAL).backward()
    fake = gan.made(NOISE)
    unmask(gan, fake.detach()).backward()
    judged.step()
    made.zero_grad()
    fool(gan, fake).backward()
    made.step()


def fake_is_made_first(gan: Gan, made: Optimizer, judged: Optimizer) -> None:
    fake = gan.made(NOISE)
    fool(gan, REAL).backward()
    unmask(gan, fake.detach()).backward()
    judged.step()
    made.zero_grad()
    fool(gan, fake).backward()
    made.step()


def fake_is_made_without_gradients(gan: Gan, made: Optimizer, judged: Optimizer) -> None:
    with torch.no_grad():
        fake = gan.made(NOISE)
    (fool(gan, REAL) + unmask(gan, fake)).backward()
    judged.step()
    made.zero_grad()
    fool(gan, gan.made(NOISE * 2)).backward()
    made.step()


def fake_is_made_twice(gan: Gan, made: Optimizer, judged: Optimizer) -> None:
    (fool(gan, REAL) + unmask(gan, gan.made(NOISE).detach())).backward()
    judged.step()
    made.zero_grad()
    fool(gan, gan.made(NOISE * 2)).backward()
    made.step()


def generator_is_trained_first(gan: Gan, made: Optimizer, judged: Optimizer) -> None:
    fake = gan.made(NOISE)
    fool(gan, fake).backward()
    made.step()
    judged.zero_grad()
    (fool(gan, REAL) + unmask(gan, fake.detach())).backward()
    judged.step()


@dataclass
class Case:
    """A way to write a step.

    Attributes:
        train: The step.
        judged: Which calls of the discriminator are those of its last pass.
    """

    train: Callable[[Gan, Optimizer, Optimizer], None]
    judged: slice


CASES = (
    Case(fake_is_used_again, slice(2, 3)),
    Case(fake_is_made_first, slice(2, 3)),
    Case(fake_is_made_without_gradients, slice(2, 3)),
    Case(fake_is_made_twice, slice(2, 3)),
    Case(generator_is_trained_first, slice(1, 3)),
)


class Kept:
    """What hooks of the test's own see of a layer: outputs, and the gradients that reach them."""

    def __init__(self, module: nn.Module) -> None:
        self.outputs: list[Tensor] = []
        self.gradients: list[Tensor | None] = []
        module.register_forward_hook(self._ran)

    def _ran(self, _module: nn.Module, _args: object, output: Tensor) -> None:
        if output.requires_grad:
            number = len(self.outputs)
            self.outputs.append(output.detach().clone())
            self.gradients.append(None)
            output.register_hook(lambda gradient: self._came(number, gradient))

    def _came(self, number: int, gradient: Tensor) -> None:
        self.gradients[number] = gradient.clone()

    def clear(self) -> None:
        self.outputs, self.gradients = [], []


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.train.__name__)
def test_two_models_that_are_trained_in_turns_have_outputs_and_gradients_of_one_pass(case):
    gan = Gan()
    made, judged = (torch.optim.Adam(each.parameters()) for each in (gan.made, gan.judged))
    kept = {
        name: Kept(module) for name, module in gan.named_modules() if not list(module.children())
    }
    with watching(gan, exact=True) as (watcher, _):
        for _ in range(4):
            for each in kept.values():
                each.clear()
            judged.zero_grad()
            case.train(gan, made, judged)
        sample = watcher.take()[-1]
    for name, seen in kept.items():
        last = slice(-1, None) if name.startswith("made") else case.judged
        agree(row(sample, name, "activation"), torch.cat(seen.outputs[last]))
        agree(row(sample, name, "activation-gradient"), torch.cat(seen.gradients[last]))


class Experts(nn.Module):
    """Each batch goes to one of several layers."""

    def __init__(self, number: int) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.experts = nn.ModuleList(nn.Linear(4, 4) for _ in range(number))
        self.head = nn.Linear(4, 1)

    def forward(self, x: Tensor, which: int) -> Tensor:
        return self.head(self.experts[which](x))


@pytest.mark.parametrize("number", [3, passes.MOST + 4])
def test_a_layer_that_runs_in_one_of_several_passes_is_measured(number):
    model = Experts(number)
    optimizer = torch.optim.SGD(model.parameters(), 0.01)
    with watching(model, exact=True) as (watcher, _):
        for _ in range(3):
            optimizer.zero_grad()
            for which in range(number):
                model(NOISE * (which + 1), which).sum().backward()
            with torch.no_grad():
                outputs = [each(NOISE * (n + 1)) for n, each in enumerate(model.experts)]
            optimizer.step()
        sample = watcher.take()[-1]
    oldest = max(0, number - passes.MOST)
    for which, output in enumerate(outputs):
        known = has_row(sample, f"experts.{which}", "activation")
        assert known == (which >= oldest)
        if known:
            agree(row(sample, f"experts.{which}", "activation"), output)
    assert row(sample, "head", "activation")["seen"] == len(NOISE)


def test_a_pass_that_trains_counts_more_than_a_later_one_that_does_not():
    model = Gan().judged
    optimizer = torch.optim.SGD(model.parameters(), 0.01)
    with watching(model, exact=True) as (watcher, _):
        for _ in range(3):
            optimizer.zero_grad()
            output = model(NOISE)
            output.square().sum().backward()
            model(NOISE * 3)  # as to print a figure of it
            optimizer.step()
        sample = watcher.take()[-1]
    agree(row(sample, "2", "activation"), output)
    agree(row(sample, "2", "activation-gradient"), 2 * output)
