"""Machines as `%gpus check` would find them: files, libraries, packages and variables, made up.

A world begins as a Linux machine with an H100 that works, and a PyTorch that was built for it;
what an environment changes is what is broken. Libraries are loaded, and frameworks imported, by
real processes.
"""

from __future__ import annotations

import os
import shutil
import sys
import sysconfig
from ctypes.util import find_library
from pathlib import Path

import pynvml
import pytest

import dlmagic
from dlmagic.devices.cuda.state import CudaState
from dlmagic.devices.driver.situation import Situation
from dlmagic.devices.machine.roots import Roots
from tests.devices.double.boards import Board
from tests.devices.double.building import Libraries
from tests.devices.double.machine import Machine

STANDINS = Path(__file__).parent / "standins"
CARD = "0000:01:00.0"
_OURS = ("CUDA", "NVIDIA", "JAX", "SLURM", "LD_LIBRARY", "KUBERNETES", "PYTHONPATH", "TF_", "XLA")


class World:
    """A machine in a folder.

    Args:
        folder: Where its files are made.
        libraries: The doubles of NVIDIA's libraries.
        boards: Its GPUs.
        generation: Of its driver.
    """

    def __init__(
        self,
        folder: Path,
        libraries: Libraries,
        boards: tuple[Board, ...] = (Board(),),
        generation: str = "535.104",
    ) -> None:
        self.folder = folder
        self.machine = Machine(folder, boards, generation=generation)
        self.dev, self.proc, self.sys, self.top = map(self._made, ("dev", "proc", "sys", "top"))
        self.site, self.lib = self._made("site-packages"), self._made("lib")
        self.environ = {k: v for k, v in os.environ.items() if not k.startswith(_OURS)}
        self.environ |= {"FAKE_NVML": str(self.machine.path), "LD_LIBRARY_PATH": str(self.lib)}
        self.before: list[Path] = []
        self.system, self.real_packages = "Linux", False
        self.cuda: CudaState | None = None
        self._give_libraries(libraries.of(generation))
        self._give_driver()
        self._give_bus()
        self._give_files()

    @property
    def driver(self) -> str:
        return self.machine.generation.driver

    def situation(self) -> Situation:
        path = [str(self.site), *self._python()]
        if self.real_packages:
            path = list(sys.path)
        path = [*map(str, self.before), *path]
        roots = Roots(self.proc, self.sys / "fs" / "cgroup", self.sys, self.dev)
        return Situation(self.environ, tuple(path), {}, roots, self.system, self.cuda)

    def write(self, file: Path, text: str = "") -> Path:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return file

    def close(self) -> None:
        self.machine.close()

    # What there is

    def install_torch(
        self,
        version: str = "2.6.0+cu124",
        cuda: str | None = "12.4",
        architectures: tuple[str, ...] = ("sm_80", "sm_86", "sm_90"),
        hip: str | None = None,
    ) -> None:
        board = self.machine.boards[0] if self.machine.boards else Board()
        lines = [f"__version__ = {version!r}", f"cuda = {cuda!r}", f"hip = {hip!r}"]
        lines += ["debug = False", "xpu = None"]
        self._install("torch", version, "version.py", lines)
        capability = (board.major, board.minor)
        built = [f"ARCHITECTURES = {architectures!r}", f"CAPABILITY = {capability!r}"]
        self.write(self.site / "torch" / "built.py", "\n".join(built))

    def install_tensorflow(self, *packages: str, missing: tuple[str, ...] = ()) -> None:
        self._install("tensorflow", "2.18.0", "built.py", ["VERSION = '2.18.0'"])
        self.write(
            self.site / "tensorflow" / "built.py", f"VERSION = '2.18.0'\nMISSING = {missing!r}\n"
        )
        self.write(
            self.site / "tensorflow" / "python" / "platform" / "build_info.py",
            "build_info = {'is_cuda_build': True, 'is_rocm_build': False, 'cuda_version': '12.5'}",
        )
        self.describe(*packages)

    def install_jax(self, *packages: str, fails: str = "") -> None:
        lines = ["VERSION = '0.5.0'", f"FAILS = {fails!r}"]
        self._install("jax", "0.5.0", "built.py", lines)
        self.write(self.site / "jax" / "version.py", "_version = '0.5.0'")
        self.describe(*packages)

    def describe(self, *packages: str) -> None:
        """Let packages be installed, such as ``jaxlib-0.5.0``, as far as metadata go."""
        for package in packages:
            name, _, version = package.partition("-")
            text = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
            self.write(self.site / f"{package}.dist-info" / "METADATA", text)

    def container(self, mark: str = ".dockerenv") -> None:
        self.write(self.top / mark)
        self._namespace(4026532999)

    def below_windows(self) -> None:
        self.write(self.proc / "version", "Linux version 5.15.0-microsoft-standard-WSL2")
        self.without_driver()
        self.without_cards()
        self.without_files()
        self.write(self.dev / "dxg")
        self.write(self.top / "usr/lib/wsl/lib/libcuda.so.1")

    def library_in(self, folder: str, version: str | None = None) -> None:
        """Let libcuda lie elsewhere."""
        place = self.folder / folder
        place.mkdir(parents=True)
        for file in [*self.lib.iterdir()]:
            file.rename(place / file.name)
        self.lib = place
        if version:
            self.library_version(version)
        self.environ["LD_LIBRARY_PATH"] = str(place)

    def library_version(self, version: str) -> None:
        """Let libcuda be of another driver."""
        next(self.lib.glob("libcuda.so.*.*")).rename(self.lib / f"libcuda.so.{version}")
        (self.lib / "libcuda.so.1").unlink()
        (self.lib / "libcuda.so.1").symlink_to(f"libcuda.so.{version}")

    # What there is no more

    def without_driver(self) -> None:
        shutil.rmtree(self.proc / "driver")
        self.write(self.proc / "modules", "ext4 1 1 - Live 0x0\n")

    def without_cards(self) -> None:
        shutil.rmtree(self.sys / "bus")

    def without_files(self, *names: str) -> None:
        for file in [self.dev / name for name in names] or list(self.dev.iterdir()):
            file.unlink()

    def without_library(self) -> None:
        if find_library("cuda"):
            pytest.skip("this machine has NVIDIA's driver, whose library would be found")
        for file in self.lib.glob("libcuda*"):
            file.unlink()

    def without_libraries(self) -> None:
        self.without_library()
        (self.lib / "libnvidia-ml.so.1").unlink()

    def card_belongs_to(self, driver: str | None) -> None:
        link = self.sys / "bus" / "pci" / "devices" / CARD / "driver"
        link.unlink()
        if driver:
            link.symlink_to(f"../../../drivers/{driver}")

    # How it is made

    def _made(self, name: str) -> Path:
        made = self.folder / name
        made.mkdir()
        return made

    def _python(self) -> list[str]:
        """The standard library, dlmagic, and the binding of NVML: nothing else is installed."""
        binding = self.folder / "binding"
        binding.mkdir(exist_ok=True)
        if not (binding / "pynvml.py").exists():
            (binding / "pynvml.py").symlink_to(str(pynvml.__file__))
        standard = [sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib")]
        extensions = [each for each in sys.path if each.endswith("lib-dynload")]
        return [*standard, *extensions, str(Path(dlmagic.__file__).parents[1]), str(binding)]

    def _install(self, name: str, version: str, file: str, lines: list[str]) -> None:
        shutil.copytree(STANDINS / name, self.site / name, dirs_exist_ok=True)
        self.write(self.site / name / file, "\n".join(lines) + "\n")
        self.describe(f"{name}-{version}")

    def _give_libraries(self, built: Path) -> None:
        shutil.copy(built / "libnvidia-ml.so.1", self.lib / "libnvidia-ml.so.1")
        shutil.copy(built / "libcuda.so.1", self.lib / f"libcuda.so.{self.driver}")
        (self.lib / "libcuda.so.1").symlink_to(f"libcuda.so.{self.driver}")

    def _give_driver(self) -> None:
        told = f"NVRM version: NVIDIA UNIX x86_64 Kernel Module  {self.driver}  Wed Sep 20\n"
        self.write(self.proc / "driver" / "nvidia" / "version", told)
        self.write(self.proc / "modules", "nvidia_uvm 1 0 - Live 0x0\nnvidia 1 1 - Live 0x0\n")
        self.write(self.proc / "version", "Linux version 6.1.0-13-amd64")
        self.write(self.proc / "self" / "cgroup", "0::/user.slice\n")
        (self.proc / "self" / "root").symlink_to(self.top)
        self._namespace(4026531836)

    def _namespace(self, number: int) -> None:
        link = self.proc / "self" / "ns" / "pid"
        link.parent.mkdir(parents=True, exist_ok=True)
        link.unlink(missing_ok=True)
        link.symlink_to(f"pid:[{number}]")

    def _give_bus(self) -> None:
        device = self.sys / "bus" / "pci" / "devices" / CARD
        self.write(device / "vendor", "0x10de\n")
        self.write(device / "class", "0x030200\n")
        (device / "driver").symlink_to("../../../drivers/nvidia")

    def _give_files(self) -> None:
        for name in ("nvidia0", "nvidiactl", "nvidia-uvm", "nvidia-modeset"):
            self.write(self.dev / name)
            (self.dev / name).chmod(0o666)
