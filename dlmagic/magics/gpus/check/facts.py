"""What was read, in the order in which a cause is looked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from dlmagic.devices.cuda.visible import VARIABLE
from dlmagic.devices.gpus.gpu import Gpu
from dlmagic.devices.machine.wheels import Wheel
from dlmagic.devices.reading import Reason
from dlmagic.magics.gpus.check.evidence import Asked, Machine
from dlmagic.magics.gpus.check.result import Fact

_OTHERS = (
    "CUDA_DEVICE_ORDER",
    "NVIDIA_VISIBLE_DEVICES",
    "NVIDIA_DRIVER_CAPABILITIES",
    "LD_LIBRARY_PATH",
    "JAX_PLATFORMS",
    "SLURM_JOB_ID",
)


def facts_of(machine: Machine, asked: Iterable[Asked]) -> Iterator[Fact]:
    """Everything that was looked at."""
    yield Fact("NVIDIA's cards on the bus", _cards(machine))
    yield Fact("device files", _files(machine))
    yield Fact("kernel module", machine.module.version or "not loaded")
    yield Fact("runs in", _around(machine))
    if machine.present:
        yield from _of_libraries(machine)
    for name in (VARIABLE, *_OTHERS):
        if name == VARIABLE or machine.variable(name) is not None:
            yield Fact("environment", f"{name} is {_value(machine.variable(name))}")
    for each in asked:
        yield Fact(each.framework.title, _package(each.wheel))


def _of_libraries(machine: Machine) -> Iterator[Fact]:
    library = machine.library
    yield Fact("libcuda", library.file or library.missing or str(library.broken or "loaded"))
    if library.code is not None:
        cuda = ".".join(map(str, library.cuda)) if library.cuda else "unknown"
        yield Fact("cuInit", f"{library.code}; devices: {library.devices}; CUDA: {cuda}")
    refused = machine.refused
    yield Fact("NVML", str(refused) if refused else "; ".join(map(_gpu, machine.gpus)))


def _gpu(gpu: Gpu) -> str:
    told = [str(gpu.name), "" if isinstance(gpu.compute_mode, Reason) else gpu.compute_mode]
    if gpu.divided is True:
        told.append(f"MIG: {len(gpu.parts) if isinstance(gpu.parts, tuple) else '?'} instances")
    words = ", ".join(each for each in told if each and each != "default")
    return f"GPU {gpu.index}: {gpu.trouble or words}"


def _cards(machine: Machine) -> str:
    listed = (f"{each.bus_id} (driver: {each.driver or 'none'})" for each in machine.cards)
    return ", ".join(listed) or "none listed"


def _files(machine: Machine) -> str:
    nodes = machine.nodes
    named = {
        "/dev/nvidiactl": nodes.control,
        "/dev/nvidia-uvm": nodes.uvm,
        "/dev/dxg": nodes.windows,
    }
    return ", ".join([*nodes.gpus, *(name for name, there in named.items() if there)]) or "none"


def _around(machine: Machine) -> str:
    around = machine.enclosure
    inside = around.container or ("Linux below Windows (WSL)" if around.wsl else "no container")
    return f"{inside}; {machine.situation.system}"


def _value(setting: str | None) -> str:
    if setting is None:
        return "not set"
    return setting or "empty"


def _package(wheel: Wheel) -> str:
    built = "CUDA " + ".".join(map(str, wheel.cuda)) if wheel.cuda else ""
    built = built or (f"ROCm {wheel.rocm}" if wheel.rocm else "")
    built = built or ("processors only" if wheel.cpu_only else "devices that are not told")
    return f"{wheel.package or wheel.name} {wheel.version or ''}, built for {built}"
