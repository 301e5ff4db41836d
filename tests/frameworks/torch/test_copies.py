"""Copies that operations make of their inputs are those that PyTorch makes."""

from __future__ import annotations

import gc
import time
import weakref
from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F  # noqa: N812 - as users write it
from torch import Tensor
from torch.profiler import profile

from dlmagic.frameworks.operations import Copied, Event, Operation
from dlmagic.frameworks.torch.operation_recorder import OperationRecorder

WIDE = torch.rand(60, 128)
STACK = torch.rand(4, 30, 60, 2)[..., 0]
PICTURES = torch.rand(4, 3, 16, 32)
CHANNELS_LAST = torch.rand(2, 8, 8, 3).permute(0, 3, 1, 2)
KERNEL = torch.rand(4, 3, 3, 3)

COPYING: list[Callable[[], Tensor]] = [
    lambda: WIDE.T.contiguous(),
    lambda: WIDE.T.reshape(-1),
    lambda: STACK.transpose(0, 1).flatten(),
    lambda: F.linear(WIDE[:, ::2], torch.rand(8, 64)),
    lambda: WIDE[:, ::2] @ torch.rand(64, 8),
    lambda: torch.rand(4, 20, 30) @ STACK,
    lambda: F.conv2d(PICTURES[..., ::2], KERNEL),
]
PLAIN: list[Callable[[], Tensor]] = [
    lambda: WIDE.contiguous(),
    lambda: WIDE.reshape(-1),
    lambda: STACK.flatten(0, 1),
    lambda: F.linear(WIDE.T, torch.rand(8, 60)),
    lambda: WIDE.T @ WIDE,
    lambda: F.conv2d(PICTURES, KERNEL),
]


def heard(call: Callable[[], Any]) -> tuple[list[Copied], OperationRecorder]:
    events: list[Event] = []
    with OperationRecorder(__file__, events.append) as recorder:
        call()
    operations = [each for each in events if isinstance(each, Operation)]
    return [copied for each in operations for copied in each.copied], recorder


def copies_of_torch(call: Callable[[], Any]) -> int:
    call()
    with profile() as profiled:
        call()
    return sum(event.name == "aten::clone" for event in profiled.events())


@pytest.mark.parametrize("call", COPYING)
def test_what_is_told_to_copy_does(call: Callable[[], Tensor]) -> None:
    found, _ = heard(call)
    assert len(found) == 1
    assert copies_of_torch(call) >= 1


@pytest.mark.parametrize("call", PLAIN)
def test_what_takes_its_input_as_it_lies_is_not_told_of(call: Callable[[], Tensor]) -> None:
    found, _ = heard(call)
    assert found == []
    assert copies_of_torch(call) == 0


def test_shape_strides_and_bytes_are_those_of_the_tensor() -> None:
    (copied,), _ = heard(lambda: WIDE.T.contiguous())
    assert (copied.shape, copied.strides, copied.nbytes) == ((128, 60), (1, 128), 128 * 60 * 4)


def test_the_source_is_the_same_until_the_tensor_changes() -> None:
    tensor = torch.zeros(4, 6)

    def copy() -> None:
        tensor.T.contiguous()
        tensor.T.contiguous()
        tensor.add_(1)
        tensor.T.contiguous()
        tensor[1:].T.contiguous()

    found, _ = heard(copy)
    sources = [each.source for each in found]
    assert sources[0] == sources[1]
    assert len(set(sources)) == 3


def test_channels_that_lie_next_to_each_other_are_no_copy_of_the_input() -> None:
    found, _ = heard(lambda: F.conv2d(CHANNELS_LAST, KERNEL))
    assert found == []


@pytest.mark.alone
def test_the_time_is_that_of_a_copy_by_hand() -> None:
    tensor = torch.rand(1500, 1000)
    (copied,), recorder = heard(lambda: tensor.T.contiguous())
    told = recorder.copies.time_of(copied.source)
    assert told is not None
    assert told.is_measured
    times = []
    for _ in range(5):
        begin = time.perf_counter()
        tensor.T.contiguous()
        times.append(time.perf_counter() - begin)
    assert min(times) / 4 < told.seconds < 4 * max(times)


def test_the_time_of_a_tensor_that_is_gone_is_reckoned_from_one_like_it() -> None:
    def copy() -> weakref.ref[Tensor]:
        tensor = torch.rand(1500, 1000)
        tensor.T.contiguous()
        return weakref.ref(tensor)

    gone: list[weakref.ref[Tensor]] = []
    (copied,), recorder = heard(lambda: gone.append(copy()))
    gc.collect()
    assert gone[0]() is None
    told = recorder.copies.time_of(copied.source)
    assert told is not None
    assert not told.is_measured
    begin = time.perf_counter()
    torch.rand(1500, 1000).T.contiguous()
    assert told.seconds < 20 * (time.perf_counter() - begin)


def test_a_large_tensor_is_not_copied_once_more(monkeypatch: pytest.MonkeyPatch) -> None:
    from dlmagic.frameworks.torch import copies

    monkeypatch.setattr(copies, "_SMALL", 1000 * 500 * 4)
    tensor = torch.rand(1500, 1000)[:, ::2]
    (copied,), recorder = heard(lambda: tensor.contiguous())
    told = recorder.copies.time_of(copied.source)
    assert told is not None
    assert not told.is_measured
    begin = time.perf_counter()
    tensor.contiguous()
    assert told.seconds < 20 * (time.perf_counter() - begin)
