"""Caches are flushed before every timed call, outside the window, for every arm alike."""

from __future__ import annotations

import numpy as np
import pytest

from dlmagic.devices.caches import cache_bytes
from dlmagic.frameworks.plain.adapter import PlainFramework
from dlmagic.frameworks.torch.adapter import TorchFramework
from dlmagic.magics.bench.cold import flush_for
from dlmagic.magics.bench.measure import measure
from dlmagic.magics.bench.second_copy import SECOND_COPY
from tests.magics.bench.simulated import FakeRunner, Machine

FLUSH = 0.02  # seconds


def measured_cold(machine: Machine, flushes: list[float], **speeds: float):
    def flush() -> None:
        machine.time += FLUSH
        flushes.append(machine.time)

    runners = [FakeRunner(machine, name, seconds) for name, seconds in speeds.items()]
    return measure(runners, seconds=2.0, clock=machine, flush=flush)


def test_every_block_is_one_call_after_a_flush_that_is_not_timed() -> None:
    flushes: list[float] = []
    result = measured_cold(Machine(), flushes, slow=2e-3, fast=5e-6)
    assert result.calls == {"slow": 1, "fast": 1, SECOND_COPY: 1}
    blocks = [block for name in result.calls for block in result.blocks(name)]
    assert len(flushes) == len(blocks)
    assert {block.calls for block in blocks} == {1}
    for name, seconds in (("slow", 2e-3), ("fast", 5e-6)):
        assert result.samples(name) == pytest.approx([seconds] * len(result.rounds))


def test_flushing_takes_from_the_budget() -> None:
    flushes: list[float] = []
    machine = Machine()
    result = measured_cold(machine, flushes, a=1e-3, b=1e-3)
    assert result.seconds <= 2.2 or result.ending != "budget"
    assert len(result.rounds) < 2.0 / (2 * FLUSH) + 1


def test_what_is_flushed_is_told() -> None:
    flush = flush_for([PlainFramework()])
    assert flush.note.startswith("Cold: before each timed call")
    assert flush.note.count(".") <= 3


class WithDevice(TorchFramework):
    """Stands for a framework with a device: counts how often its cache is flushed."""

    flushed = 0

    def cache_flusher(self):
        def flush() -> None:
            WithDevice.flushed += 1

        return flush


def test_the_caches_of_devices_are_flushed_as_well() -> None:
    flush = flush_for([WithDevice(), PlainFramework()])
    flush.run()
    assert WithDevice.flushed == 1
    assert "the GPU's cache" in flush.note


def test_a_result_says_that_it_was_cold(bench, namespace) -> None:
    namespace["x"] = [1, 2]
    result = bench("# --- first\nsum(x)\n# --- second\nmax(x)", cold=True, seconds=0.5)
    assert result.cold
    assert all(arm.calls == 1 for arm in result.arms)
    assert "with cold caches" in repr(result)
    assert any(note.startswith("Cold:") for note in result.notes)
    assert type(result).from_json(result.to_json()).cold
    assert not bench("sum(x)").cold


@pytest.mark.alone
def test_an_array_that_fits_the_cache_is_read_more_slowly_when_it_is_cold(bench, namespace) -> None:
    """The real effect; a neighbour may take the shared cache away from the warm arm."""
    namespace["x"] = np.ones(min(cache_bytes() // 8, 4 * 2**20) // 8)
    ratios = []
    for _ in range(4):
        warm = bench("x.sum()", seconds=0.4)["python"].median
        cold = bench("x.sum()", seconds=0.8, cold=True)["python"].median
        ratios.append(cold / warm)
        if ratios[-1] > 1.2:
            return
    raise AssertionError(f"cold times over warm times: {ratios}")
