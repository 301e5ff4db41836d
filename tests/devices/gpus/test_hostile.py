"""Numbers that cannot be, names that are no text, and machines that change while they are read."""

from __future__ import annotations

import threading
import time

import pytest

from dlmagic.devices.gpus.gpu import Gpu
from dlmagic.devices.gpus.reader import GpuReader
from dlmagic.devices.reading import Reason
from tests.devices.double.boards import GIB, Board, Part, Process

TOO_LARGE = 2**64 - 1


def read() -> tuple[Gpu, ...]:
    with GpuReader() as reader:
        return reader.read().gpus


@pytest.mark.parametrize(
    ("board", "field", "words"),
    [
        (Board(total=0, reserved=0), "memory_total", "0 bytes"),
        (Board(total=0, reserved=0), "memory_used", "0 bytes"),
        (Board(total=TOO_LARGE), "memory_total", "does not know"),
        (Board(total=GIB, used=2 * GIB), "memory_used", "more bytes than there are"),
        (Board(total=GIB, used=2 * GIB), "memory_free", "more bytes than there are"),
        (Board(used=TOO_LARGE), "memory_used", "does not know"),
        (Board(unified=1), "memory_total", "does not tell"),
        (Board(unified=1, name="NVIDIA GB10"), "memory_free", "shares the machine's memory"),
        (Board(utilization=101), "utilization", "101%, which cannot be"),
        (Board(temperature=2**31 - 1), "temperature", "cannot be"),
        (Board(power=2**31 - 1), "power", "cannot be"),
        (Board(limit=2**31 - 1), "power_limit", "cannot be"),
        (Board(compute_mode=77), "compute_mode", "not known"),
    ],
)
def test_what_cannot_be_is_a_reason(machine, board: Board, field: str, words: str) -> None:
    machine(board, Board())
    strange, usual = read()
    assert words in str(getattr(strange, field))
    assert isinstance(getattr(strange, field), Reason)
    assert (usual.memory_total, usual.trouble) == (80 * GIB, None)


def test_a_total_that_is_wrong_leaves_the_rest(machine) -> None:
    machine(Board(total=GIB, used=2 * GIB))
    assert read()[0].memory_total == GIB
    assert read()[0].temperature == 35


def test_a_name_that_is_no_utf8_is_shown_as_far_as_it_can_be(machine) -> None:
    machine(Board(name=b"NVIDIA \xff\xfe RTX"), Board(name=b""), Board(name="NVIDIA Größe"))
    assert [gpu.name for gpu in read()] == ["NVIDIA \ufffd\ufffd RTX", "", "NVIDIA Größe"]


def test_a_part_that_goes_while_it_is_listed_is_left_out(machine) -> None:
    played = machine(Board(mig=1, parts=(Part("MIG-a", 1), Part("MIG-b", 2, slot=1))))
    # After the GPU's own, and MIG-a's.
    gone = {"code": 6, "after": 2}
    played.break_down("nvmlDeviceGetUUID", 0, **gone)
    assert [part.uuid for part in read()[0].parts] == ["MIG-a"]
    played.change(0, parts=())
    assert read()[0].parts == ()


def test_parts_and_processes_may_come_and_go_all_the_time(machine) -> None:
    played = machine(*[Board(mig=1)] * 3)
    done = threading.Event()

    def stir() -> None:
        turn = 0
        while not done.is_set():
            turn += 1
            parts = tuple(Part(f"MIG-{k}", k, slot=k) for k in range(turn % 7))
            people = tuple(Process(100 + k, gi=k, ci=0) for k in range(turn % 40))
            played.change(turn % 3, parts=parts, processes=people)

    stirring = threading.Thread(target=stir)
    stirring.start()
    try:
        with GpuReader() as reader:
            for _ in range(100):
                for gpu in reader.read().gpus:
                    for part in gpu.parts:
                        # One that went and came back while it was read says so.
                        gone = getattr(part.memory_total, "code", None) == 6
                        assert gone or part.memory_total == 10 * GIB
                    assert all(99 < process.pid < 140 for process in gpu.processes)
    finally:
        done.set()
        stirring.join()


def test_a_list_that_grows_between_two_questions_is_asked_for_again(machine) -> None:
    played = machine(Board(processes=(Process(7),)))
    played.break_down("nvmlDeviceGetComputeRunningProcesses_v2", code=7, times=8)
    assert [process.pid for process in read()[0].processes] == [7]
    played.break_down("nvmlDeviceGetComputeRunningProcesses_v2", code=7)
    assert "at every try" in str(read()[0].processes)


def test_five_thousand_processes_on_one_gpu(machine) -> None:
    everybody = tuple(Process(pid, 2**20) for pid in range(1, 5001))
    machine(Board(used=5000 * 2**20, processes=everybody))
    assert [process.pid for process in read()[0].processes] == list(range(1, 5001))


def test_sixty_four_gpus(machine) -> None:
    machine(*[Board(used=k * GIB) for k in range(64)])
    begun = time.monotonic()
    gpus = read()
    assert time.monotonic() - begun < 2
    assert [gpu.memory_used for gpu in gpus] == [k * GIB for k in range(64)]
    assert len({gpu.uuid for gpu in gpus}) == 64


def test_more_gpus_are_counted_than_there_are(machine) -> None:
    machine(Board(), count=3)
    assert [gpu.trouble is None for gpu in read()] == [True, False, False]
