"""Accelerators of other makers, from the files that Linux has about them."""

from __future__ import annotations

import platform
from pathlib import Path

import pytest

from dlmagic.devices.machine.accelerators import other_accelerators
from dlmagic.devices.machine.roots import Roots
from dlmagic.devices.reading import Reason


@pytest.fixture
def roots(tmp_path: Path) -> Roots:
    (tmp_path / "dev").mkdir()
    return Roots(sys=tmp_path / "sys", dev=tmp_path / "dev")


def card(roots: Roots, name: str, **files: str) -> None:
    device = roots.sys / "class" / "drm" / name / "device"
    device.mkdir(parents=True)
    for file, text in files.items():
        (device / file).write_text(text + "\n")


AMD = {
    "vendor": "0x1002",
    "product_name": "AMD Instinct MI300X",
    "mem_info_vram_total": "206158430208",
    "mem_info_vram_used": "297795584",
    "gpu_busy_percent": "37",
}


def test_an_amd_gpu_tells_memory_and_use(roots: Roots) -> None:
    card(roots, "card10", **AMD)
    card(roots, "card2", vendor="0x1002", gpu_busy_percent="")
    card(roots, "card2-HDMI-A-1", vendor="0x1002")
    card(roots, "renderD128", vendor="0x1002")
    bare, full = other_accelerators(roots)
    assert (full.kind, full.name, full.framework_name) == ("AMD GPU", AMD["product_name"], "cuda")
    assert (full.memory_total, full.memory_used, full.utilization) == (206158430208, 297795584, 37)
    assert full.found.endswith("card10")
    for reading in (bare.name, bare.memory_total, bare.memory_used, bare.utilization):
        assert "does not tell this in a file" in str(reading)
        assert isinstance(reading, Reason)


def test_an_amd_gpu_tells_the_temperature_of_its_chip(roots: Roots) -> None:
    card(roots, "card0", **AMD)
    sensors = roots.sys / "class" / "drm" / "card0" / "device" / "hwmon" / "hwmon3"
    sensors.mkdir(parents=True)
    (sensors / "temp1_input").write_text("54321\n")
    (found,) = other_accelerators(roots)
    assert found.temperature == 54


def test_a_sleeping_amd_gpu_is_not_woken(roots: Roots) -> None:
    card(roots, "card0", **AMD)
    power = roots.sys / "class" / "drm" / "card0" / "device" / "power"
    power.mkdir()
    (power / "runtime_status").write_text("suspended\n")
    (found,) = other_accelerators(roots)
    assert (found.name, found.memory_total) == (AMD["product_name"], 206158430208)
    for reading in (found.memory_used, found.utilization, found.temperature):
        assert "would wake it" in str(reading)


def test_an_intel_gpu_is_told_and_nvidias_are_not(roots: Roots) -> None:
    card(roots, "card0", vendor="0x8086")
    card(roots, "card1", vendor="0x10de")
    card(roots, "card3")
    (found,) = other_accelerators(roots)
    assert (found.kind, found.framework_name) == ("Intel GPU", "xpu")
    assert isinstance(found.memory_used, Reason)


def test_tpus_are_files_and_a_folder_of_the_same_name_is_none(roots: Roots) -> None:
    (roots.dev / "accel").mkdir()
    (roots.dev / "accel" / "accel0").write_text("")
    assert other_accelerators(roots) == ()
    for number in range(4):
        (roots.dev / f"accel{number}").write_text("")
    found = other_accelerators(roots)
    assert [each.framework_name for each in found] == ["tpu"] * 4
    assert found[3].found.endswith("accel3")


@pytest.mark.parametrize(
    ("system", "machine", "count"),
    [("Darwin", "arm64", 1), ("Darwin", "x86_64", 0), ("Linux", "arm64", 0)],
)
def test_apple_silicon_has_a_gpu(
    roots: Roots, monkeypatch, system: str, machine: str, count: int
) -> None:
    monkeypatch.setattr(platform, "system", lambda: system)
    monkeypatch.setattr(platform, "machine", lambda: machine)
    found = other_accelerators(roots)
    assert [each.framework_name for each in found] == ["mps"] * count
    assert all("shares" in str(each.memory_total) for each in found)


def test_a_machine_without_any_has_none(roots: Roots) -> None:
    assert other_accelerators(roots) == ()
