"""Whatever a driver says, it is shown: as text and as HTML, in 50 kB, without an error."""

from __future__ import annotations

import os
import re
import threading

import pytest

import dlmagic
from dlmagic.display.parts import LIMIT
from dlmagic.magics.gpus.result import GpuReport
from tests.devices.double.boards import GIB, Board, Part, Process

TOO_LARGE = 2**64 - 1


def shown(report: GpuReport) -> str:
    """The text, after both forms were looked at."""
    forms = report._repr_mimebundle_()
    text, page = forms["text/plain"], forms["text/html"]
    assert "could not be shown" not in text + page
    assert max(len(text.encode()), len(page.encode())) <= LIMIT
    assert not re.search(r"<script|<img src=x|\x1b|\x00", page)
    assert max(map(len, text.splitlines())) <= 80
    return text


BAD_NAMES = (
    b"NVIDIA \xff\xfe\x80",
    b"<script>alert(1)</script>",
    b"\x1b[31mred\x1b[0m",
    b"",
    b"x" * 95,
    "\u202etfel ot thgir".encode(),
)


@pytest.mark.parametrize("name", BAD_NAMES)
def test_names(machine, name: bytes) -> None:
    machine(Board(name=name), Board(name=name, mig=1, parts=(Part("MIG-a", 1, name=name),)))
    shown(dlmagic.gpus())


@pytest.mark.parametrize(
    "board",
    [
        Board(total=0, reserved=0),
        Board(total=GIB, used=2 * GIB),
        Board(total=TOO_LARGE, used=TOO_LARGE),
        Board(used=TOO_LARGE),
        Board(compute_mode=77, throttle=2**62),
        Board(used=GIB, processes=(Process(2**32 - 1, TOO_LARGE), Process(0, GIB))),
        Board(used=GIB, processes=(Process(os.getpid(), TOO_LARGE), Process(4_000_000, 10 * GIB))),
        Board(mig=1, parts=(Part("MIG-a", 1, total=0), Part("", 2, slot=1, used=TOO_LARGE))),
    ],
)
def test_numbers(machine, board: Board) -> None:
    machine(board, Board())
    report = dlmagic.gpus()
    shown(report)
    assert GpuReport.from_json(report.to_json()) == report
    strange, usual = report.gpus
    assert not strange.free
    assert usual.free


def test_numbers_that_do_not_matter_to_who_wants_a_gpu(machine) -> None:
    machine(Board(utilization=2**31, temperature=2**31 - 1, power=2**31 - 1, limit=2**31 - 1))
    report = dlmagic.gpus()
    text = " ".join(shown(report).split())
    assert report.gpus[0].free
    assert "– use of GPU 0: NVIDIA's driver says 2147483648%, which cannot be." in text


def test_numbers_of_the_driver(machine) -> None:
    machine(Board()).break_down("nvmlSystemGetDriverVersion", code=999)
    assert "of unknown version" in shown(dlmagic.gpus())


def test_sixty_four_gpus_with_five_thousand_processes(machine) -> None:
    boards = [
        Board(
            name=f"NVIDIA H100 number {k} of a large machine"[:60],
            used=70 * GIB,
            utilization=99,
            processes=tuple(Process(4_000_000 + 80 * k + n, GIB // 2) for n in range(79)),
        )
        for k in range(64)
    ]
    machine(*boards, logging=False)
    text = shown(dlmagic.gpus())
    assert text.startswith("None of 64 GPUs is free.")
    assert "And 5,026 more processes" in text


def test_everything_divided(machine) -> None:
    parts = tuple(Part(f"MIG-{k:08x}-1111", k, slot=k) for k in range(7))
    machine(*[Board(mig=1, parts=parts)] * 16, logging=False)
    assert "And 48 more instances" in shown(dlmagic.gpus())


def test_a_machine_in_which_nothing_works(machine) -> None:
    played = machine(*[Board(used=GIB)] * 64)
    for gpu in range(64):
        played.break_down("*", gpu, code=1 + gpu % 30)
    text = shown(dlmagic.gpus())
    assert re.search(r"And \d+ more in report.findings.", text)


def test_processes_and_instances_that_come_and_go(machine) -> None:
    played = machine(*[Board(mig=1)] * 3, logging=False)
    done = threading.Event()

    def stir() -> None:
        turn = 0
        while not done.is_set():
            turn += 1
            parts = tuple(Part(f"MIG-{k}", k, slot=k) for k in range(turn % 7))
            people = tuple(Process(4_000_000 + k, gi=k, ci=0) for k in range(turn % 40))
            played.change(turn % 3, parts=parts, processes=people)

    stirring = threading.Thread(target=stir)
    stirring.start()
    try:
        for _ in range(4):
            shown(dlmagic.gpus())
    finally:
        done.set()
        stirring.join()
