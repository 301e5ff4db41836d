"""How busy the processor is: of a container's quota, or of the cores that may be used."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from dlmagic.devices.machine.busy import ProcessorMeter
from dlmagic.devices.machine.cgroup import CoresLimit, cores_limit
from dlmagic.devices.machine.roots import Roots
from dlmagic.devices.reading import Reason
from tests.devices.machine.test_cgroup import V1, roots


class Clock:
    now = 10.0

    def __call__(self) -> float:
        return self.now


def quota(folder: Path, used: int) -> Roots:
    """Half a core, of which so many microseconds have been used."""
    return roots(folder, "0::/\n", cpuDOTmax="50000 100000", cpuDOTstat=f"usage_usec {used}")


def test_of_a_quota_it_is_what_the_container_used(tmp_path: Path) -> None:
    given, clock = quota(tmp_path, 7_000_000), Clock()
    meter = ProcessorMeter(given, clock)
    clock.now += 4
    (given.cgroup / "cpu.stat").write_text("user_usec 1\nusage_usec 7500000\n")
    assert meter.read() == pytest.approx(25)
    clock.now += 1
    (given.cgroup / "cpu.stat").write_text("usage_usec 9500000\n")
    assert meter.read() == 100  # a burst may go beyond the quota


def test_two_readings_at_once_tell_nothing(tmp_path: Path) -> None:
    given, clock = quota(tmp_path, 0), Clock()
    meter = ProcessorMeter(given, clock)
    assert "second reading" in str(meter.read())
    clock.now += 1
    (given.cgroup / "cpu.stat").write_text("usage_usec 250000\n")
    assert meter.read() == pytest.approx(50)


def test_a_quota_that_is_taken_away_is_noticed(tmp_path: Path) -> None:
    given, clock = quota(tmp_path, 0), Clock()
    meter = ProcessorMeter(given, clock)
    (given.cgroup / "cpu.max").write_text("max 100000")
    clock.now += 1
    assert "second reading" in str(meter.read())


def test_the_first_kind_of_groups_counts_in_nanoseconds(tmp_path: Path) -> None:
    given = roots(
        tmp_path,
        V1,
        cpu__cpuDOTcfs_quota_us="150000",
        cpu__cpuDOTcfs_period_us="100000",
        cpu__cpuacctDOTusage="2500000000",
    )
    assert cores_limit(given) == CoresLimit(1.5, 2.5)


@pytest.mark.alone
def test_work_of_this_process_shows(tmp_path: Path) -> None:
    meter = ProcessorMeter(Roots(cgroup=tmp_path))
    end = time.monotonic() + 0.5
    while time.monotonic() < end:
        pass
    found = meter.read()
    assert not isinstance(found, Reason)
    assert 50 / (os.cpu_count() or 1) <= found <= 100
