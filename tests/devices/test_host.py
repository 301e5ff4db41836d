"""The process's memory as Linux counts it, and what is said where it does not."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from dlmagic.devices.host import HostMemory
from dlmagic.devices.reading import Reason

MEBI = 2**20
linux = pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="needs Linux's /proc")


@linux
def test_the_peak_begins_anew_and_sees_what_is_gone_again() -> None:
    memory = HostMemory()
    np.ones(128 * MEBI, np.uint8)
    assert memory.reset_peak() is None
    before = memory.resident_bytes()
    np.ones(64 * MEBI, np.uint8)
    assert memory.peak_bytes() - before == pytest.approx(64 * MEBI, rel=0.1)
    assert memory.resident_bytes() - before < 8 * MEBI


@linux
def test_freed_memory_goes_back_so_that_using_it_again_shows() -> None:
    memory = HostMemory()
    pieces = [bytes(50_000) for _ in range(1000)]  # too small to be mapped each by itself
    del pieces
    if not memory.release_free():
        pytest.skip("needs glibc")
    memory.reset_peak()
    before = memory.resident_bytes()
    pieces = [b"x" * 50_000 for _ in range(1000)]
    assert memory.peak_bytes() - before > 40_000_000
    del pieces


def test_without_proc_there_is_a_reason_and_no_zero(tmp_path: Path) -> None:
    memory = HostMemory(tmp_path / "absent")
    assert isinstance(memory.resident_bytes(), Reason)
    assert isinstance(memory.peak_bytes(), Reason)
    refused = memory.reset_peak()
    assert isinstance(refused, Reason)
    assert "reset its peak" in str(refused)


def test_a_status_without_the_field_is_a_reason(tmp_path: Path) -> None:
    (tmp_path / "status").write_text("Name:\tpython\nVmRSS:\t  2048 kB\n")
    memory = HostMemory(tmp_path)
    assert memory.resident_bytes() == 2 * MEBI
    assert "no VmHWM" in str(memory.peak_bytes())


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="permissions of Linux")
def test_a_refusal_is_told(tmp_path: Path) -> None:
    (tmp_path / "clear_refs").mkdir()  # even root cannot write to a directory
    assert "is a directory" in str(HostMemory(tmp_path).reset_peak())
