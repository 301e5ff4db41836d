"""What a call needs beside time, as it stands in a table; None where it was not measured."""

from __future__ import annotations

from dlmagic.display.parts import Span
from dlmagic.display.units import about, data_size, joules, percent, rate
from dlmagic.magics.bench.arm_result import RESIDENT, Arm

_PAGES = 1_000_000  # bytes; below, other threads of the process may have made the difference


def memory(arm: Arm) -> Span | None:
    """What one call adds to the memory at most; below a page or so nobody can tell."""
    if arm.peak_memory is None:
        return None
    if arm.memory_source == RESIDENT and arm.peak_memory < _PAGES:
        return Span(f"< {data_size(_PAGES)}")
    return Span(data_size(arm.peak_memory))


def reserved(arm: Arm) -> Span | None:
    """What the allocator asked the device for."""
    return None if arm.peak_reserved is None else Span(data_size(arm.peak_reserved))


def flops(arm: Arm) -> Span | None:
    """Floating point operations of one call."""
    return None if arm.flops is None else Span(about(arm.flops))


def flop_rate(arm: Arm) -> Span | None:
    """Floating point operations a second."""
    return None if arm.flop_rate is None else Span(rate(arm.flop_rate, "FLOP/s"))


def roofline_share(arm: Arm) -> Span | None:
    """The least time that the machine needs for them, as a share of the measured one."""
    if arm.roofline_share is None:
        return None
    return Span(percent(arm.roofline_share), "bad" if arm.roofline_share > 1 else "plain")


def energy(arm: Arm) -> Span | None:
    """What the boards took for one call."""
    return None if arm.energy is None else Span(joules(arm.energy))
