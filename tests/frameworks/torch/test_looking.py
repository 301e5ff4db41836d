"""What an operation is told of beside shapes, and that looking changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, cross_entropy

from dlmagic.frameworks.operations import Event, Operation
from dlmagic.frameworks.torch.operation_recorder import OperationRecorder

BYTES = torch.tensor([0, 100, 200], dtype=torch.uint8)


def recorded(run: Callable[[], object], **names: object) -> list[Operation]:
    found: list[Operation] = []

    def tell(event: Event) -> None:
        if isinstance(event, Operation):
            found.append(event)

    with OperationRecorder(__file__, tell, namespace=names):
        run()
    return found


def last(run: Callable[[], object], **names: object) -> Operation:
    return recorded(run, **names)[-1]


@pytest.mark.parametrize(
    ("run", "exact"),
    [
        (lambda: BYTES + 55, True),
        (lambda: BYTES + 56, False),
        (lambda: BYTES - BYTES, True),
        (lambda: 100 - BYTES, False),
        (lambda: BYTES * 2, False),
        (lambda: -BYTES, False),
        (lambda: torch.add(BYTES, BYTES, alpha=1), False),
        (lambda: BYTES.clone().add_(56), False),
        (lambda: BYTES.to(torch.int8) - 100, False),
        (lambda: BYTES // 100, True),
        (lambda: BYTES // 255, False),
        (lambda: torch.div(BYTES, 255, rounding_mode="trunc"), False),
        (lambda: BYTES / 255, None),
        (lambda: BYTES.int() + 5_000, None),
        (lambda: BYTES.clone().fill_(0.5), False),
        (lambda: BYTES.clone().fill_(2.0), True),
        (lambda: BYTES.clone().copy_(torch.tensor([0.5, 0.1, 0.2])), False),
        (lambda: torch.ones(3) + 0.5, None),
        (lambda: BYTES + torch.ones(3), None),
    ],
)
def test_whole_numbers_are_compared_with_what_mathematics_has(
    run: Callable[[], object], exact: bool | None
) -> None:
    assert last(run).is_exact is exact


def test_what_is_put_into_a_tensor_is_looked_at() -> None:
    def put() -> None:
        BYTES.clone()[0] = 0.5

    assert last(put).is_exact is False


def test_images_and_labels_are_looked_at_as_far_as_they_are_small() -> None:
    images, kernel = torch.arange(16.0).reshape(1, 1, 4, 4), torch.ones(1, 1, 3, 3)
    assert last(lambda: conv2d(images, kernel)).data_range == (0, 15)
    many = torch.zeros(40, 3, 100, 100)
    many[0, 0, 0, 0] = 9
    assert last(lambda: conv2d(many, torch.ones(1, 3, 3, 3))).data_range == (0, 9)
    labels = torch.tensor([4, 0, -100])
    assert last(lambda: cross_entropy(torch.ones(3, 5), labels)).data_range == (-100, 4)
    assert last(lambda: cross_entropy(torch.ones(3, 5), target=labels)).data_range == (-100, 4)
    assert last(lambda: torch.ones(3) + 1).data_range is None


def test_parameters_have_the_users_names_and_the_mode_of_their_module() -> None:
    net = nn.Sequential(nn.Linear(3, 2), nn.LSTM(2, 2))
    data = torch.ones(1, 3)
    assert last(lambda: net[0](data), net=net).parameter == "net.0.weight"
    assert last(lambda: net[1](torch.ones(4, 1, 2)), net=net).parameter == "net.1.weight_ih_l0"
    assert last(lambda: net[0](data), net=net).evaluating == ""
    net.eval()
    assert last(lambda: net[0](data), net=net).evaluating == "net"
    assert last(lambda: net[0](data)).parameter == ""


def test_a_model_that_is_made_meanwhile_has_its_name() -> None:
    names: dict[str, object] = {}
    found: list[Any] = []
    with OperationRecorder(__file__, found.append, namespace=names):
        names["later"] = nn.Linear(3, 2)
        names["later"](torch.ones(1, 3))  # type: ignore[operator]
    assert [each.parameter for each in found if isinstance(each, Operation)][-1] == "later.weight"


def test_whether_gradients_are_recorded_is_told() -> None:
    assert last(lambda: torch.ones(3) + 1).recording
    with torch.no_grad():
        assert not last(lambda: torch.ones(3) + 1).recording


def test_the_parts_of_a_result_have_their_maker() -> None:
    values = torch.ones(4, 2)
    operation = last(lambda: values.max(dim=0)[0] * 2)
    assert operation.inputs[0].maker is not None
    assert operation.inputs[0].maker.name == "max"


class Counting(Tensor):
    """A tensor of somebody else's, which counts what is computed with it."""

    calls = 0

    @classmethod
    def __torch_function__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if getattr(func, "__name__", "") == "add":
            cls.calls += 1
        return super().__torch_function__(func, types, args, kwargs or {})


def test_nothing_is_computed_with_tensors_of_others() -> None:
    counting = BYTES.as_subclass(Counting)
    last(lambda: counting + 100)
    assert Counting.calls == 1


def test_in_place_changes_happen_once_and_tensors_under_vmap_are_left_alone() -> None:
    values = BYTES.clone()
    recorded(lambda: values.add_(1))
    assert values.tolist() == [1, 101, 201]
    assert last(lambda: torch.vmap(lambda each: each + 100)(BYTES[:, None])) is not None


def test_an_operation_that_fails_raises_its_own_error() -> None:
    with pytest.raises(RuntimeError, match="size of tensor"):
        recorded(lambda: BYTES + BYTES[:2])
    with pytest.raises(RuntimeError, match="ZeroDivisionError"):
        recorded(lambda: BYTES // 0)
