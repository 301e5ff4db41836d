"""A few gradients tell of all, whatever they are made of."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import torch
from torch import Tensor, nn

from dlmagic.magics.watch.torch.sentinel import MOST_PARAMETERS, Sentinel

STEP = 7


def trained(*gradients: Tensor) -> list[nn.Parameter]:
    """Parameters with these gradients."""
    parameters = [
        nn.Parameter(torch.zeros(each.shape, dtype=each.dtype, device=each.device))
        for each in gradients
    ]
    for parameter, gradient in zip(parameters, gradients, strict=True):
        parameter.grad = gradient
    return parameters


def told(parameters: Sequence[nn.Parameter], skips: Tensor | None = None) -> int | None:
    """The step that was told of, if any."""
    sentinel = Sentinel(parameters)
    sentinel.look(STEP, frozenset(map(id, parameters)), skips)
    return sentinel.not_finite()


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16, torch.float16])
@pytest.mark.parametrize("bad", [torch.nan, torch.inf, -torch.inf])
def test_one_bad_value_is_enough(dtype: torch.dtype, bad: float) -> None:
    gradient = torch.zeros(100, dtype=dtype)
    assert told(trained(gradient)) is None
    gradient[63] = bad
    assert told(trained(gradient)) == STEP


def test_infinities_that_would_cancel_are_seen() -> None:
    assert told(trained(torch.tensor([torch.inf, -torch.inf]))) == STEP


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16, torch.float16])
@pytest.mark.parametrize("others", [(), (torch.float32, torch.float64)])
def test_large_values_may_add_up_to_more_than_their_type_holds(
    dtype: torch.dtype, others: Sequence[torch.dtype]
) -> None:
    large = torch.full((100,), 0.9 * torch.finfo(dtype).max, dtype=dtype)
    parameters = trained(large, *(torch.zeros(3, dtype=each) for each in others))
    assert told(parameters) is None
    assert told(parameters, skips=torch.tensor(0.0)) is None  # as on a device


def test_parameters_of_several_types_are_looked_at_one_by_one() -> None:
    single, double = torch.zeros(3), torch.full((3,), torch.nan, dtype=torch.float64)
    assert told(trained(single, double)) == STEP
    assert told(trained(double, single)) == STEP


def test_what_has_no_dense_gradient_is_left_alone() -> None:
    table = nn.Embedding(5, 3, sparse=True)
    (table(torch.tensor([1])) * torch.nan).sum().backward()
    bias = trained(torch.zeros(3))
    assert told([table.weight, *bias]) is None
    bias[0].grad = torch.full((3,), torch.nan)
    assert told([table.weight, *bias]) == STEP


def test_complex_parameters_are_not_asked() -> None:
    assert told(trained(torch.full((3,), torch.nan, dtype=torch.complex64))) is None


def test_a_parameter_without_a_gradient_says_nothing() -> None:
    assert told([nn.Parameter(torch.zeros(3))]) is None


def test_a_step_that_a_scaler_leaves_out_is_expected_to_be_bad() -> None:
    bad = trained(torch.full((3,), torch.inf))
    assert told(bad, skips=torch.tensor(1.0)) is None
    assert told(bad, skips=torch.tensor(0.0)) == STEP


def test_gradients_of_another_optimiser_are_not_looked_at() -> None:
    ours, theirs = trained(torch.zeros(3), torch.full((3,), torch.nan))
    sentinel = Sentinel([ours, theirs])
    sentinel.look(STEP, {id(ours)}, None)
    assert sentinel.not_finite() is None
    sentinel.look(STEP + 1, {id(theirs)}, None)
    assert sentinel.not_finite() == STEP + 1
    assert not sentinel.was_finite


@pytest.mark.parametrize("layers", [1, 5, 300])
def test_few_are_looked_at_the_first_among_them(layers: int) -> None:
    """What is bad from some layer on is bad in all before it, so in the first."""
    parameters = trained(*(torch.zeros(4) for _ in range(layers)))
    asked = [each for each in range(layers) if _is_asked(parameters, each)]
    assert asked[0] == 0
    assert len(asked) <= MOST_PARAMETERS
    assert len(asked) == layers or len(asked) > MOST_PARAMETERS // 2


def _is_asked(parameters: Sequence[nn.Parameter], place: int) -> bool:
    parameters[place].grad = torch.full((4,), torch.nan)
    found = told(parameters) == STEP
    parameters[place].grad = torch.zeros(4)
    return found
