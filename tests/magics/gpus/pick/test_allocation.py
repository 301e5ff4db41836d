"""What a process was given by others is never left: Slurm, a container, a setting by hand."""

from __future__ import annotations

import re

import pytest

from dlmagic import NothingFreeError, PickError, pick_gpus
from tests.devices.double.boards import GIB, Board


def indices(**keywords) -> list[int]:
    return [each.index for each in pick_gpus(**keywords).result().gpus]


@pytest.mark.parametrize(
    ("variables", "wanted"),
    [
        ({"CUDA_VISIBLE_DEVICES": "4,5,1"}, 5),
        ({"CUDA_VISIBLE_DEVICES": "GPU-00000002"}, 2),
        ({"SLURM_JOB_ID": "4711", "CUDA_VISIBLE_DEVICES": "0,1"}, 1),
        ({"SLURM_JOB_ID": "4711", "GPU_DEVICE_ORDINAL": "3"}, 3),
    ],
    ids=["numbers", "uuid", "slurm", "slurm without the variable"],
)
def test_only_what_was_given_is_taken(eight, monkeypatch, variables, wanted) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert indices() == [wanted]


def test_more_than_was_given_is_refused_at_once(eight, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4,5")
    with pytest.raises(PickError) as refused:
        pick_gpus(3, wait="forever")
    assert str(refused.value) == (
        "3 GPUs cannot be had: this process may use 2 GPUs. CUDA_VISIBLE_DEVICES=4,5 leaves GPU 4 "
        "and GPU 5 to this process. To wait would not change that."
    )


@pytest.mark.parametrize(
    ("setting", "why"),
    [
        ("", "CUDA_VISIBLE_DEVICES is empty, which hides all GPUs"),
        ("9", "CUDA_VISIBLE_DEVICES=9 hides all GPUs: GPU 9 is gone: CUDA counts 8 here, from 0"),
        ("GPU-dead", "no GPU here has a UUID that begins with GPU-dead"),
        ("-1", "CUDA_VISIBLE_DEVICES=-1 hides all GPUs"),
    ],
)
def test_nothing_was_given(eight, monkeypatch, setting: str, why: str) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", setting)
    with pytest.raises(PickError, match=re.escape(why)) as refused:
        pick_gpus(wait="10m")
    assert "if it was you, unset it" in refused.value.hint


def test_what_does_not_count_is_said(eight, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3,11,5")
    pick = pick_gpus()
    assert pick.result().gpus[0].index == 3
    said = [each.message for each in pick.result().findings if each.kind == "entry-ignored"]
    assert said[0].startswith("CUDA_VISIBLE_DEVICES names 11, which does not count: GPU 11 is gone")
    assert len(said) == 2


def test_numbers_that_may_mean_another_gpu_are_settled_by_cuda(machine, notebook) -> None:
    # CUDA puts the fastest first, which is not the first on the bus.
    boards = (Board(total=40 * GIB, speed=1), Board(speed=3), Board(total=24 * GIB, speed=2))
    other = notebook(machine(*boards), CUDA_VISIBLE_DEVICES="0,1")
    answer = "answer = [each.index for each in pick_gpus().result().gpus]"
    assert other.run(answer) == [1]
    assert other.run(answer.replace("pick_gpus()", "pick_gpus(2)")) == [1, 2]


def test_what_is_taken_in_the_allocation_is_named(eight, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4")
    eight.change(4, utilization=70)
    with pytest.raises(NothingFreeError, match=r"The GPU is not free\. GPU 4: it is 70 % busy"):
        pick_gpus()
