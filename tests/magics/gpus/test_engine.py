"""The whole report, on machines that the doubles play and on this one."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import psutil
import pytest

import dlmagic
from dlmagic.devices.gpus.reader import GpuReader
from dlmagic.devices.leases.values import Claim, Holding, Waiter, Wish
from dlmagic.devices.reading import Reason
from dlmagic.magics.gpus import engine
from dlmagic.magics.gpus.inspection import inspected
from dlmagic.magics.gpus.leasing import Standing
from dlmagic.magics.gpus.result import GpuReport
from tests.devices.double.boards import GIB, Board, Part, Process
from tests.devices.double.machine import Machine
from tests.magics.gpus.speed import best_median


def test_the_report_tells_the_gpus_and_the_machine(machine) -> None:
    machine(Board(used=GIB, processes=(Process(os.getpid(), GIB),)), Board(temperature=61))
    report = dlmagic.gpus()
    first, second = report.gpus
    assert (first.free, second.free, second.temperature) == (False, True, 61)
    assert report.free == (second,)
    (own,) = first.processes
    assert (own.whose, own.pid, own.memory) == ("this kernel", os.getpid(), GIB)
    assert own.user == psutil.Process().username()
    assert (report.driver, report.cuda, report.missing) == ("580.65.06", (13, 0), "")
    assert report.host.memory_available > 0
    assert {wheel.name for wheel in report.frameworks} <= {"torch", "tensorflow", "jax"}


def test_it_survives_being_saved(machine) -> None:
    played = machine(
        Board(used=GIB, processes=(Process(os.getpid(), GIB), Process(4_000_000, 2**64 - 1))),
        Board(mig=1, parts=(Part("MIG-a", 1),)),
        Board(),
    )
    played.break_down("nvmlDeviceGetTemperature", 0, code=4)
    played.break_down("*", 2, code=15)
    note = {"pid": 1, "user": "anna", "program": Reason("not told"), "since": 1.5}
    waiting = Waiter(**note, wish=Wish(1, (Claim("MIG-a", "GPU-b"),)))
    standing = Standing(Holding(**note, uuid="GPU-b"), (waiting,))
    report = engine.report(lambda uuids: {uuids[0]: standing})
    assert report.gpus[0].waiting == (waiting,)
    assert GpuReport.from_json(report.to_json()) == report


def test_the_library_is_ended_after_each_look(machine) -> None:
    played = machine(Board())
    dlmagic.gpus()
    calls = [call.function for call in played.calls()]
    assert (calls[0], calls[-1]) == ("nvmlInitWithFlags", "nvmlShutdown")


def test_without_a_gpu_there_is_a_sentence_and_the_machine(machine) -> None:
    machine(count=0)
    report = engine.report()
    assert report.gpus == ()
    assert report.missing == "No NVIDIA GPU: no NVIDIA GPU is listed here."
    assert report.devices == report.free == ()


@pytest.mark.alone
@pytest.mark.parametrize("function", ["nvmlInitWithFlags", "nvmlDeviceGetMemoryInfo_v2"])
def test_a_driver_that_hangs_costs_two_and_a_half_seconds_at_most(machine, function: str) -> None:
    dlmagic.gpus()  # imports what it needs
    played = machine(*[Board()] * 8)
    played.break_down(function, hang=10)
    begun = time.monotonic()
    text = repr(dlmagic.gpus())
    assert time.monotonic() - begun <= 2.5
    played.mend()
    assert "has not answered for" in " ".join(text.split())


def test_nothing_of_a_framework_is_imported_and_cuda_is_not_started(libraries, tmp_path) -> None:
    played = Machine(tmp_path, [Board()])
    code = (
        "import dlmagic, sys; found = dlmagic.gpus(); repr(found); found._repr_mimebundle_();"
        "print(len(found.gpus), {'torch', 'tensorflow', 'jax', 'keras'} & set(sys.modules),"
        "'libcuda' in open('/proc/self/maps').read())"
    )
    environment = played.environment(libraries.of("580"))
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    played.close()
    assert done.stdout.split() == ["1", "set()", "False"]


def test_a_first_look_without_a_gpu_imports_nothing_that_takes_long(libraries, tmp_path) -> None:
    played = Machine(tmp_path, [], count=0)
    code = (
        "import dlmagic, sys; found = dlmagic.gpus(); repr(found);"
        "print(found.missing != '', found.host.algebra[0].name,"
        "{'numpy', 'scipy', 'importlib.metadata', 'secrets'} & set(sys.modules))"
    )
    environment = played.environment(libraries.of("580"))
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    played.close()
    missing, algebra, *imported = done.stdout.split()
    assert (missing, *imported) == ("True", "set()")
    assert algebra


def eight_gpus_with_twenty_processes() -> list[Board]:
    pids = (psutil.pids() * 20)[-20:]
    share = [tuple(Process(pid) for pid in pids[k::8]) for k in range(8)]
    return [Board(used=3 * GIB, processes=each) for each in share]


@pytest.mark.alone
def test_the_report_of_eight_gpus_takes_no_longer_than_a_person_notices(machine) -> None:
    machine(*eight_gpus_with_twenty_processes(), logging=False)
    assert len(dlmagic.gpus().gpus) == 8
    # The machine and the frameworks are looked up, too.
    assert best_median(dlmagic.gpus, rounds=20) <= 0.1


@pytest.mark.alone
def test_who_uses_eight_gpus_and_which_are_free_is_known_in_five_milliseconds(machine) -> None:
    machine(*eight_gpus_with_twenty_processes(), logging=False)
    with GpuReader() as reader:
        assert best_median(lambda: inspected(reader.read()), rounds=100) <= 0.005


@pytest.mark.alone
def test_the_machine_without_a_gpu_is_told_in_a_tenth_of_a_second(machine) -> None:
    machine(count=0)
    assert dlmagic.gpus().missing
    assert best_median(lambda: repr(dlmagic.gpus()), rounds=20) <= 0.1
