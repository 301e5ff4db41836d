"""Why there is no NVIDIA GPU, from made-up machines."""

from __future__ import annotations

import platform
from pathlib import Path

import pytest

from dlmagic.devices.machine.roots import Roots
from dlmagic.devices.nvml import NO_GPU
from dlmagic.devices.refusal import refusal
from dlmagic.magics.gpus.absence import why_none

NO_LIBRARY = refusal(12)


@pytest.fixture
def roots(tmp_path: Path) -> Roots:
    return Roots(proc=tmp_path / "proc", sys=tmp_path / "sys")


def plug_in(roots: Roots, place: str, vendor: str, kind: str) -> None:
    device = roots.sys / "bus" / "pci" / "devices" / place
    device.mkdir(parents=True)
    (device / "vendor").write_text(f"{vendor}\n")
    (device / "class").write_text(f"{kind}\n")


def test_none_in_the_machine(roots: Roots) -> None:
    plug_in(roots, "0000:00:02.0", "0x8086", "0x030000")
    plug_in(roots, "0000:3b:00.1", "0x10de", "0x040300")  # the sound of a card that is not there
    assert why_none(NO_LIBRARY, roots) == (
        "No NVIDIA GPU: none is on the bus, and NVIDIA's driver is not installed."
    )


def test_one_without_a_driver(roots: Roots) -> None:
    plug_in(roots, "0000:3b:00.0", "0x10de", "0x030200")
    plug_in(roots, "0000:5e:00.0", "0x10de", "0x030000")
    taken = roots.sys / "bus" / "pci" / "devices" / "0000:5e:00.0" / "driver"
    taken.symlink_to("../../drivers/nouveau")
    why = why_none(NO_LIBRARY, roots)
    assert "one is in this machine (0000:3b:00.0 and 0000:5e:00.0, taken by nouveau)" in why
    assert why.endswith("but NVIDIA's driver is not installed.")


def test_a_container_that_was_not_given_any(roots: Roots) -> None:
    (roots.proc / "driver" / "nvidia").mkdir(parents=True)
    (roots.proc / "driver" / "nvidia" / "version").write_text(
        "NVRM version: NVIDIA UNIX x86_64 Kernel Module  580.65.06  Sun\n"
    )
    assert "--gpus all" in why_none(NO_LIBRARY, roots)


def test_a_mac(roots: Roots, monkeypatch) -> None:
    monkeypatch.setattr(platform, "system", lambda: "Darwin")
    assert "macOS" in why_none(NO_LIBRARY, roots)


def test_where_the_bus_is_not_listed_nothing_is_said_of_it(roots: Roots) -> None:
    assert why_none(NO_LIBRARY, roots) == "No NVIDIA GPU: NVIDIA's driver is not installed."


@pytest.mark.parametrize("reason", [NO_GPU, refusal(9), refusal(18), refusal(None)])
def test_what_the_driver_says_is_said(roots: Roots, reason) -> None:
    why = why_none(reason, roots)
    assert str(reason) in why
    assert why.count(".") == 1
