"""The peak of memory: medians, sources and reasons, and planted transients on the real counter."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from dlmagic.cell.output import StreamOutput
from dlmagic.cell.source import CellSource
from dlmagic.devices.host import HostMemory
from dlmagic.devices.reading import Reason
from dlmagic.frameworks.costs import DevicePeak
from dlmagic.frameworks.torch.adapter import TorchFramework
from dlmagic.magics.bench.arm_result import RESIDENT
from dlmagic.magics.bench.engine import bench_cell
from dlmagic.magics.bench.memory_pass import REPETITIONS, measure_peak
from dlmagic.magics.bench.request import Request, Surroundings
from tests.magics.bench.real_runner import RealRunner
from tests.magics.bench.simulated import FakeRunner, Machine

MEBI = 2**20
PLANTED = 256 * MEBI
linux = pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="needs Linux's /proc")


class Host(HostMemory):
    """Memory that rises by one of some amounts in each call."""

    def __init__(self, *rises: int, refuse: Reason | None = None) -> None:
        super().__init__()
        self.rises, self.refuse, self.trimmed = list(rises), refuse, 0

    def resident_bytes(self) -> int:
        return 1000

    def peak_bytes(self) -> int:
        return 1000 + self.rises.pop(0)

    def reset_peak(self) -> Reason | None:
        return self.refuse

    def release_free(self) -> bool:
        self.trimmed += 1
        return True


class Device(TorchFramework):
    """A framework with an allocator that gives these answers in turn."""

    def __init__(self, *answers: DevicePeak | Reason) -> None:
        super().__init__()
        self.answers = list(answers)

    def watch_device_memory(self) -> Callable[[], DevicePeak | Reason]:
        return lambda: self.answers.pop(0)


def test_the_median_of_the_calls_counts_each_from_the_start() -> None:
    host = Host(70, 10, 50, 20, 30)
    runner = FakeRunner(Machine(), hook=lambda runner, call: None)
    found = measure_peak(runner, [], host)
    assert (found.allocated, found.reserved, found.source) == (30, None, RESIDENT)
    assert runner.called == 1 + REPETITIONS == 6
    assert runner.restored == 2 + REPETITIONS
    assert host.trimmed == REPETITIONS


def test_a_refusal_is_a_reason() -> None:
    refused = Reason("not here")
    assert measure_peak(FakeRunner(Machine()), [], Host(*[1] * 5, refuse=refused)) is refused


def test_the_allocator_counts_where_a_device_is_used() -> None:
    peaks = [DevicePeak(size, 2 * size, "CUDA allocator") for size in (5, 1, 3, 2, 4)]
    found = measure_peak(FakeRunner(Machine()), [Device(*peaks)], Host(*[99] * 5))
    assert (found.allocated, found.reserved, found.source) == (3, 6, "CUDA allocator")


def test_main_memory_counts_where_a_device_is_there_and_not_used() -> None:
    idle = [DevicePeak(0, 0, "CUDA allocator")] * 5
    found = measure_peak(FakeRunner(Machine()), [Device(*idle)], Host(*[99] * 5))
    assert (found.allocated, found.source) == (99, RESIDENT)


def test_an_allocator_that_cannot_tell_has_a_reason() -> None:
    reason = Reason("an earlier peak was larger")
    assert measure_peak(FakeRunner(Machine()), [Device(*[reason] * 5)], Host(*[9] * 5)) is reason


def one_array() -> object:
    return torch.ones(PLANTED // 4).sum()


def two_arrays() -> object:
    a = torch.ones(PLANTED // 8)
    return (a * 2)[:10].clone()


def numpy_beside_smaller_ones() -> object:
    large = np.ones(PLANTED // 8)
    return sum(np.ones(100_000).sum() + large[0] for _ in range(30))


def many_pieces() -> object:
    return len([b"x" * 2**18 for _ in range(PLANTED // 2**18)])


@linux
@pytest.mark.parametrize(
    "function", [one_array, two_arrays, numpy_beside_smaller_ones, many_pieces]
)
def test_a_planted_transient_is_found(function: Callable[[], object]) -> None:
    found = measure_peak(RealRunner(function), [], HostMemory())
    assert found.source == RESIDENT
    assert found.allocated == pytest.approx(PLANTED, rel=0.1)


@linux
def test_a_result_tells_the_peak_of_each_alternative(bench, namespace) -> None:
    namespace.update(np=np)
    text = "# --- one\ny = np.ones(8 * 2**20).sum()\n# --- two\ny = np.ones(4 * 2**20).sum()"
    result = bench(text, memory=True, seconds=0.05)
    assert result["one"].peak_memory == pytest.approx(64 * MEBI, rel=0.1)
    assert result["two"].peak_memory == pytest.approx(32 * MEBI, rel=0.1)
    assert result["one"].memory_source == RESIDENT
    assert any(note.startswith("Peak memory: what one call adds") for note in result.notes)


@linux
def test_what_was_there_before_does_not_count(bench, namespace) -> None:
    namespace["x"] = torch.ones(4 * MEBI)
    arm = bench("y = x.sum()", memory=True, modes=["eager"])["eager"]
    assert arm.peak_memory < 4e6


@linux
def test_memory_that_the_c_library_kept_does_not_hide_a_peak(bench, namespace) -> None:
    """Pieces of 100 kB come from the heap, and stay there when they are freed."""
    namespace["np"] = np
    arm = bench("y = len([np.ones(12_500) for _ in range(300)])", memory=True)["python"]
    assert arm.peak_memory == pytest.approx(30e6, rel=0.1)


def test_without_proc_a_note_says_why_and_nothing_is_made_up(namespace, tmp_path) -> None:
    request = Request(CellSource.from_text("1 + 1"), namespace, seconds=0.05, memory=True)
    surroundings = Surroundings(StreamOutput(), host_memory=HostMemory(tmp_path / "absent"))
    result = bench_cell(request, surroundings)
    assert result["python"].peak_memory is None
    assert any("Peak memory is not measurable here" in note for note in result.notes)
