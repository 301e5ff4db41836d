"""What a user is told to do, and whether CUDA has what was picked."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest

from dlmagic.devices.cuda.advice import advice
from dlmagic.devices.cuda.confirmed import confirm
from dlmagic.devices.cuda.device import bare
from dlmagic.devices.cuda.starters import likely_starters
from dlmagic.devices.cuda.state import CudaState
from dlmagic.devices.reading import Reason
from dlmagic.frameworks.devices_made import DevicesMade

A, B, C = (f"GPU-{first}0000000-1111-2222-3333-444444444444" for first in "abc")
PART = "MIG-e0000000-5555-6666-7777-888888888888"
NOT_STARTED = CudaState("loaded", Reason("CUDA is not started in this process"))


def started(*uuids: str, **more) -> CudaState:
    return CudaState("initialised", tuple(map(bare, uuids)), **more)


@pytest.mark.parametrize(
    ("state", "wanted", "words"),
    [
        (NOT_STARTED, (A,), ""),
        (started(A, B, C), (C,), "in this process and has this GPU: use cuda:2."),
        (started(A, PART), (PART,), "has this GPU: use cuda:1."),
        (started(A), (A, B), "and has other GPUs (cuda:0 is a0000000…): restart the kernel"),
        (started(by=("PyTorch",), sure=True), (A,), "by PyTorch and was given no GPU: restart"),
        (started(A, by=("PyTorch", "CuPy")), (A,), ", probably by PyTorch or CuPy and has this"),
        (started(A, by=("PyTorch", "JAX"), sure=True), (A,), " by PyTorch and JAX and has this"),
        (CudaState("initialised", Reason("no answer")), (A,), "not known (no answer): restart"),
        (CudaState("unusable", Reason("forked")), (A,), "CUDA cannot be used in this process: for"),
        (
            CudaState("untouched", NOT_STARTED.devices, settled=("JAX has made (cpu)",)),
            (A,),
            "JAX has made (cpu) and keeps to them: restart the kernel, then run %gpus pick first.",
        ),
    ],
)
def test_what_to_do(state: CudaState, wanted, words: str) -> None:
    assert words in advice(state, wanted)
    assert bool(advice(state, wanted)) == bool(words)


def test_who_says_so_has_started_it() -> None:
    made = (DevicesMade("PyTorch", None), DevicesMade("JAX", True), DevicesMade("numba", False))
    assert likely_starters(made) == (("JAX",), True)
    assert likely_starters((DevicesMade("PyTorch", False, forked=True),)) == (("PyTorch",), True)


def test_who_could_have_started_it_is_named_where_nobody_says_so(monkeypatch) -> None:
    monkeypatch.delitem(sys.modules, "triton", raising=False)  # an earlier test may have loaded it
    monkeypatch.setitem(sys.modules, "cupy", ModuleType("cupy"))
    made = (DevicesMade("PyTorch", None), DevicesMade("JAX", False))
    assert likely_starters(made) == (("PyTorch", "CuPy"), False)


@pytest.mark.parametrize(
    ("picked", "state", "found", "words"),
    [
        ((A, B), NOT_STARTED, "not yet", ""),
        ((A, B), started(A, B), "confirmed", ""),
        ((PART,), started(PART), "confirmed", ""),
        ((f"MIG-{A}/3/0",), started(A), "confirmed", ""),
        ((A, B), started(B, A), "other GPUs", "in another order: cuda:1, cuda:0."),
        ((A,), started(B), "other GPUs", "CUDA lacks a0000000… and has b0000000…, which was not"),
        ((A,), started(A, B), "other GPUs", "CUDA has b0000000…, which was not picked: something"),
        ((A, B), started(A), "other GPUs", "CUDA lacks b0000000…: something has changed CUDA_VIS"),
        ((A,), CudaState("unusable", Reason("forked")), "unknown", "is not known: forked."),
    ],
)
def test_what_cuda_has_is_held_against_what_was_picked(picked, state, found, words) -> None:
    answer = confirm(picked, state)
    assert answer.answer == found
    assert words in answer.words
    assert bool(answer.words) == bool(words)


def test_uuids_are_compared_without_what_stands_before_them() -> None:
    assert bare("GPU-A0000000-1111-2222-3333-44444444444F") == A[4:-1] + "f"
    assert bare("a0000000111122223333444444444444") == A[4:]
    assert bare("no uuid") == "no uuid"
