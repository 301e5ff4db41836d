"""The limits of the machine, and what is said of a time that lies beyond them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import pytest

from dlmagic.devices.caches import cache_bytes
from dlmagic.frameworks.costs import Operation, OperationCount
from dlmagic.frameworks.plain.adapter import PlainFramework
from dlmagic.magics.bench.costs import Costs
from dlmagic.magics.bench.doubt import Doubt, impossible_time
from dlmagic.magics.bench.roofline import Roofline, beyond_cache, measure_roofline
from dlmagic.magics.bench.timed_arm import TimedArm
from tests.magics.bench.simulated import FakeRunner, Machine

FLOP_RATE, BANDWIDTH = 50e9, 8e9
LARGE = 10 * cache_bytes()


class Device(PlainFramework):
    """A simulated device of known limits, whose small products are slow."""

    name = "simulated"

    def __init__(self, machine: Machine, threads: int = 1) -> None:
        super().__init__()
        self.machine, self.threads, self.sizes = machine, threads, []

    def settings(self) -> Mapping[str, str]:
        return {"threads": str(self.threads)}

    def matrix_product(self, size: int, dtype: str, device: str) -> Callable[[], None]:
        self.sizes.append(size)
        factor = 2 if dtype == "float64" else 1
        seconds = 1e-4 + 2 * size**3 / (FLOP_RATE * self.threads) * factor
        return lambda: self.machine.work(seconds)

    def memory_traffic(self, size: int, device: str) -> Mapping[int, Callable[[], None]]:
        return {
            2 * size: lambda: self.machine.work(2 * size / (BANDWIDTH / 2)),
            size: lambda: self.machine.work(size / BANDWIDTH),
        }


def work(*operations: Operation) -> OperationCount:
    count = OperationCount()
    for operation in operations:
        count.add(operation)
    return count


def limits(count: OperationCount, machine: Machine | None = None, threads: int = 1) -> Roofline:
    machine = machine or Machine()
    return measure_roofline(Device(machine, threads), count, machine, again=True)


def test_the_peak_is_that_of_the_largest_product() -> None:
    found = limits(work(Operation("float32", "cpu", 1e9, 1e6)))
    assert found.flop_rates == {("float32", "cpu"): pytest.approx(FLOP_RATE, rel=0.01)}
    assert found.bandwidths == {}  # the operands fit the cache: nothing need come from memory
    (words,) = found.in_words()
    assert words.endswith(" GFLOP/s in float32")


def test_the_time_of_a_product_is_its_flops_at_the_peak() -> None:
    count = work(Operation("float32", "cpu", 1e9, 1e6), Operation("float64", "cpu", 1e9, 1e6))
    assert limits(count).seconds(count) == pytest.approx(1e9 / FLOP_RATE * 3, rel=0.01)


def test_memory_limits_where_more_moves_than_the_cache_holds() -> None:
    count = work(Operation("float32", "cpu", 1e6, LARGE))
    found = limits(count)
    assert found.bandwidths == {"cpu": pytest.approx(BANDWIDTH)}  # the sum, not the slower copy
    assert found.seconds(count) == pytest.approx((LARGE - cache_bytes()) / BANDWIDTH)
    assert beyond_cache(work(Operation("float32", "cpu", 1e6, cache_bytes()))) == {}


def test_what_was_measured_is_kept_for_the_session_until_a_setting_changes() -> None:
    count = work(Operation("float32", "cpu:kept", 1e9, 1e6))
    machine = Machine()
    device = Device(machine)
    measure_roofline(device, count, machine)
    measured = len(device.sizes)
    measure_roofline(device, count, machine)
    assert len(device.sizes) == measured
    measure_roofline(device, count, machine, again=True)
    assert len(device.sizes) == 2 * measured
    device.threads = 2
    faster = measure_roofline(device, count, machine)
    assert faster.flop_rates["float32", "cpu:kept"] == pytest.approx(2 * FLOP_RATE, rel=0.02)


class Busy(Device):
    """A device that other users slow down while its limits are first measured."""

    def __init__(self, machine: Machine, slow_for: float) -> None:
        super().__init__(machine)
        self.slow_for = slow_for

    def matrix_product(self, size: int, dtype: str, device: str) -> Callable[[], None]:
        seconds = 2 * size**3 / FLOP_RATE
        return lambda: self.machine.work(seconds * (10 if self.machine.time < self.slow_for else 1))


def arm(machine: Machine, seconds: float) -> TimedArm:
    runner = FakeRunner(machine, "jit", seconds)
    return TimedArm(runner, Costs(), seconds)  # type: ignore[arg-type]


GIGAFLOP = work(Operation("float32", "cpu:doubted", 1e9, 1e6))


def test_a_limit_from_a_busy_moment_is_measured_again_before_a_time_is_doubted() -> None:
    machine = Machine()
    device = Busy(machine, slow_for=math.inf)
    low = measure_roofline(device, GIGAFLOP, machine, again=True)
    assert low.seconds(GIGAFLOP) > 0.1
    device.slow_for = machine.time + 0.5
    quick = arm(machine, 1e9 / FLOP_RATE * 1.1)
    roofline, impossible = Doubt(quick, device, GIGAFLOP, machine).settle(low)
    assert not impossible
    assert roofline.seconds(GIGAFLOP) == pytest.approx(1e9 / FLOP_RATE, rel=0.05)


def test_a_time_that_stays_beyond_the_limit_is_impossible() -> None:
    machine = Machine()
    device = Device(machine)
    roofline = measure_roofline(device, GIGAFLOP, machine, again=True)
    for factor, impossible in ((1.0, False), (1 / 1.1, False), (0.5, True)):
        timed = arm(machine, 1e9 / FLOP_RATE * factor)
        assert Doubt(timed, device, GIGAFLOP, machine).settle(roofline)[1] is impossible


def test_what_is_said_of_an_impossible_time() -> None:
    finding = impossible_time("jit", 1e-3, work(Operation("float32", "cpu", 1e9, 0)), 0.02)
    assert finding.kind == "impossible-time"
    assert "jit takes 1.00 ms" in finding.message
    assert "20.0 ms" in finding.message
    assert "work was skipped" in finding.message


def test_work_that_a_mode_skips_is_found(bench, namespace) -> None:
    """Nobody uses the product, so XLA leaves it out; the eager cell computes it."""
    jax = pytest.importorskip("jax")
    with jax.default_device(jax.devices("cpu")[0]):  # a GPU would need far more to be busy
        namespace.update(jax=jax, x=jax.numpy.ones((1024, 1024)))
    result = bench("unused = (x @ x)[0, 0]; del unused\ny = x[0] + 1", flops=True, seconds=0.5)
    assert result["jit"].flops == result["eager"].flops == 2 * 1024**3
    assert result["jit"].roofline_share > 2
    assert 0 < result["eager"].roofline_share <= 1
    (finding,) = [f for f in result["jit"].findings if f.kind == "impossible-time"]
    assert "work was skipped" in finding.message
    assert not [f for f in result["eager"].findings if f.kind == "impossible-time"]


def test_the_share_of_a_real_product_lies_below_one(bench, namespace) -> None:
    import torch

    namespace["x"] = torch.ones(512, 512)
    result = bench("x @ x", flops=True, modes=["eager"], seconds=0.3)
    arm = result["eager"]
    assert 0.05 < arm.roofline_share <= 1
    assert arm.flop_rate == pytest.approx(2 * 512**3 / arm.median)
    assert any(note.startswith("Roofline, ") for note in result.notes)
