"""Trainings in which something goes wrong at a place and a step that are drawn by chance."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from dlmagic.magics.watch.sample_result import Culprit
from tests.magics.watch.torch.culprit.faults import BACKWARD, FORWARD, LOSSES
from tests.magics.watch.torch.culprit.models import (
    MODELS,
    Answer,
    Perceptron,
    Recurrent,
    Spot,
    Transformer,
)

STEPS = 4


@dataclass
class Injection:
    """One training and where it goes wrong.

    Attributes:
        title: What it is, for messages.
        model: The model.
        step: In which step, from 1.
        inject: Makes it go wrong.
        passes: In which pass the culprit may be found.
        layer: Which layer is to blame.
        call: In which of its calls.
        loss: The loss in that step, where it is to blame.
        batch: What is done to the batch of that step.
    """

    title: str
    model: nn.Module
    step: int
    inject: Callable[[], object]
    passes: tuple[str, ...]
    layer: str
    call: int = 1
    loss: Callable[[Tensor, Tensor], Tensor] | None = None
    batch: Callable[[Tensor], object] | None = None

    def is_right(self, culprit: Culprit) -> bool:
        """Whether it has been named."""
        layer = (culprit.layer, culprit.call) if self.layer else ("", 1)
        named = layer == (self.layer, self.call) and culprit.pass_ in self.passes
        return named and culprit.certain and 0 <= culprit.step - self.step <= 2


def injections(count: int, seed: int = 0) -> Iterator[Injection]:
    """So many, of all kinds in turn."""
    chance = random.Random(seed)
    makers = (_in_layer, _in_layer, _in_layer, _in_layer, _in_code, _elsewhere)
    for number in range(count):
        torch.manual_seed(seed + number)
        yield makers[number % len(makers)](chance, number)


def _in_layer(chance: random.Random, number: int) -> Injection:
    model = MODELS[number % len(MODELS)]()
    faults, passes = _faults(number)
    name = chance.choice(list(faults))
    path = chance.choice([path for path, each in model.named_modules() if isinstance(each, Spot)])
    spot = model.get_submodule(path)
    spot.when = chance.randrange(12) if isinstance(model, Recurrent) else 0
    return Injection(
        f"{name} in {type(model).__name__}.{path}",
        model,
        chance.randint(1, STEPS - 1),
        lambda: setattr(spot, "fault", faults[name]),
        passes,
        path,
        spot.when + 1,
    )


def _in_code(chance: random.Random, number: int) -> Injection:
    """In a container, between the layers that it has."""
    model = MODELS[1 + number % 2 * 2]()
    faults, passes = _faults(chance.randrange(2))
    places = [path for path, each in model.named_modules() if hasattr(each, "inline")]
    name, path = chance.choice(list(faults)), chance.choice(places)
    if isinstance(model, Transformer) and passes == ("forward",):
        name = "masked row"
    block = model.get_submodule(path)
    return Injection(
        f"{name} in the code of {type(model).__name__}.{path}",
        model,
        chance.randint(1, STEPS - 1),
        lambda: setattr(block, "inline", faults[name]),
        passes,
        path,
    )


def _elsewhere(chance: random.Random, number: int) -> Injection:
    """In the batch, in a weight, or in the loss."""
    model, step = chance.choice(MODELS)(), chance.randint(1, STEPS - 1)
    title = type(model).__name__
    kind = number // 6 % 3
    if kind == 0 or (isinstance(model, Transformer) and kind == 2):
        # Where tanh hides an infinity, it spoils one weight's gradient and no bias's.
        hidden = isinstance(model, Perceptron | Recurrent)
        bad = float("nan") if hidden else chance.choice([float("nan"), float("inf")])

        def spoil(values: Tensor) -> None:
            values[3, 5] = bad

        return Injection(
            f"{bad} in the batch of {title}", model, step, _nothing, ("input",), "", batch=spoil
        )
    if kind == 1:
        name, weight = chance.choice(list(model.named_parameters()))
        layer = name.rpartition(".")[0]
        return Injection(
            f"NaN in {title}.{name}",
            model,
            step,
            lambda: weight.data.view(-1)[:1].fill_(float("nan")),
            ("parameter",),
            layer,
            0,
        )
    name, loss = chance.choice(list(LOSSES.items()))
    return Injection(
        f"{name} in the loss of {title}", model, step, _nothing, ("loss",), "", loss=loss
    )


def _faults(number: int) -> tuple[dict[str, Any], tuple[str, ...]]:
    """What goes wrong in the forward pass may show in the backward pass first, at one layer."""
    return (FORWARD, ("forward",)) if number % 2 == 0 else (BACKWARD, ("forward", "backward"))


def _nothing() -> None:
    pass


def train(injection: Injection, optimizer: torch.optim.Optimizer, steps: int = STEPS) -> None:
    """Train, and let it go wrong."""
    model = injection.model
    for step in range(1, steps + 1):
        values, labels = torch.randn(8, 12), torch.randint(0, 4, (8,))
        now = step == injection.step
        if now:
            injection.inject()
            if injection.batch is not None:
                injection.batch(values)
        optimizer.zero_grad()
        asked = (values, labels) if isinstance(model, Transformer) else (values,)
        loss = injection.loss if now and injection.loss else functional.cross_entropy
        _loss(model(*asked), labels, loss).backward()
        optimizer.step()


def _loss(output: Any, labels: Tensor, loss: Callable[[Tensor, Tensor], Tensor]) -> Tensor:
    if isinstance(output, Answer):
        assert output.loss is not None
        return output.loss if loss is functional.cross_entropy else loss(output.scores, labels)
    scores = output["scores"] if isinstance(output, dict) else output
    return loss(scores[0] if isinstance(scores, tuple) else scores, labels)
