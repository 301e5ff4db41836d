"""What is shown: the answer first, a table, and each gap explained once."""

from __future__ import annotations

import os
import re
from dataclasses import replace

import pytest

import dlmagic
from dlmagic.devices.gpus.owned import OwnedProcess
from dlmagic.devices.leases.values import Holding, Waiter
from dlmagic.devices.machine.accelerators import Accelerator
from dlmagic.devices.machine.host import Host
from dlmagic.devices.machine.packages import Package
from dlmagic.devices.machine.wheels import Wheel
from dlmagic.devices.reading import Reason
from dlmagic.magics.gpus import engine
from dlmagic.magics.gpus.leasing import Standing
from dlmagic.magics.gpus.result import GpuReport
from tests.devices.double.boards import GIB, Board, Part, Process

MB = 10**6
HOST = Host("Some CPU", 1.5, 64, "quota", 10**9, 4 * 10**8, 512 * 10**9, (), ())


def words(report: GpuReport) -> str:
    return " ".join(repr(report).split())


def html(report: GpuReport) -> str:
    return report._repr_mimebundle_()["text/html"]


@pytest.mark.parametrize(
    ("boards", "answer"),
    [
        ([Board(used=MB)], "The GPU is free: nobody is on it."),
        ([Board(used=GIB)], "The GPU is not free: 1.1 GB are in use"),
        ([Board(), Board(used=9 * GIB), Board()], "2 of 3 GPUs are free: 0 and 2."),
        ([Board(), Board(used=9 * GIB)], "1 of 2 GPUs is free: 0."),
        ([Board(used=9 * GIB)] * 2, "None of 2 GPUs is free."),
        (
            [Board(mig=1, parts=(Part("MIG-aa", 1), Part("MIG-bb", 2, slot=1))), Board(used=GIB)],
            "2 of 3 GPUs and instances are free: MIG-aa and MIG-bb.",
        ),
    ],
)
def test_the_answer_comes_first(machine, boards: list[Board], answer: str) -> None:
    machine(*boards)
    report = dlmagic.gpus()
    assert words(report).startswith(answer)
    assert answer in re.sub("<[^>]+>", "", html(report))


def test_a_row_tells_memory_use_heat_power_and_why(machine) -> None:
    machine(Board(used=GIB, utilization=87, temperature=64, power=512_000,
                  processes=(Process(os.getpid(), GIB),)), Board())  # fmt: skip
    report = dlmagic.gpus()
    row = "0 1.1 GB of 86 GB 87 % 64 512 W no this kernel computes on it"
    assert row in words(report)
    assert "1 0 B of 86 GB 0 % 35 70 W yes nobody is on it" in words(report)
    assert "GPUs: NVIDIA H100 80GB HBM3" in words(report)
    assert "NVIDIA's driver 580.65.06, for CUDA up to 13.0." in words(report)


def test_models_have_a_column_where_there_are_several(machine) -> None:
    machine(Board(), Board(name="NVIDIA A100-SXM4-80GB"), Board(name="Tesla T4"))
    shown = words(dlmagic.gpus())
    assert "GPUs of this machine" in shown
    assert all(name in shown for name in ("H100 80GB HBM3", "A100-SXM4-80GB", "Tesla T4"))


def test_each_process_has_its_row_this_kernel_first(machine) -> None:
    people = (Process(os.getppid(), 3 * GIB), Process(os.getpid(), GIB), Process(4_000_000, GIB))
    machine(Board(used=5 * GIB, processes=people))
    rows = [line.split() for line in repr(dlmagic.gpus()).splitlines()]
    pids = [row[0] for row in rows if row and row[0].isdigit() and int(row[0]) > 0]
    assert pids == [str(pid) for pid in (os.getpid(), os.getppid(), 4_000_000)]
    text = words(dlmagic.gpus())
    assert "this kernel 1.1 GB" in text
    assert "– user and command of processes on GPU 0: the process has ended" in text


def test_who_only_draws_is_marked(machine) -> None:
    machine(Board(used=GIB, processes=(Process(os.getpid(), GIB, "G"),)))
    assert "(draws)" in words(dlmagic.gpus())


def test_a_reason_stands_once_with_all_that_it_holds_for(machine) -> None:
    played = machine(*[Board()] * 4)
    for function in ("nvmlDeviceGetUtilizationRates", "nvmlDeviceGetTemperature"):
        for gpu in (1, 2):
            played.break_down(function, gpu, code=3)
    played.break_down("nvmlDeviceGetPowerUsage", 0, code=4)
    text = words(dlmagic.gpus())
    assert "– use and temperature of GPUs 1 and 2: the GPU or its driver does not tell" in text
    assert text.count("does not tell this") == 1
    assert "– power of GPU 0: this user, or this container, may not read it" in text


