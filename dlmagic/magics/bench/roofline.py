"""How long the counted work would take at the limits of the device, measured on the spot.

The roofline model (Williams, Waterman and Patterson 2009): a computation is bound by the FLOPs
that the device does per second, or by the bytes that its memory moves. Both are taken from what
the framework itself reaches, with its present threads and precision: a large matrix product in
each of the cell's dtypes, and the faster of a large copy and a large sum. Of an operation's
bytes, as many as the last-level cache holds may not have come from memory and are left out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from dlmagic.devices.caches import USUAL_SIZE, cache_bytes
from dlmagic.display.units import data_size, rate
from dlmagic.frameworks.costs import HasRoofline, OperationCount
from dlmagic.frameworks.protocol import Framework
from dlmagic.magics.bench.clock import Clock

_FIRST_SIZE, _LARGEST_SIZE = 256, 16_384  # rows of the matrices
_LONG_ENOUGH = 0.05  # seconds of a product that is large enough to reach the limit
_REPEAT_FOR = 0.15  # seconds
_FEWEST = 3
_TRAFFIC = (64 * 1024**2, 256 * 1024**2)  # bytes at least and at most
_BEYOND_CACHE = 8  # times the cache, so that hardly anything of it stays there

Key = tuple[object, ...]
_known: dict[Key, float] = {}
"""What was measured in this session, by framework, settings, dtype and device."""


@dataclass(frozen=True)
class Roofline:
    """The limits of what a cell computes with.

    Attributes:
        flop_rates: FLOP/s by dtype and device.
        bandwidths: Bytes per second by device; those that matter.
    """

    flop_rates: dict[tuple[str, str], float]
    bandwidths: dict[str, float]

    def seconds(self, count: OperationCount) -> float:
        """The least time that the work takes within these limits."""
        work: dict[tuple[str, str], float] = {}
        for operation, times in count.operations.items():
            kind = operation.dtype, operation.device
            work[kind] = work.get(kind, 0.0) + operation.flops * times
        computing = sum(flops / self.flop_rates[kind] for kind, flops in work.items())
        moving = sum(size / self.bandwidths[device] for device, size in beyond_cache(count).items())
        return max(computing, moving)

    def in_words(self) -> list[str]:
        """Such as ``95 GFLOP/s in float32`` and ``11 GB/s of memory``."""
        rates = [f"{rate(r, 'FLOP/s')} in {dtype}" for (dtype, _), r in self.flop_rates.items()]
        moved = [f"{data_size(bandwidth)}/s of memory" for bandwidth in self.bandwidths.values()]
        return [*dict.fromkeys(rates), *dict.fromkeys(moved)]


def beyond_cache(count: OperationCount) -> dict[str, float]:
    """Bytes by device that cannot have come from the cache; devices without any are left out."""
    found: dict[str, float] = {}
    for operation, times in count.operations.items():
        size = times * max(0.0, operation.bytes_moved - _cache_of(operation.device))
        if size > 0:
            found[operation.device] = found.get(operation.device, 0.0) + size
    return found


def measure_roofline(
    framework: Framework, count: OperationCount, clock: Clock, *, again: bool = False
) -> Roofline:
    """The limits for some work; what this session has measured before is not measured again.

    Args:
        framework: What the cell computes with.
        count: The work.
        clock: Where time is read.
        again: Whether to measure all the same; the better figure is kept.

    Raises:
        Exception: The framework cannot do such work on the device.
    """
    assert isinstance(framework, HasRoofline)
    meter = _Meter(framework, framework, clock, again)
    kinds = dict.fromkeys((each.dtype, each.device) for each in count.operations)
    return Roofline(
        {kind: meter.flop_rate(*kind) for kind in kinds},
        {device: meter.bandwidth(device) for device in beyond_cache(count)},
    )


@dataclass
class _Meter:
    framework: Framework
    work: HasRoofline
    clock: Clock
    again: bool

    def flop_rate(self, dtype: str, device: str) -> float:
        return self._kept((dtype, device), lambda: self._largest_product(dtype, device))

    def bandwidth(self, device: str) -> float:
        return self._kept((device,), lambda: self._fastest_traffic(device))

    def _kept(self, what: Key, measure: Callable[[], float]) -> float:
        key = (self.framework.name, *sorted(self.framework.settings().items()), *what)
        if self.again or key not in _known:
            _known[key] = max(measure(), _known.get(key, 0.0))
        return _known[key]

    def _largest_product(self, dtype: str, device: str) -> float:
        """Products twice as large each time, until one takes long enough."""
        best, size, seconds = 0.0, _FIRST_SIZE, 0.0
        while seconds < _LONG_ENOUGH and size <= _LARGEST_SIZE:
            seconds = self._fastest(self.work.matrix_product(size, dtype, device))
            best = max(best, 2 * size**3 / seconds)
            size *= 2
        return best

    def _fastest_traffic(self, device: str) -> float:
        size = min(max(_BEYOND_CACHE * _cache_of(device), _TRAFFIC[0]), _TRAFFIC[1])
        works = self.work.memory_traffic(size, device)
        return max(moved / self._fastest(work) for moved, work in works.items())

    def _fastest(self, work: Callable[[], object]) -> float:
        """Seconds of the quickest of a few calls, the first of which does not count."""
        self.framework.synchronise(work())
        begin, found = self.clock.now(), list[float]()
        while len(found) < _FEWEST or self.clock.now() - begin < _REPEAT_FOR:
            start = self.clock.now()
            self.framework.synchronise(work())
            found.append(max(self.clock.now() - start, 1e-9))
        return min(found)


def _cache_of(device: str) -> int:
    """Bytes of the cache in front of a device's memory; of a GPU, more than any has."""
    return cache_bytes() if device.lower().startswith("cpu") else USUAL_SIZE
