"""Parameters that require gradients in vain: which layers are told, and which are not."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from dlmagic.finding import Finding
from dlmagic.magics.watch.sample_result import Untrained
from dlmagic.magics.watch.verdicts.untrained import findings_of
from tests.magics.watch.torch.training import watching


class Encoded(nn.Module):
    """An encoder before a head, with something done to the code between them."""

    def __init__(self, between: Callable[[Tensor], Tensor] = lambda code: code) -> None:
        super().__init__()
        self.encoder, self.head = nn.Linear(6, 5), nn.Linear(5, 2)
        self.between = between

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.between(self.encoder(x)))


def told(
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    step: Callable[[nn.Module, torch.optim.Optimizer], None] | None = None,
    steps: int = 4,
) -> dict[str, bool]:
    """Layers that are trained in vain, and whether an optimiser has them."""
    with watching(model) as (watcher, _):
        for _ in range(steps):
            (step or train)(model, optimizer)
        before = watcher.untrained()
    assert watcher.untrained() == before  # also once it has ended
    return {each.layer: each.optimised for each in before}


def train(model: nn.Module, optimizer: torch.optim.Optimizer) -> None:
    optimizer.zero_grad()
    model(torch.randn(8, 6)).sum().backward()
    optimizer.step()


def sgd(*modules: nn.Module) -> torch.optim.Optimizer:
    return torch.optim.SGD([each for m in modules for each in m.parameters()], 0.01)


def test_of_a_model_that_is_trained_nothing_is_told() -> None:
    model = Encoded()
    assert told(model, sgd(model)) == {}


def test_a_layer_that_is_cut_off_from_the_loss_is_told() -> None:
    model = Encoded(between=Tensor.detach)
    assert told(model, sgd(model)) == {"encoder": True}


def test_a_layer_that_no_optimiser_has_is_told() -> None:
    model = Encoded()
    assert told(model, sgd(model.head)) == {"encoder": False}
    model = Encoded()
    optimizer = sgd(model)
    model.head = nn.Linear(5, 3)
    assert told(model, optimizer) == {"head": False}


def test_what_is_frozen_is_left_alone() -> None:
    model = Encoded()
    model.encoder.requires_grad_(False)
    assert told(model, sgd(model.head)) == {}


def test_optimisers_that_take_turns_have_all_of_it_together() -> None:
    model = Encoded()
    optimizers = [sgd(model.encoder), sgd(model.head)]

    def in_turns(model: nn.Module, _: torch.optim.Optimizer) -> None:
        for each in optimizers:
            train(model, each)

    assert told(model, optimizers[0], in_turns) == {}


def test_an_optimiser_that_is_gone_by_now_counts() -> None:
    model = Encoded()
    with watching(model) as (watcher, _):
        train(model, sgd(model))
        assert watcher.untrained() == ()


def test_a_layer_that_does_not_run_is_another_matter() -> None:
    model = Encoded()
    model.spare = nn.Linear(2, 2)
    assert told(model, sgd(model)) == {}


def test_sparse_gradients_are_gradients() -> None:
    table = nn.Embedding(10, 6, sparse=True)
    model = nn.Sequential(table, nn.Flatten(), nn.Linear(12, 2))

    def look_up(model: nn.Module, optimizer: torch.optim.Optimizer) -> None:
        optimizer.zero_grad()
        model(torch.randint(10, (8, 2))).sum().backward()
        optimizer.step()

    assert told(model, sgd(model), look_up) == {}


def without_backward(model: nn.Module, optimizer: torch.optim.Optimizer) -> None:
    model(torch.randn(8, 6)).sum()
    optimizer.step()


def cleared_too_late(model: nn.Module, optimizer: torch.optim.Optimizer) -> None:
    model(torch.randn(8, 6)).sum().backward()
    optimizer.zero_grad()
    optimizer.step()


@pytest.mark.parametrize("step", [without_backward, cleared_too_late])
def test_where_no_optimiser_finds_any_gradient_it_is_told_of_the_whole(step) -> None:  # type: ignore[no-untyped-def]
    model = Encoded()
    assert told(model, sgd(model), step) == {"": True}


def test_a_loop_by_hand_has_no_optimiser_to_be_told_of() -> None:
    model = Encoded()

    def by_hand(model: nn.Module, _: torch.optim.Optimizer) -> None:
        model(torch.randn(8, 6)).sum().backward()
        with torch.no_grad():
            for each in model.parameters():
                each -= 0.01 * each.grad
                each.grad = None

    assert told(model, sgd(model), by_hand) == {}


def words(*untrained: Untrained, samples: int = 30, steps: int = 30) -> list[Finding]:
    return list(findings_of(untrained, samples=samples, steps=steps))


CUT = Untrained("encoder.0", "Linear", optimised=True)
LEFT_OUT = Untrained("head", "Linear", optimised=False)


def test_each_kind_is_one_hint_with_advice() -> None:
    cut, left_out = words(CUT, Untrained("encoder.2", "Linear", optimised=True), LEFT_OUT)
    assert (cut.kind, cut.level, cut.operands) == (
        "no-gradient",
        "hint",
        ("encoder.0", "encoder.2"),
    )
    assert cut.message == (
        "The parameters of encoder.0 (Linear) require gradients and got no gradient in 30 measured "
        "steps. 1 more layer shows it: encoder.2."
    )
    assert (left_out.kind, left_out.level) == ("not-optimised", "hint")
    assert "are in no optimiser that took a step" in left_out.message
    assert all("requires_grad_(False)" in each.fix.text for each in (cut, left_out) if each.fix)


def test_no_gradient_at_all_is_certain() -> None:
    (found,) = words(Untrained("", "", optimised=True))
    assert (found.kind, found.level) == ("no-gradient", "warning")
    assert found.message == "No optimiser found a gradient in 30 measured steps."


def test_few_steps_are_not_enough() -> None:
    assert words(CUT, LEFT_OUT, steps=19) == []
    assert [each.kind for each in words(CUT, LEFT_OUT, samples=4)] == ["not-optimised"]
