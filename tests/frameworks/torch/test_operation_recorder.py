"""Operations are told as they happen, strange tensors pass, and nothing is kept alive."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable
from typing import Any, ClassVar

import pytest
import torch
from torch import Tensor, nn

from dlmagic.frameworks.operations import Event, Operation, Step
from dlmagic.frameworks.torch.operation_recorder import OperationRecorder


def heard(call: Callable[[], object]) -> list[Event]:
    events: list[Event] = []
    with OperationRecorder(__file__, events.append):
        call()
    return events


def operation(events: list[Event], name: str) -> Operation:
    return [each for each in events if isinstance(each, Operation) and each.name == name][-1]


def test_results_lead_back_to_what_made_them_also_by_twos_and_by_attributes() -> None:
    def call() -> None:
        left, _ = torch.ones(4, 2).chunk(2, dim=1)
        left.T.data.sum()

    events = heard(call)
    names = []
    seen = operation(events, "sum").output
    while seen is not None and seen.maker is not None:
        names.append(seen.maker.name)
        seen = seen.maker.inputs[0] if seen.maker.inputs else None
    assert names == ["sum", "data", "T", "chunk", "ones"]


def test_what_an_index_is_set_to_is_seen() -> None:
    def call() -> None:
        table = torch.zeros(3)
        table[1] = float("nan")
        table.mean()

    mean = operation(heard(call), "mean")
    assert mean.inputs[0].numbers == "nan"
    assert mean.inputs[0].maker is not None
    assert mean.inputs[0].maker.name == "__setitem__"


def test_a_change_that_nobody_saw_makes_a_parameter_another_one() -> None:
    layer = nn.Linear(2, 1, bias=False)
    optimizer = torch.optim.SGD(layer.parameters(), lr=float("inf"))

    def call() -> None:
        for _ in range(2):
            layer(torch.ones(1, 2)).sum().backward()
            optimizer.step()

    weights = [each.inputs[1] for each in heard(call) if getattr(each, "name", "") == "linear"]  # type: ignore[union-attr]
    assert [each.numbers for each in weights] == ["finite", "low"]
    assert {each.parameter for each in weights} == {id(layer.weight)}


def test_steps_tell_of_parameters_without_a_gradient_and_of_gradients_that_are_not_finite() -> None:
    used, spare = nn.Parameter(torch.zeros(1)), nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([used, spare], lr=0.1)

    def call() -> None:
        used.sqrt().sum().backward()
        optimizer.step()

    events = heard(call)
    (step,) = [each for each in events if isinstance(each, Step)]
    assert step.without_gradient == {id(spare)}
    assert step.has_finite_gradients is False
    assert operation(events, "sqrt").is_steep
    assert operation(events, "sqrt").extremes == ((0.0, 0.0),)
    assert operation(events, "backward").value == 0.0


def test_calls_by_libraries_are_told_apart() -> None:
    relu = nn.ReLU()
    events = heard(lambda: relu(torch.ones(2)).abs())
    assert not operation(events, "relu").is_direct
    assert operation(events, "abs").is_direct
    assert operation(events, "relu").frame == operation(events, "abs").frame


def nested() -> object:
    return torch.nested.nested_tensor([torch.ones(2), torch.ones(3)]) * 2


def sparse() -> object:
    return torch.eye(3) @ torch.eye(3).to_sparse() + torch.eye(3).to_sparse() @ torch.ones(3, 3)


def under_inference() -> object:
    with torch.inference_mode():
        table = torch.rand(4, 6)
        return table.T.contiguous().add_(1) @ torch.rand(4, 2)


def mapped() -> object:
    return torch.vmap(lambda row: row.sqrt().reshape(2, 3).T.contiguous())(torch.ones(4, 6))


def differentiated() -> object:
    return torch.func.grad(lambda x: (x.T @ x).sqrt().sum())(torch.ones(3, 2))


def without_numbers() -> object:
    from torch._subclasses.fake_tensor import FakeTensorMode

    with FakeTensorMode():
        return torch.ones(4, 6).T.contiguous() @ torch.ones(4, 6)


def on_meta() -> object:
    return torch.ones(4, 6, device="meta").T.contiguous().sqrt() / 0


def complex_numbers() -> object:
    return torch.fft.fft(torch.ones(4)).abs().log().real


class Own(Tensor):
    """A tensor of a class of the user's, which hears of each function."""

    heard: ClassVar[list[str]] = []

    @classmethod
    def __torch_function__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        cls.heard.append(func.__name__)
        return super().__torch_function__(func, types, args, kwargs)


def of_a_subclass() -> object:
    return torch.ones(3).as_subclass(Own).mul(2)


@pytest.mark.filterwarnings("ignore:The PyTorch API of nested tensors:UserWarning")
@pytest.mark.filterwarnings("ignore:Sparse:UserWarning")
@pytest.mark.parametrize(
    "call",
    [
        *(nested, sparse, under_inference, mapped, differentiated, without_numbers, on_meta),
        *(complex_numbers, of_a_subclass),
    ],
)
def test_strange_tensors_pass_as_they_do_unwatched(call: Callable[[], Any]) -> None:
    plain = call()
    results: list[Any] = []
    heard(lambda: results.append(call()))
    assert type(results[0]) is type(plain)
    assert results[0].dtype == plain.dtype


def test_a_class_of_the_users_hears_of_its_own_functions_alone() -> None:
    own = torch.ones(3).as_subclass(Own)
    Own.heard.clear()
    own.mul(2).sqrt()
    plain = list(Own.heard)
    Own.heard.clear()
    heard(lambda: own.mul(2).sqrt())
    assert [name for name in Own.heard if name != "__get__"] == plain


def test_no_tensor_is_kept_alive() -> None:
    gone: list[weakref.ref[Tensor]] = []

    def call() -> None:
        table = torch.rand(4, 6, requires_grad=True)
        loss = table.sqrt().T.contiguous().sum()
        loss.backward()
        gone.extend(weakref.ref(each) for each in (table, loss))

    events = heard(call)
    gc.collect()
    assert events
    assert [each() for each in gone] == [None, None]
