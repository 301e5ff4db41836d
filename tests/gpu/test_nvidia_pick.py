"""After a pick CUDA has the GPUs that were picked, in their order, and nobody else picks them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from dlmagic.devices.cuda.device import bare
from tests.gpu.nvidia import NEEDS_GPU, environment, skip_if_divided
from tests.magics.gpus.pick.notebook import Notebook, Refused

pytestmark = NEEDS_GPU

HAS = """
import ctypes
cuda = ctypes.CDLL("libcuda.so.1")
count, device, uuid = ctypes.c_int(), ctypes.c_int(), ctypes.create_string_buffer(16)
assert cuda.cuInit(0) == 0 and cuda.cuDeviceGetCount(ctypes.byref(count)) == 0
answer = []
for place in range(count.value):
    assert cuda.cuDeviceGet(ctypes.byref(device), place) == 0
    assert cuda.cuDeviceGetUuid_v2(uuid, device) == 0
    answer.append(uuid.raw.hex())
"""
THROUGH_TORCH = """
import torch
answer = torch.cuda.device_count()
kept = [torch.ones(1, device=f"cuda:{place}") for place in range(answer)]
"""


@pytest.fixture
def notebooks() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def started(stack: ExitStack) -> Notebook:
    return stack.enter_context(Notebook(environment()))


def picked(notebook: Notebook, count: int, form: str | None = None) -> list[str]:
    """The digits of the UUIDs of what it picks."""
    try:
        uuids = notebook.run(f"answer = list(pick_gpus({count}, form={form!r}).uuids)")
    except Refused as refusal:
        if refusal.kind == "NothingFreeError":
            pytest.skip("needs a GPU that nobody uses")
        raise
    return [bare(uuid).replace("-", "") for uuid in uuids]


def free(notebook: Notebook) -> int:
    return int(notebook.run("answer = len(dlmagic.gpus().free)"))


@pytest.mark.parametrize("form", ["index", "uuid", None])
def test_cuda_has_what_was_picked(notebooks: ExitStack, form: str | None) -> None:
    notebook = started(notebooks)
    wanted = picked(notebook, 1, form)
    assert notebook.run(HAS) == wanted


def test_cuda_has_several_in_the_order_of_the_pick(notebooks: ExitStack) -> None:
    skip_if_divided()
    notebook = started(notebooks)
    if free(notebook) < 2:
        pytest.skip("needs two GPUs that nobody uses")
    wanted = picked(notebook, 2)
    assert notebook.run(HAS) == wanted


def test_pytorch_computes_on_what_was_picked(notebooks: ExitStack) -> None:
    torch = pytest.importorskip("torch")
    if torch.version.cuda is None:
        pytest.skip("needs a PyTorch that is built for CUDA")
    notebook = started(notebooks)
    wanted = picked(notebook, 1)
    assert notebook.run(THROUGH_TORCH) == 1
    assert notebook.run(HAS) == wanted


def test_nobody_else_picks_the_same(notebooks: ExitStack) -> None:
    skip_if_divided()
    first, second = started(notebooks), started(notebooks)
    count = free(first)
    taken = picked(first, max(1, count))
    assert free(second) == 0
    with pytest.raises(Refused, match="NothingFreeError"):
        second.run("pick_gpus()")
    first.kill()
    again = picked(second, 1)
    assert set(again) <= set(taken)
