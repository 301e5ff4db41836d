"""The device files through which programs reach NVIDIA's driver; none of them is opened."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from dlmagic.devices.machine.roots import ROOTS, Roots

_OTHERS = stat.S_IROTH | stat.S_IWOTH


@dataclass(frozen=True)
class Nodes:
    """Device files.

    Attributes:
        gpus: Those of single GPUs, such as ``"/dev/nvidia0"``.
        control: Whether there is the one that all programs begin with, ``nvidiactl``.
        uvm: Whether there is the one for memory, ``nvidia-uvm``, which CUDA cannot do without.
        windows: Whether there is the one of Linux below Windows, ``dxg``.
        jetson: Whether there is one of a Jetson, whose GPU is part of its processor.
        forbidden: Those that this user may not read and write by their permissions.
        withheld: Those that their permissions grant, and that are refused all the same: by the
            control group of a container.
    """

    gpus: tuple[str, ...] = ()
    control: bool = False
    uvm: bool = False
    windows: bool = False
    jetson: bool = False
    forbidden: tuple[str, ...] = ()
    withheld: tuple[str, ...] = ()

    @property
    def any(self) -> bool:
        """Whether there is one of NVIDIA's driver for Linux."""
        return bool(self.gpus or self.control or self.uvm)


def read_nodes(roots: Roots = ROOTS) -> Nodes:
    """The device files of this machine."""
    gpus = sorted(roots.dev.glob("nvidia[0-9]*"), key=lambda each: (len(each.name), each.name))
    control, uvm = roots.dev / "nvidiactl", roots.dev / "nvidia-uvm"
    refused = [each for each in (*gpus, control, uvm) if each.exists() and not _usable(each)]
    withheld = [each for each in refused if _granted_to_all(each) or _is_administrator()]
    return Nodes(
        gpus=_names(gpus),
        control=control.exists(),
        uvm=uvm.exists(),
        windows=(roots.dev / "dxg").exists(),
        jetson=any((roots.dev / name).exists() for name in ("nvhost-gpu", "nvgpu")),
        forbidden=_names(each for each in refused if each not in withheld),
        withheld=_names(withheld),
    )


def _usable(file: Path) -> bool:
    """Whether it may be read and written; the kernel asks the control group, too."""
    effective = os.access in os.supports_effective_ids
    return os.access(file, os.R_OK | os.W_OK, effective_ids=effective)


def _granted_to_all(file: Path) -> bool:
    try:
        return file.stat().st_mode & _OTHERS == _OTHERS
    except OSError:
        return False


def _is_administrator() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0


def _names(files: Iterable[Path]) -> tuple[str, ...]:
    return tuple(f"/dev/{file.name}" for file in files)
