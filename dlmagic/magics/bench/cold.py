"""Cold caches: before every timed call, what the cell has in caches is overwritten."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from dlmagic.devices.caches import cache_bytes, last_level_bytes, overwriting, overwritten_bytes
from dlmagic.display.units import data_size
from dlmagic.frameworks.costs import FlushesCaches
from dlmagic.frameworks.protocol import Framework


@dataclass(frozen=True)
class Flush:
    """How caches are flushed; the same for all arms.

    Attributes:
        run: Overwrites them, and is done when it returns.
        note: What it does, one sentence for the user.
    """

    run: Callable[[], object]
    note: str


def flush_for(frameworks: Sequence[Framework]) -> Flush:
    """Flush the last-level cache of the processor, and those of the devices in use."""
    size = cache_bytes()
    flushers: list[Callable[[], object]] = [overwriting(size)]
    for framework in frameworks:
        own = framework.cache_flusher() if isinstance(framework, FlushesCaches) else None
        if own is not None:
            flushers.append(own)

    def run() -> None:
        for flush in flushers:
            flush()

    known = last_level_bytes()
    cache = f"the cache of {data_size(size)}" if known else "a cache of unknown size"
    devices = ", and the GPU's cache" if len(flushers) > 1 else ""
    written = data_size(overwritten_bytes(size))
    return Flush(
        run, f"Cold: before each timed call {cache} was overwritten with {written}{devices}."
    )
