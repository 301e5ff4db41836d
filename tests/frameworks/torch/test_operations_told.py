"""What is told of each operation: arguments as they were, results, and whether they are finite."""

from __future__ import annotations

import gc
from collections.abc import Callable

import pytest
import torch

from dlmagic.frameworks.operations import Event, Operation, Seen, Step
from dlmagic.frameworks.torch.operation_recorder import OperationRecorder


def recorded(call: Callable[[], object]) -> list[Operation]:
    events: list[Event] = []
    with OperationRecorder(__file__, events.append):
        call()
    return [each for each in events if isinstance(each, Operation)]


def test_tensors_are_found_in_lists_dictionaries_and_options() -> None:
    a, b, c = torch.ones(2), torch.ones(2, 3), torch.ones(2, 1)
    joined, stretched, _, picked = recorded(
        lambda: (torch.cat([b, c], dim=1), torch.add(a, other=a, alpha=2), b[:, a.long()])
    )
    assert [each.shape for each in joined.inputs] == [(2, 3), (2, 1)]
    assert joined.options == {"dim": 1}
    assert isinstance(joined.arguments[0], list)
    assert stretched.inputs[0] is stretched.options["other"]
    assert [each.dtype for each in picked.inputs] == ["float32", "int64"]
    assert picked.arguments[1][0] == slice(None)


def test_what_made_a_tensor_is_known_and_an_operation_in_place_gives_what_it_took() -> None:
    x = torch.ones(3)
    doubled, added = recorded(lambda: (x * 2).add_(1))
    assert added.inputs[0] == doubled.output
    assert added.inputs[0].maker is not None
    assert added.inputs[0].maker.name == doubled.name
    assert added.output is not None
    assert added.output.number != added.inputs[0].number


@pytest.mark.parametrize(
    ("call", "finite"),
    [
        (lambda: torch.full((1000,), 6e4, dtype=torch.float16).neg(), True),
        (lambda: torch.tensor([1.0, 0.0]).log(), False),
        (lambda: torch.tensor([-1.0]).sqrt(), False),
        (lambda: torch.tensor([float("inf"), -float("inf")]).neg(), False),
        (lambda: torch.ones(200_000).neg(), None),
        (lambda: torch.ones(3, device="meta").neg(), None),
        (lambda: torch.ones(3).long(), None),
        (lambda: torch.empty(0).neg(), True),
    ],
)
def test_small_results_are_looked_at(call: Callable[[], object], finite: bool | None) -> None:
    assert recorded(call)[-1].is_finite is finite


def test_tensors_die_when_they_would_and_their_identity_is_forgotten() -> None:
    events: list[Event] = []
    with OperationRecorder(__file__, events.append) as recorder:
        for _ in range(50):
            torch.ones(3).neg().exp()
        gc.collect()
        assert not recorder.seen.alive()


def test_steps_are_told_and_not_what_the_profiler_is_told_of_them() -> None:
    events: list[Event] = []
    weight = torch.ones(2, requires_grad=True)
    optimizer = torch.optim.SGD([weight], lr=0.1)
    with OperationRecorder(__file__, events.append):
        weight.sum().backward()
        optimizer.step()
    (step,) = [each for each in events if isinstance(each, Step)]
    assert (step.parameters, step.with_gradient) == (1, 1)
    names = [each.name for each in events if isinstance(each, Operation)]
    assert names[:2] == ["sum", "backward"]
    assert not any("record_function" in name for name in names)
    assert all(isinstance(each, Seen) for each in events[0].inputs)  # type: ignore[union-attr]
