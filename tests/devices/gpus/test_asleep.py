"""GPUs that sleep to save power are listed and not woken."""

from __future__ import annotations

from pathlib import Path

from dlmagic.devices.gpus.asleep import gpus_on_the_bus
from dlmagic.devices.gpus.reader import GpuReader
from tests.devices.double.boards import Board


def bus(folder: Path, **states: str) -> Path:
    """The folder of the kernel's driver, with GPUs at numbered places."""
    for place, state in states.items():
        power = folder / f"0000:0{place[1:]}:00.0" / "power"
        power.mkdir(parents=True)
        (power / "runtime_status").write_text(state + "\n")
    (folder / "module").mkdir(parents=True)
    (folder / "bind").write_text("")
    return folder


def test_where_all_sleep_nothing_is_asked(machine, tmp_path: Path) -> None:
    played = machine(Board())
    with GpuReader(bound=bus(tmp_path / "nvidia", p1="suspended")) as reader:
        found = reader.read()
    assert played.calls() == []
    assert [(gpu.asleep, gpu.bus_id) for gpu in found.gpus] == [(True, "0000:01:00.0")]
    assert "would wake it" in str(found.gpus[0].memory_used)
    assert "would wake it" in str(found.driver)
    assert found.missing is None


def test_where_some_sleep_only_the_others_are_asked(machine, tmp_path: Path) -> None:
    played = machine(Board(), Board())
    states = {"p1": "suspended", "p2": "active"}
    with GpuReader(bound=bus(tmp_path / "nvidia", **states)) as reader:
        gpus = reader.read().gpus
    assert [(gpu.asleep, gpu.bus_id, gpu.index) for gpu in gpus[:1]] == [(False, "0000:02:00.0", 1)]
    assert gpus[1].asleep
    assert {call.gpu for call in played.calls()} == {-1, 1}


def test_one_that_wakes_is_read(machine, tmp_path: Path) -> None:
    machine(Board())
    folder = bus(tmp_path / "nvidia", p1="suspended")
    with GpuReader(bound=folder) as reader:
        assert reader.read().gpus[0].asleep
        (folder / "0000:01:00.0" / "power" / "runtime_status").write_text("active\n")
        assert reader.read().gpus[0].temperature == 35


def test_a_gpu_on_the_bus_that_a_container_hides_is_left_out(machine, tmp_path: Path) -> None:
    machine(Board())
    states = {"p1": "active", "p5": "active", "p6": "suspended"}
    with GpuReader(bound=bus(tmp_path / "nvidia", **states)) as reader:
        gpus = reader.read().gpus
    assert [gpu.bus_id for gpu in gpus] == ["0000:01:00.0", "0000:06:00.0"]


def test_a_bus_that_cannot_be_read_has_no_sleepers(tmp_path: Path) -> None:
    assert gpus_on_the_bus(tmp_path / "absent") == ()
    folder = bus(tmp_path / "nvidia", p1="active")
    (folder / "0000:01:00.0" / "power" / "runtime_status").unlink()
    assert [each.asleep for each in gpus_on_the_bus(folder)] == [False]
