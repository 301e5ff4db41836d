"""JAX's memory: planted peaks in main memory, and what is made of its allocators' counts."""

from __future__ import annotations

from pathlib import Path

import jax
import jax.numpy as jnp
import pytest

from dlmagic.devices.host import HostMemory
from dlmagic.devices.reading import Reason
from dlmagic.frameworks.costs import DevicePeak
from dlmagic.frameworks.jax import memory
from dlmagic.frameworks.jax.adapter import JaxFramework
from dlmagic.magics.bench.memory_pass import measure_peak
from tests.magics.bench.real_runner import RealRunner

PLANTED = 256 * 2**20
linux = pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="needs Linux's /proc")


def eagerly():
    return jnp.ones(PLANTED // 4).sum()


@jax.jit
def compiled(places):
    """What is written to places known only later must be there as a whole first."""
    return jnp.zeros(PLANTED // 4).at[places].add(1.0).sum()


@linux
@pytest.mark.usefixtures("on_processor")
@pytest.mark.parametrize(
    "function", [eagerly, lambda: compiled(jnp.arange(10))], ids=["eager", "jit"]
)
def test_a_planted_transient_is_found(function):
    found = measure_peak(RealRunner(function, JaxFramework()), [JaxFramework()], HostMemory())
    assert found.allocated == pytest.approx(PLANTED, rel=0.1)


COUNTS = ("bytes_in_use", "peak_bytes_in_use", "num_allocs")


class Device:
    """A device whose allocator gives these numbers in turn: bytes in use, at most, allocations."""

    platform = "cpu"

    def __init__(self, *counts: tuple[int, ...]) -> None:
        self.counts = list(counts)

    def memory_stats(self):
        return dict(zip(COUNTS, self.counts.pop(0), strict=False))


def test_a_new_peak_of_an_allocator_counts_above_what_was_in_use():
    device = Device((100, 150), (100, 150), (120, 900))
    peak = memory.watch_memory([device])
    assert peak() == DevicePeak(800, None, "JAX allocator")


def test_a_peak_below_an_earlier_one_has_a_reason():
    device = Device((100, 900), (100, 900), (120, 900))
    found = memory.watch_memory([device])()
    assert isinstance(found, Reason)
    assert "largest peak" in str(found)


def test_an_allocator_that_was_not_asked_for_anything_hides_nothing():
    """The cell computes elsewhere, in a process where JAX has used a GPU before."""
    device = Device((100, 900, 7), (100, 900, 7), (100, 900, 7))
    assert memory.watch_memory([device])() == DevicePeak(0, None, "JAX allocator")
    device = Device((100, 900, 7), (100, 900, 7), (100, 900, 8))
    assert isinstance(memory.watch_memory([device])(), Reason)


def test_a_processor_has_no_allocator_of_its_own():
    assert memory.watch_memory() is None or jax.default_backend() != "cpu"


def test_there_is_nothing_to_flush_on_a_processor():
    assert memory.cache_flusher([jax.devices("cpu")[0]]) is None
