"""What is read for the live view: GPUs of the doubles, parts of them, AMD's, or the machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from dlmagic.devices.gpus.reader import GpuReader
from dlmagic.devices.machine.roots import Roots
from dlmagic.devices.reading import Reason
from dlmagic.magics.gpus.live.devices import Devices
from dlmagic.magics.gpus.live.measured import Measured
from tests.devices.double.boards import GIB, Board, Part
from tests.devices.gpus.test_asleep import bus
from tests.devices.machine.test_accelerators import AMD, card

NOWHERE = Roots(*[Path("/nowhere")] * 4)
LOST = 15


class Clock:
    now = 50.0

    def __call__(self) -> float:
        return self.now


def read(devices: Devices) -> list[Measured]:
    return list(devices.read().devices.values())


def test_gpus_are_read(machine) -> None:
    machine(Board(), Board(used=4 * GIB, utilization=37, temperature=61))
    devices = Devices(roots=NOWHERE)
    first, second = read(devices)
    devices.close()
    assert first.name == "GPU 0: NVIDIA H100 80GB HBM3"
    assert (second.memory, second.memory_total) == (4 * GIB, 80 * GIB)
    assert (second.utilization, second.temperature) == (37, 61)


def test_closing_ends_the_library_and_reading_takes_it_up_again(machine) -> None:
    played = machine()
    devices = Devices(roots=NOWHERE)
    for _ in range(2):
        read(devices)
        devices.close()
    assert len(played.calls("nvmlInitWithFlags")) == len(played.calls("nvmlShutdown")) == 2


def test_a_gpu_that_is_lost_keeps_its_place(machine) -> None:
    played = machine(Board(), Board())
    devices = Devices(roots=NOWHERE)
    before = devices.read()
    played.break_down("*", 1, code=LOST)
    after = devices.read()
    devices.close()
    assert list(after.devices) == list(before.devices)
    assert isinstance(list(after.devices.values())[1].memory, Reason)
    assert next(iter(after.devices.values())).temperature == 35


def test_parts_of_a_gpu_have_their_own_memory(machine) -> None:
    parts = (Part("MIG-a", 1, used=GIB), Part("MIG-b", 2, slot=1))
    machine(Board(mig=1, parts=parts))
    devices = Devices(roots=NOWHERE)
    whole, first, second = read(devices)
    devices.close()
    assert (whole.kind, first.kind) == ("GPU", "part of a GPU")
    assert first.name == "GPU 0, MIG 1g.10gb (1/0)"
    assert (first.memory, second.memory) == (GIB, 0)
    assert "of the whole GPU" in str(first.utilization)


def test_a_sleeping_gpu_is_not_woken_and_keeps_its_place_when_it_wakes(
    machine, tmp_path: Path
) -> None:
    played = machine()
    folder = bus(tmp_path / "nvidia", p1="suspended")
    devices = Devices(GpuReader(bound=folder), NOWHERE)
    (asleep,) = read(devices)
    assert played.calls() == []
    assert "would wake it" in str(asleep.memory)
    (folder / "0000:01:00.0" / "power" / "runtime_status").write_text("active\n")
    (awake,) = read(devices)
    devices.close()
    assert (awake.key, awake.temperature) == (asleep.key, 35)


@pytest.fixture
def amd(tmp_path: Path) -> Roots:
    roots = Roots(sys=tmp_path / "sys", dev=tmp_path / "dev")
    card(roots, "card1", **AMD)
    sensors = roots.sys / "class" / "drm" / "card1" / "device" / "hwmon" / "hwmon3"
    sensors.mkdir(parents=True)
    (sensors / "temp1_input").write_text("54321\n")
    return roots


def test_an_amd_gpu_is_read_from_its_files(amd: Roots, no_nvidia) -> None:
    (found,) = read(Devices(roots=amd))
    assert found.name == "card1: AMD Instinct MI300X"
    assert (found.memory, found.utilization, found.temperature) == (297795584, 37, 54)


def test_a_sleeping_amd_gpu_is_not_woken(amd: Roots, no_nvidia) -> None:
    power = amd.sys / "class" / "drm" / "card1" / "device" / "power"
    power.mkdir()
    (power / "runtime_status").write_text("suspended\n")
    (found,) = read(Devices(roots=amd))
    for reading in (found.memory, found.utilization, found.temperature):
        assert "would wake it" in str(reading)


@pytest.fixture
def no_nvidia(machine):
    """A library that counts no GPU."""
    return machine(count=0)


def test_without_a_gpu_it_is_the_machine_as_a_container_sees_it(tmp_path: Path, no_nvidia) -> None:
    (tmp_path / "self").mkdir()
    (tmp_path / "self" / "cgroup").write_text("0::/\n")
    (tmp_path / "cpu.max").write_text("50000 100000\n")
    (tmp_path / "cpu.stat").write_text("usage_usec 1000000\n")
    (tmp_path / "memory.max").write_text(f"{GIB}\n")
    (tmp_path / "memory.current").write_text(f"{GIB // 4}\n")
    roots, clock = Roots(*[tmp_path] * 4), Clock()
    devices = Devices(roots=roots, clock=clock)
    moment = devices.read()
    assert "no NVIDIA GPU" in str(moment.missing)
    (found,) = moment.devices.values()
    assert (found.kind, found.memory, found.memory_total) == ("machine", GIB // 4, GIB)
    clock.now += 2
    (tmp_path / "cpu.stat").write_text("usage_usec 1250000\n")
    assert read(devices)[0].utilization == pytest.approx(25)  # 0.25 s of half a core in 2 s


def test_where_there_is_no_gpu_the_library_is_asked_once_a_minute(machine, tmp_path: Path) -> None:
    played, clock = machine(count=0), Clock()
    devices = Devices(roots=Roots(sys=tmp_path, dev=tmp_path), clock=clock)
    for _ in range(59):
        read(devices)
        clock.now += 1
    assert len(played.calls("nvmlInitWithFlags")) == len(played.calls("nvmlShutdown")) == 1
    clock.now += 1
    read(devices)
    assert len(played.calls("nvmlInitWithFlags")) == 2
