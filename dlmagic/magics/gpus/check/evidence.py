"""What the causes are told from: the machine as it was read, and what a framework said."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from dlmagic.devices.cuda.visible import visible_devices
from dlmagic.devices.driver.enclosure import Enclosure
from dlmagic.devices.driver.library import CudaLibrary
from dlmagic.devices.driver.module import Card, KernelModule
from dlmagic.devices.driver.nodes import Nodes
from dlmagic.devices.driver.situation import Situation
from dlmagic.devices.gpus.gpu import Gpu, GpuReadings
from dlmagic.devices.machine.accelerators import Accelerator
from dlmagic.devices.machine.wheels import Wheel
from dlmagic.devices.reading import Reason
from dlmagic.magics.gpus.check.frameworks import Framework

_NO_GPUS_WANTED = ("", "void", "none")


@dataclass(frozen=True)
class Machine:
    """Everything below the frameworks.

    Attributes:
        situation: Where it was looked.
        nodes: Device files.
        module: The kernel module.
        cards: NVIDIA's cards on the bus.
        enclosure: Container or Windows around.
        library: What CUDA's driver library answered.
        readings: What NVML told, or why a process of its own told nothing.
        accelerators: Devices that are not NVIDIA's.
    """

    situation: Situation
    nodes: Nodes
    module: KernelModule
    cards: tuple[Card, ...]
    enclosure: Enclosure
    library: CudaLibrary
    readings: GpuReadings | Reason
    accelerators: tuple[Accelerator, ...] = ()

    @property
    def present(self) -> bool:
        """Whether anything tells of an NVIDIA GPU, working or not."""
        below_windows = self.enclosure.wsl and (
            self.nodes.windows or self.enclosure.libraries_of_windows
        )
        seen = self.cards or self.nodes.any or self.nodes.jetson or self.module.version
        return bool(seen or self.gpus or self.library.works or below_windows or self.promised)

    @property
    def promised(self) -> bool:
        """Whether whoever started the container wanted GPUs in it."""
        wanted = self.situation.environ.get("NVIDIA_VISIBLE_DEVICES", "")
        return self.enclosure.container is not None and wanted not in _NO_GPUS_WANTED

    @property
    def gpus(self) -> tuple[Gpu, ...]:
        """What NVML lists."""
        return () if isinstance(self.readings, Reason) else self.readings.gpus

    @property
    def usable(self) -> tuple[Gpu, ...]:
        """Those that ``CUDA_VISIBLE_DEVICES`` leaves to this process; all where it leaves none."""
        if isinstance(self.readings, Reason):
            return ()
        left = visible_devices(self.readings, self.situation.environ).devices
        return tuple(dict.fromkeys(each.gpu for each in left)) or self.gpus

    @property
    def answers(self) -> bool:
        """Whether the driver tells of a GPU: then it is loaded and can be reached."""
        return any(each.trouble is None for each in self.gpus)

    @property
    def refused(self) -> Reason | None:
        """Why NVML lists none."""
        return self.readings if isinstance(self.readings, Reason) else self.readings.missing

    @property
    def cuda(self) -> tuple[int, int] | None:
        """The newest CUDA that the driver runs."""
        if self.library.cuda is not None or isinstance(self.readings, Reason):
            return self.library.cuda
        return None if isinstance(self.readings.cuda, Reason) else self.readings.cuda

    def variable(self, name: str) -> str | None:
        """An environment variable of the notebook."""
        return self.situation.environ.get(name)


@dataclass(frozen=True)
class Told:
    """What a framework said in a process of its own.

    Attributes:
        version: Its version.
        devices: Place, name and compute capability of each device.
        computed: Whether the first one has added two numbers; None where it was not tried.
        architectures: For which GPUs it was built, such as ``"sm_90"``.
        words: What it, or its libraries, said beside that.
    """

    version: str
    devices: tuple[tuple[str, str, tuple[int, int] | None], ...]
    computed: bool | None
    architectures: tuple[str, ...]
    words: str


@dataclass(frozen=True)
class Asked:
    """A framework on a machine.

    Attributes:
        framework: Which.
        machine: Where.
        wheel: What is installed.
        told: What it said; a reason where it gave no answer; None where it was not asked.
        printed: What it wrote to the error stream.
    """

    framework: Framework
    machine: Machine
    wheel: Wheel
    told: Told | Reason | None = None
    printed: str = ""

    @property
    def sees(self) -> bool:
        """Whether it has really seen a device, and could compute there where that was tried."""
        told = self.told
        return isinstance(told, Told) and bool(told.devices) and told.computed is not False

    @property
    def computes(self) -> bool:
        """Whether it has computed on a device."""
        return isinstance(self.told, Told) and self.told.computed is True

    @property
    def seen(self) -> str:
        """What it sees, in words; empty for nothing."""
        devices = self.told.devices if isinstance(self.told, Told) else ()
        names = Counter(name for _, name, _ in devices)
        return ", ".join(f"{name} × {n}" if n > 1 else name for name, n in names.items())

    @property
    def words(self) -> str:
        """All that it said."""
        own = self.told.words if isinstance(self.told, Told) else str(self.told or "")
        return f"{own}\n{self.printed}".strip()

    @property
    def package(self) -> str:
        """It with its version, as pip writes it."""
        return f"{self.wheel.package or self.framework.name} {self.wheel.version or ''}".strip()