def test_a_lost_gpu_says_it_in_its_row_and_has_no_notes(machine) -> None:
    machine(Board(), Board()).break_down("*", 1, code=15)
    text = words(dlmagic.gpus())
    assert "error: GPU 1 cannot be used" in text
    assert "of GPU 1: the GPU is lost" not in text


def test_instances_have_a_table(machine) -> None:
    parts = (Part("MIG-12345678-aaaa", 1, used=GIB), Part("MIG-87654321-bbbb", 2, slot=1))
    machine(Board(mig=1, parts=parts, processes=(Process(os.getpid(), GIB, gi=1, ci=0),)))
    text = words(dlmagic.gpus())
    assert "Instances (MIG)" in text
    assert "0 MIG-12345678 1g.10gb 1.1 GB of 11 GB no this kernel computes on it" in text
    assert "0 MIG-87654321 1g.10gb 0 B of 11 GB yes nobody is on it" in text


def test_who_has_picked_a_gpu_is_told(machine) -> None:
    machine(Board(), Board())
    note = {"pid": 4711, "user": "anna", "program": "train.ipynb", "since": 1.7e9}
    standing = Standing(Holding(**note, uuid="GPU-x"), (Waiter(**note),))
    report = engine.report(lambda uuids: {uuids[0]: standing})
    assert "no anna (train.ipynb, process 4711) has picked it; 1 waiting" in words(report)


def without_gpu(**known) -> GpuReport:
    whole = {"host": HOST, "missing": "No NVIDIA GPU: none.", "read_at": 0.0, "seconds": 0.0}
    none = Reason("no")
    return GpuReport(driver=none, cuda=none, **{**whole, **known})


def test_without_a_gpu_the_machine_is_shown() -> None:
    frameworks = (
        Wheel("torch", "torch", "2.6.0+cpu", cpu_only=True),
        Wheel("tensorflow", "tensorflow", "2.21.0", cuda=(12, 5), cpu_only=False),
        Wheel("jax", "jax", "0.6.0", rocm="60", plugins=(Package("jaxlib", "0.6.0"),)),
    )
    report = without_gpu(frameworks=frameworks)
    text = words(report)
    assert text.startswith("No NVIDIA GPU: none.")
    assert "1.5 cores (of 64; a container or batch system allows no more)" in text
    assert "400 MB left of 1.0 GB (a container or batch system allows no more of 512 GB)" in text
    assert "PyTorch 2.6.0+cpu, built for the processor alone" in text
    assert "TensorFlow 2.21.0, built for CUDA 12.5" in text
    assert "JAX 0.6.0, built for ROCm 60" in text


@pytest.mark.parametrize(
    ("wheel", "told"),
    [
        (Wheel("torch", xpu="20250201"), "of unknown version, built for Intel GPUs (20250201)"),
        (Wheel("torch", cpu_only=False), "built for other devices, too"),
        (Wheel("torch"), "built for devices that it does not tell"),
    ],
)
def test_what_a_framework_is_built_for(wheel: Wheel, told: str) -> None:
    assert told in words(without_gpu(frameworks=(wheel,)))


def test_other_accelerators_are_shown_with_who_uses_them() -> None:
    why = Reason("its driver does not tell this in a file")
    person = OwnedProcess(
        pid=77, memory=GIB, user="anna", command="python t.py", started=why, whose="other"
    )
    card = "/sys/class/drm/card0"
    amd = Accelerator(
        "AMD GPU", "Radeon", "cuda", 24 * GIB, GIB, 37, 54, card, 213.0, (person,)
    )  # fmt: skip
    intel = Accelerator("Intel GPU", why, "xpu", why, why, why, why, "/sys/class/drm/card1", why)
    text = words(without_gpu(host=replace(HOST, accelerators=(amd, intel))))
    assert "AMD GPU Radeon `cuda` 1.1 GB of 26 GB 37 % 54 213 W" in text
    assert "77 AMD GPU anna other 1.1 GB python t.py" in text
    assert "Listed in /sys/class/drm/card0 and /sys/class/drm/card1." in text
    assert text.count("does not tell this in a file") == 1


def test_eighty_columns_hold_every_line(machine) -> None:
    people = tuple(Process(pid, GIB) for pid in (os.getpid(), os.getppid()))
    machine(*[Board(used=8 * GIB, utilization=100, power=700_000, processes=people)] * 8)
    assert max(map(len, repr(dlmagic.gpus()).splitlines())) <= 80
    assert "\x1b" not in repr(dlmagic.gpus())
