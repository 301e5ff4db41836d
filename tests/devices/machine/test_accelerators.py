"""Accelerators of other makers, from the files that Linux has about them."""

from __future__ import annotations

import os
import platform
from pathlib import Path

import pytest

from dlmagic.devices.machine.accelerators import other_accelerators
from dlmagic.devices.machine.roots import Roots
from dlmagic.devices.reading import Reason


@pytest.fixture
def roots(tmp_path: Path) -> Roots:
    (tmp_path / "dev").mkdir()
    return Roots(sys=tmp_path / "sys", dev=tmp_path / "dev", share=tmp_path / "share")


def card(roots: Roots, name: str, **files: str) -> None:
    device = roots.sys / "class" / "drm" / name / "device"
    device.mkdir(parents=True)
    for file, text in files.items():
        place = device / file.replace("__", "/")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text + "\n")


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


def test_its_sensors_are_told(roots: Roots) -> None:
    warm = {"hwmon__hwmon3__temp1_input": "54000", "hwmon__hwmon3__power1_average": "213000000"}
    card(roots, "card0", **AMD, **warm)
    (found,) = other_accelerators(roots)
    assert (found.temperature, found.power) == (54, 213.0)
    newer = {"hwmon__hwmon0__power1_input": "9000000"}
    card(roots, "card1", **AMD, **newer)
    assert other_accelerators(roots)[1].power == 9.0
    assert "does not tell" in str(other_accelerators(roots)[1].temperature)


def test_one_that_sleeps_is_not_asked_what_would_wake_it(roots: Roots, monkeypatch) -> None:
    card(roots, "card0", **AMD, power__runtime_status="suspended", hwmon__hwmon1__temp1_input="1")
    really, read = Path.read_text, []
    monkeypatch.setattr(Path, "read_text", lambda *a, **k: read.append(a[0]) or really(*a, **k))
    (found,) = other_accelerators(roots)
    assert not {"gpu_busy_percent", "temp1_input", "mem_info_vram_used"} & {
        each.name for each in read
    }
    assert "would wake it" in str(found.utilization)
    assert found.memory_total == 206158430208


def kfd(roots: Roots, **files: str) -> None:
    for name, text in files.items():
        place = roots.sys / "class" / "kfd" / "kfd" / name.replace("__", "/")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text + "\n")


def test_who_computes_on_an_amd_gpu_is_told(roots: Roots) -> None:
    card(roots, "card0", **AMD, drm__renderD128__dev="226:128")
    card(roots, "card1", **AMD, drm__renderD129__dev="226:129")
    card(roots, "card2", **AMD)
    kfd(
        roots,
        topology__nodes__0__properties="cpu_cores_count 8\ndrm_render_minor 0",
        topology__nodes__0__gpu_id="0",
        topology__nodes__1__properties="simd_count 1\ndrm_render_minor 128\nmax_waves 8",
        topology__nodes__1__gpu_id="51140",
        topology__nodes__2__properties="drm_render_minor 129",
        topology__nodes__2__gpu_id="777",
    )
    kfd(
        roots,
        **{
            f"proc__{os.getpid()}__vram_51140": "1048576",
            f"proc__{os.getpid()}__vram_777": "0",
            "proc__4194303__vram_51140": "7",
            "proc__4194303__pasid": "32770",
        },
    )
    first, second, unlisted = other_accelerators(roots)
    memory = {each.pid: each.memory for each in first.processes}
    assert memory == {os.getpid(): 1048576, 4194303: 7}
    own = next(each for each in first.processes if each.pid == os.getpid())
    gone = next(each for each in first.processes if each.pid != os.getpid())
    assert (own.whose, gone.whose) == ("this kernel", "unknown")
    assert second.processes == ()
    assert "lists nobody" in str(unlisted.processes)


PCI_IDS = """# List of PCI devices
1002  Advanced Micro Devices, Inc. [AMD/ATI]
\t744c  Navi 31 [Radeon RX 7900 XTX]
\t\t1002 0e3b  A subsystem
8086  Intel Corporation
\t46a6  Alder Lake-P GT2 [Iris Xe Graphics]
"""


@pytest.mark.parametrize("folder", ["hwdata", "misc"])
def test_boards_without_a_name_have_that_of_the_list(roots: Roots, folder: str) -> None:
    (roots.share / folder).mkdir(parents=True)
    (roots.share / folder / "pci.ids").write_text(PCI_IDS)
    card(roots, "card0", vendor="0x1002", device="0x744c")
    card(roots, "card1", vendor="0x8086", device="0x46A6")
    card(roots, "card2", vendor="0x1002", device="0x46a6")
    card(roots, "card3", vendor="0x1002")
    names = [each.name for each in other_accelerators(roots)]
    assert names[:2] == ["Navi 31 [Radeon RX 7900 XTX]", "Alder Lake-P GT2 [Iris Xe Graphics]"]
    assert all(isinstance(name, Reason) for name in names[2:])


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
