"""Device files, kernel module, cards and what is around, from the files that Linux has."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from dlmagic.devices.driver.enclosure import Enclosure, is_mounted, read_enclosure
from dlmagic.devices.driver.module import Card, KernelModule, read_cards, read_module
from dlmagic.devices.driver.nodes import read_nodes
from dlmagic.devices.machine.roots import Roots

OPEN = "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.65.06  Release Build"
CLOSED = "NVRM version: NVIDIA UNIX x86_64 Kernel Module  470.256.02  Thu May  2\nGCC version: 12"
NOBODY = 65534


@pytest.fixture
def roots() -> Iterator[Roots]:
    """Folders that every user can enter, as those of the kernel are."""
    top = Path(tempfile.mkdtemp())
    top.chmod(0o755)
    for name in ("dev", "proc", "sys"):
        (top / name).mkdir(mode=0o755)
    yield Roots(top / "proc", top / "cgroup", top / "sys", top / "dev")
    shutil.rmtree(top)


@pytest.fixture
def as_nobody() -> Iterator[None]:
    """An administrator may do everything: the test runs as somebody else."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    yield
    os.seteuid(0)


def write(file: Path, text: str = "", mode: int = 0o666) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    file.chmod(mode)


def test_device_files_in_the_order_of_their_numbers(roots: Roots) -> None:
    for name in ("nvidia10", "nvidia2", "nvidiactl", "nvidia-modeset", "nvidia-caps"):
        write(roots.dev / name)
    found = read_nodes(roots)
    assert found.gpus == ("/dev/nvidia2", "/dev/nvidia10")
    assert (found.control, found.uvm, found.windows, found.jetson) == (True, False, False, False)
    assert (found.forbidden, found.withheld) == ((), ())


def test_files_that_permissions_keep_a_user_from(roots: Roots, as_nobody: None) -> None:
    os.seteuid(os.getuid())
    write(roots.dev / "nvidia0", mode=0o600)
    write(roots.dev / "nvidiactl", mode=0o666)
    if os.getuid() == 0:
        os.seteuid(NOBODY)
    else:
        (roots.dev / "nvidia0").chmod(0)
    found = read_nodes(roots)
    assert found.forbidden == ("/dev/nvidia0",)
    assert found.withheld == ()


def test_files_that_a_control_group_withholds(
    roots: Roots, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("nvidia0", "nvidiactl"):
        write(roots.dev / name)
    # Nothing but a container can make the kernel refuse what permissions grant.
    monkeypatch.setattr(os, "access", lambda *_, **__: False)
    assert read_nodes(roots).withheld == ("/dev/nvidia0", "/dev/nvidiactl")


@pytest.mark.parametrize(("told", "version"), [(OPEN, "580.65.06"), (CLOSED, "470.256.02")])
def test_the_version_of_the_module(roots: Roots, told: str, version: str) -> None:
    write(roots.proc / "driver" / "nvidia" / "version", told)
    write(roots.proc / "modules", "nvidia 1 0 - Live 0x0\n")
    assert read_module(roots) == KernelModule(version, uvm=False)


def test_no_module(roots: Roots) -> None:
    assert read_module(roots) == KernelModule(None, None)


def test_cards_and_who_has_them(roots: Roots) -> None:
    devices = roots.sys / "bus" / "pci" / "devices"
    for place, kind in (("0000:01:00.0", "0x030000"), ("0000:01:00.1", "0x040300")):
        write(devices / place / "vendor", "0x10de\n")
        write(devices / place / "class", f"{kind}\n")
    write(devices / "0000:02:00.0" / "vendor", "0x1002\n")
    (devices / "0000:01:00.0" / "driver").symlink_to("../../drivers/nouveau")
    assert read_cards(roots) == (Card("0000:01:00.0", "nouveau"),)


@pytest.mark.parametrize(
    ("file", "environ", "name"),
    [
        (".dockerenv", {}, "Docker"),
        ("run/.containerenv", {}, "Podman"),
        ("etc/hosts", {"KUBERNETES_SERVICE_HOST": "10.0.0.1"}, "Kubernetes"),
        ("etc/hosts", {"APPTAINER_CONTAINER": "/x.sif"}, "Apptainer"),
        ("etc/hosts", {}, None),
    ],
)
def test_containers(roots: Roots, file: str, environ: dict[str, str], name: str | None) -> None:
    write(roots.proc / "self" / "root" / file)
    assert read_enclosure(environ, roots).container == name


def test_a_container_that_only_its_process_numbers_tell_of(roots: Roots) -> None:
    link = roots.proc / "self" / "ns" / "pid"
    link.parent.mkdir(parents=True)
    link.symlink_to("pid:[4026532999]")
    assert read_enclosure({}, roots).container == "a container"
    write(roots.proc / "version", "Linux version 5.15.0-microsoft-standard-WSL2")
    assert read_enclosure({}, roots) == Enclosure(None, wsl=True)


def test_a_container_by_its_control_group(roots: Roots) -> None:
    write(roots.proc / "self" / "cgroup", "0::/kubepods.slice/pod1\n")
    assert read_enclosure({}, roots).container == "Kubernetes"


def test_files_that_were_handed_in(roots: Roots) -> None:
    write(roots.proc / "self" / "mountinfo", "9 8 0:1 / /usr/lib/libcuda.so.535.54.03 ro - ext4\n")
    assert is_mounted("/usr/lib/libcuda.so.535.54.03", roots)
    assert not is_mounted("/usr/lib/libcuda.so.1", roots)
    assert not is_mounted(None, roots)
