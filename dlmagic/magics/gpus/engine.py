"""From what drivers and kernel tell to the report.

The driver's library is opened for one look and closed again: an open one keeps a laptop's GPU
awake. No framework is imported, and CUDA is not started.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dlmagic.devices.gpus.gpu import GpuReadings
from dlmagic.devices.gpus.reader import GpuReader
from dlmagic.devices.machine.host import read_host
from dlmagic.devices.machine.roots import ROOTS, Roots
from dlmagic.devices.machine.wheels import read_wheels
from dlmagic.environment import Environment
from dlmagic.finding import Finding
from dlmagic.magics.gpus.absence import why_none
from dlmagic.magics.gpus.result import GpuInfo, GpuReport

if TYPE_CHECKING:
    from dlmagic.magics.gpus.leasing import Holders

DEADLINE = 2.0
"""Seconds that the driver has to answer; the report is there within 2.5."""


def report(holders: Holders | None = None, roots: Roots = ROOTS) -> GpuReport:
    """The devices of this machine now.

    Args:
        holders: Tells who has picked GPUs, or waits for them; None to ask the leases.
        roots: Where Linux tells about the machine.
    """
    with GpuReader(deadline=DEADLINE) as reader:
        readings = reader.read()
    return report_on(readings, holders, roots)


def report_on(
    readings: GpuReadings, holders: Holders | None = None, roots: Roots = ROOTS
) -> GpuReport:
    """What these readings say, together with what there is beside the GPUs.

    Args:
        readings: Of the GPUs.
        holders: Tells who has picked GPUs, or waits for them; None to ask the leases.
        roots: Where Linux tells about the machine.
    """
    gpus, findings = _looked_at(readings, holders) if readings.gpus else ((), ())
    return GpuReport(
        environment=Environment.capture(),
        findings=findings,
        gpus=gpus,
        missing="" if readings.missing is None else why_none(readings.missing, roots),
        driver=readings.driver,
        cuda=readings.cuda,
        host=read_host(roots),
        frameworks=read_wheels(),
        read_at=readings.read_at,
        seconds=readings.seconds,
    )


def _looked_at(
    readings: GpuReadings, holders: Holders | None
) -> tuple[tuple[GpuInfo, ...], tuple[Finding, ...]]:
    # Imported here: without a GPU, a first look takes a quarter less.
    from dlmagic.magics.gpus.findings import findings_about
    from dlmagic.magics.gpus.inspection import inspected
    from dlmagic.magics.gpus.leasing import leased

    gpus = inspected(readings, holders or leased)
    return gpus, tuple(findings_about(gpus))
