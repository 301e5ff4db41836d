"""Models that change while they are watched, and those that run with tensors of somebody else."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.func import functional_call, grad, vmap
from torch.fx.experimental.proxy_tensor import make_fx

from tests.magics.watch.torch.training import agree, has_row, row, step, watching

BATCH = torch.randn(16, 6, generator=torch.Generator().manual_seed(1))


def model_of(*layers: nn.Module) -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(*layers, nn.Linear(6, 8), nn.Tanh(), nn.Linear(8, 3))


def test_a_layer_that_is_replaced_is_measured_as_the_new_one() -> None:
    model = model_of()
    with watching(model, exact=True) as (watcher, listening):
        step(model, torch.optim.SGD(model.parameters(), 0.1), BATCH)
        model[2] = nn.Linear(8, 5)
        before = model[2].weight.detach().clone()
        # as of one who fine-tunes: the other layers are not trained
        step(model, torch.optim.SGD(model[2].parameters(), 0.1), BATCH)
        sample = watcher.take()[-1]
    assert listening.steps == [1, 2]
    agree(row(sample, "2", "weight", "weight"), before)
    agree(row(sample, "2", "gradient", "weight"), model[2].weight.grad)
    agree(row(sample, "2", "update", "weight"), model[2].weight - before, 1e-4)
    assert sample.rows[row(sample, "2", "activation")["index"]].shape == (16, 5)


def test_steps_count_where_only_a_new_layer_is_trained_also_between_measured_ones() -> None:
    model = model_of()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    with watching(model, every=5) as (watcher, listening):
        for number in range(12):
            if number == 2:
                model[2] = nn.Linear(8, 5)
                optimizer = torch.optim.SGD(model[2].parameters(), 0.1)
            step(model, optimizer, BATCH)
        sample = watcher.take()[-1]
    assert listening.steps == list(range(1, 13))
    assert row(sample, "2", "update", "weight")["norm"] > 0


def test_parameters_that_an_optimiser_has_got_later_are_trained() -> None:
    model = model_of()
    optimizer = torch.optim.SGD(model[2].parameters(), 0.1)
    with watching(model) as (watcher, _):
        step(model, optimizer, BATCH)
        optimizer.param_groups[0]["params"].extend(model[0].parameters())
        step(model, optimizer, BATCH)
        assert [each.layer for each in watcher.untrained()] == []
        sample = watcher.take()[-1]
    assert row(sample, "0", "update", "weight")["norm"] > 0


def test_a_layer_that_is_added_is_told_of() -> None:
    model = model_of()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    with watching(model) as (watcher, _):
        step(model, optimizer, BATCH)
        assert watcher.notes() == ()
        model.append(nn.Sequential(nn.Linear(3, 2)))
        step(model, optimizer, BATCH)
        (note,) = watcher.notes()
    assert "not measured: 3 and 3.0." in note


def loss_of(model: nn.Module, parameters: dict[str, Tensor], batch: Tensor) -> Tensor:
    return functional_call(model, parameters, (batch,)).square().mean()


def plain(model: nn.Module) -> dict[str, Tensor]:
    return {name: each.detach() for name, each in model.named_parameters()}


def take_step(model: nn.Module, optimizer: torch.optim.Optimizer, found: dict[str, Tensor]) -> None:
    for name, parameter in model.named_parameters():
        parameter.grad = found[name]
    optimizer.step()


def test_steps_count_where_gradients_are_of_a_function_of_the_parameters() -> None:
    model = model_of()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    with watching(model, exact=True) as (watcher, listening):
        for _ in range(3):
            found = grad(lambda parameters: loss_of(model, parameters, BATCH))(plain(model))
            take_step(model, optimizer, found)
        sample = watcher.take()[-1]
    assert listening.steps == [1, 2, 3]
    agree(row(sample, "2", "gradient", "weight"), found["2.weight"])


def test_functional_calls_with_other_tensors_are_measured() -> None:
    model = model_of()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    with watching(model, exact=True) as (watcher, listening):
        for _ in range(3):
            optimizer.zero_grad()
            others = {name: each * 2 for name, each in model.named_parameters()}
            output = functional_call(model, others, (BATCH,))
            output.sum().backward()
            optimizer.step()
        sample = watcher.take()[-1]
    assert listening.steps == [1, 2, 3]
    agree(row(sample, "2", "activation"), output)
    agree(row(sample, "2", "gradient", "weight"), model[2].weight.grad)


def test_layers_that_run_for_each_example_are_left_out_and_their_parameters_are_not() -> None:
    model = model_of()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)

    def of_one(parameters: dict[str, Tensor], example: Tensor) -> Tensor:
        return loss_of(model, parameters, example[None])

    with watching(model, exact=True) as (watcher, listening):
        for _ in range(3):
            each = vmap(grad(of_one), (None, 0))(plain(model), BATCH)
            found = {name: gradients.mean(0) for name, gradients in each.items()}
            take_step(model, optimizer, found)
        sample = watcher.take()[-1]
        whys = {each.why for each in watcher.silent()}
    assert whys == {"it ran only within torch.func or torch.jit.trace"}
    assert listening.steps == [1, 2, 3]
    agree(row(sample, "2", "gradient", "weight"), found["2.weight"])
    assert not has_row(sample, "2", "activation")


def traced(model: nn.Module) -> object:
    return torch.jit.trace(model, BATCH)


def traced_to_a_graph(model: nn.Module) -> object:
    graph = make_fx(model)(BATCH).graph
    assert not any(
        "copy" in str(node.target) or "stack" in str(node.target) for node in graph.nodes
    )
    return graph


def without_values(model: nn.Module) -> object:
    with FakeTensorMode(allow_non_fake_inputs=True):
        return model(torch.empty(2, 6))


def forward_derivative(model: nn.Module) -> object:
    return torch.func.jvp(model, (BATCH,), (BATCH,))


def backward_derivative(model: nn.Module) -> object:
    return torch.func.vjp(model, BATCH)


def both_derivatives(model: nn.Module) -> object:
    return torch.func.hessian(lambda example: model(example).sum())(BATCH[0])


@pytest.mark.filterwarnings("ignore:.*torch.jit.*:DeprecationWarning")
@pytest.mark.parametrize(
    "does",
    [
        traced,
        traced_to_a_graph,
        without_values,
        forward_derivative,
        backward_derivative,
        both_derivatives,
    ],
)
def test_what_is_done_with_a_model_between_its_steps_works_and_is_not_measured(
    does: Callable[[nn.Module], object],
) -> None:
    model = model_of()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    with watching(model, exact=True) as (watcher, listening):
        for _ in range(3):
            output = model[:2](BATCH)
            step(model, optimizer, BATCH)
            does(model)
        sample = watcher.take()[-1]
        assert watcher.notes() == ()
    assert listening.steps == [1, 2, 3]
    agree(row(sample, "1", "activation"), output)
