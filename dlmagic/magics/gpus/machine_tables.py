"""What there is to compute on beside NVIDIA's GPUs: processor, memory, libraries, other devices."""

from __future__ import annotations

from collections.abc import Iterator

from dlmagic.devices.gpus.owned import OwnedProcess
from dlmagic.devices.machine.accelerators import Accelerator
from dlmagic.devices.machine.algebra import Algebra
from dlmagic.devices.machine.host import Host
from dlmagic.devices.machine.wheels import Wheel
from dlmagic.devices.reading import Reason
from dlmagic.display.parts import Column, Part, Span, Table, sentence, shorten
from dlmagic.display.units import data_size, fixed, listed, plural
from dlmagic.magics.gpus.gpu_tables import UNKNOWN, amount_of, number
from dlmagic.magics.gpus.process_table import process_table
from dlmagic.magics.gpus.result import GpuReport

_NAMES = {"torch": "PyTorch", "tensorflow": "TensorFlow", "jax": "JAX"}
_KINDS = {"blas": "linear algebra", "openmp": "threads (OpenMP)"}
_LONGEST = 200
_LONGEST_NAME = 40


def machine_parts(report: GpuReport) -> Iterator[Part]:
    """The machine as a table, and other accelerators as another."""
    rows = [(name, shorten(text, _LONGEST)) for name, text in _rows(report)]
    columns = (Column("what"), Column("here"))
    yield Table("This machine", columns, tuple((Span(a), Span(b)) for a, b in rows))
    if report.host.accelerators:
        yield from _accelerators(report.host.accelerators)


def cores(host: Host) -> str:
    """``"1.5 cores (of 64; a container or batch system allows no more)"``."""
    exact = int(host.cores) == host.cores
    number = fixed(host.cores, 0 if exact else 1)
    usable = f"{number} {'core' if host.cores == 1 else 'cores'}"
    return usable + _LIMITS.get(host.cores_limited_by or "", "").format(host.cores_present)


_LIMITS = {
    "affinity": " (of {}; this process is kept on some of them)",
    "quota": " (of {}; a container or batch system allows no more)",
}


def _rows(report: GpuReport) -> Iterator[tuple[str, str]]:
    host = report.host
    yield "processor", host.processor
    yield "cores", cores(host)
    yield "memory", _memory(host)
    if isinstance(host.algebra, Reason):
        yield _KINDS["blas"], str(host.algebra)
    else:
        for kind, name in _KINDS.items():
            libraries = [_library(each) for each in host.algebra if each.kind == kind]
            if libraries:
                yield name, listed(libraries)
    for wheel in report.frameworks:
        yield _NAMES[wheel.name], _build(wheel)


def _memory(host: Host) -> str:
    left = f"{data_size(host.memory_available)} left of {data_size(host.memory_total)}"
    if not host.memory_limited:
        return left
    return (
        f"{left} (a container or batch system allows no more of {data_size(host.memory_present)})"
    )


def _library(library: Algebra) -> str:
    version = "" if isinstance(library.version, Reason) else f" {library.version}"
    if isinstance(library.threads, Reason):
        return f"{library.name}{version}"
    return f"{library.name}{version} with {plural(library.threads, 'thread')}"


def _build(wheel: Wheel) -> str:
    return f"{wheel.version or 'of unknown version'}, {_target(wheel)}"


def _target(wheel: Wheel) -> str:
    """For which devices a framework was built."""
    if wheel.cuda is not None:
        return f"built for CUDA {'.'.join(map(str, wheel.cuda))}"
    if wheel.rocm is not None:
        return f"built for ROCm {wheel.rocm}"
    if wheel.xpu is not None:
        return f"built for Intel GPUs ({wheel.xpu})"
    return _TARGETS[wheel.cpu_only]


_TARGETS = {
    True: "built for the processor alone",
    False: "built for other devices, too",
    None: "built for devices that it does not tell",
}


def _accelerators(found: tuple[Accelerator, ...]) -> Iterator[Part]:
    heads = (Column("device"), Column("model"), Column("called"))
    numbers = tuple(Column(head, numeric=True) for head in ("memory", "use", "°C", "power"))
    yield Table("Other accelerators", (*heads, *numbers), tuple(map(_accelerator, found)))
    people = [(each.kind, person) for each in found for person in _on(each)]
    yield from process_table(people, "Processes on other accelerators")
    yield sentence(f"Listed in {listed(each.found for each in found)}.", role="note")
    for text in dict.fromkeys(str(why) for each in found for why in _reasons(each)):
        yield sentence(f"{UNKNOWN}: {text}.", role="note")


def _accelerator(device: Accelerator) -> tuple[Span, ...]:
    name = device.name
    return (
        Span(device.kind),
        Span(UNKNOWN if isinstance(name, Reason) else shorten(name, _LONGEST_NAME)),
        Span(device.framework_name, "code"),
        Span(amount_of(device.memory_used, device.memory_total)),
        Span(number(device.utilization, "%")),
        Span(number(device.temperature)),
        Span(number(device.power, "W")),
    )


def _on(device: Accelerator) -> tuple[OwnedProcess, ...]:
    return device.processes if isinstance(device.processes, tuple) else ()


def _reasons(device: Accelerator) -> Iterator[Reason]:
    """Why numbers of it are missing from the table."""
    shown = (device.name, device.memory_total, device.memory_used, device.utilization)
    for value in (*shown, device.temperature, device.power):
        if isinstance(value, Reason):
            yield value
