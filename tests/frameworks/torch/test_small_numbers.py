"""What is looked at of small tensors, and that large and strange ones are left alone."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from dlmagic.frameworks.torch.small_numbers import (
    are_finite,
    extremes_of,
    is_steep,
    numbers_of,
    value_of,
)

INF, NAN = float("inf"), float("nan")
ROOT = torch.zeros(2, requires_grad=True)


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        ([1.0, 2.0], "finite"),
        ([1.0, -INF], "low"),
        ([INF, -INF], "infinite"),
        ([INF, NAN], "nan"),
        ([], "finite"),
    ],
)
def test_what_numbers_are(numbers: list[float], expected: str) -> None:
    assert numbers_of(torch.tensor(numbers)) == expected


@pytest.mark.parametrize(
    "value",
    [
        torch.ones(3, dtype=torch.int64),
        torch.ones(400, 400),
        torch.ones(3, device="meta"),
        torch.eye(3).to_sparse(),
        "text",
    ],
)
def test_nobody_looks_at_whole_large_distant_and_sparse_tensors(value: object) -> None:
    assert numbers_of(value) is None


def test_values_that_are_being_transformed_refuse() -> None:
    states: list[object] = []

    def note(tensor: Tensor) -> Tensor:
        states.append((numbers_of(tensor), value_of(tensor), extremes_of(tensor)))
        return tensor * 2

    torch.vmap(note)(torch.ones(3))
    assert states == [(None, None, None)]


def test_extremes_and_values() -> None:
    assert extremes_of(torch.tensor([3.0, -1.0])) == (-1.0, 3.0)
    assert extremes_of(torch.empty(0)) is None
    assert value_of(torch.tensor([2.5], requires_grad=True)) == 2.5
    assert value_of(torch.ones(2)) is None


def test_gradients_are_finite_unless_one_that_may_be_looked_at_is_not() -> None:
    large = torch.full((400, 400), NAN)
    assert are_finite(map(numbers_of, [torch.ones(2), large])) is True
    assert are_finite(map(numbers_of, [torch.ones(2), torch.tensor(NAN)])) is False
    assert are_finite(map(numbers_of, [large])) is None


@pytest.mark.parametrize(
    ("name", "arguments", "expected"),
    [
        ("sqrt", (ROOT,), True),
        ("sqrt", (ROOT + 1,), False),
        ("sqrt", (ROOT.detach(),), False),
        ("pow", (ROOT, 0.5), True),
        ("pow", (ROOT, 2), False),
        ("__pow__", (ROOT, 0.5), True),
        ("acos", (ROOT - 1,), True),
        ("exp", (ROOT,), False),
    ],
)
def test_slopes_that_are_infinite(name: str, arguments: Any, expected: bool) -> None:
    assert is_steep(name, arguments) is expected
