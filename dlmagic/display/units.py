"""Numbers as people read them: a unit that fits, and no digit that is only noise.

How many digits are shown follows from the uncertainty: the last digit is the first
one that the uncertainty touches. Two digits are the least; times show four at most,
ratios three.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

UNKNOWN = "unknown"
"""Stands for a number that is not there."""

_LEAST_DIGITS, _MOST_DIGITS, _MOST_RATIO_DIGITS = 2, 4, 3
_Units = tuple[tuple[float, str, float], ...]  # size, name, and the least number of them to show
_TIMES: _Units = (
    (1e-9, "ns", 0),
    (1e-6, "µs", 1),
    (1e-3, "ms", 1),
    (1.0, "s", 1),
    (60.0, "min", 2),  # 95 s is read faster than 1.58 min
    (3600.0, "h", 2),
)
_SIZES: _Units = ((1, "B", 0), (1e3, "kB", 1), (1e6, "MB", 1), (1e9, "GB", 1), (1e12, "TB", 1))
_PREFIXES: _Units = (
    (1, "", 0), (1e3, "k", 1), (1e6, "M", 1), (1e9, "G", 1), (1e12, "T", 1), (1e15, "P", 1),
)  # fmt: skip
_ENERGIES: _Units = ((1e-6, "µJ", 0), (1e-3, "mJ", 1), (1.0, "J", 1), (1e3, "kJ", 1))
_COUNTS: _Units = ((1e6, "million", 0), (1e9, "billion", 1), (1e12, "trillion", 1))


@dataclass(frozen=True)
class Scale:
    """A unit and a number of decimals, shared by a value and its interval.

    Attributes:
        unit: Such as ``"ms"``.
        size: How much one unit is.
        decimals: Digits after the point; below zero, digits before it are rounded away.
    """

    unit: str
    size: float
    decimals: int

    def number(self, value: float) -> str:
        """The number without its unit: ``"12.3"``."""
        if not math.isfinite(value):
            return UNKNOWN
        return fixed(value / self.size, self.decimals)

    def text(self, value: float) -> str:
        """The number with its unit: ``"12.3 ms"``."""
        return f"{self.number(value)} {self.unit}" if math.isfinite(value) else UNKNOWN

    def span(self, interval: tuple[float, float]) -> str:
        """An interval, its unit once: ``"11.9 to 12.8 ms"``."""
        low, high = interval
        return f"{self.number(low)} to {self.text(high)}"


def fixed(value: float, decimals: int) -> str:
    """A number with so many decimals and commas between thousands; never ``"-0"``.

    >>> fixed(1234.5678, 1), fixed(1234, -2), fixed(-0.01, 1)
    ('1,234.6', '1,200', '0.0')
    """
    rounded = round(value, decimals) + 0.0
    return f"{rounded:,.{max(decimals, 0)}f}"


def decimals_for(
    value: float, uncertainty: float | None, digits: int = 3, most: int = _MOST_DIGITS
) -> int:
    """How many decimals of ``value`` mean something.

    Args:
        value: The number to show.
        uncertainty: Half the width of its interval; None where it has none.
        digits: Significant digits where there is no uncertainty.
        most: Significant digits at most where there is.
    """
    if value == 0 or not math.isfinite(value):
        return 0
    top = _position(value, digits)
    if uncertainty is None or not math.isfinite(uncertainty):
        return digits - 1 - top
    wanted = top - _position(uncertainty) + 1 if uncertainty > 0 else most
    return min(max(wanted, _LEAST_DIGITS), most) - 1 - top


def _position(value: float, digits: int = 7) -> int:
    """The power of ten of the first of so many digits: 0 for 3.1, -3 for 0.0031."""
    return int(f"{abs(value):.{digits - 1}e}".partition("e")[2])


def _scale(value: float, uncertainty: float | None, digits: int, units: _Units) -> Scale:
    """The largest unit of which the value, as shown, is enough."""
    unit = units[0]
    for each in units:
        if round(abs(value) / each[0], _decimals(value, uncertainty, digits, each[0])) >= each[2]:
            unit = each
    size, name, _ = unit
    return Scale(name, size, _decimals(value, uncertainty, digits, size))


def _decimals(value: float, uncertainty: float | None, digits: int, size: float) -> int:
    scaled = None if uncertainty is None else uncertainty / size
    return max(decimals_for(value / size, scaled, digits), 0)


def half_width(interval: tuple[float, float] | None) -> float | None:
    """The uncertainty that an interval expresses; None without one."""
    return None if interval is None else abs(interval[1] - interval[0]) / 2


def time_scale(value: float, uncertainty: float | None = None, digits: int = 3) -> Scale:
    """The scale for a time in seconds, with its uncertainty in seconds."""
    return _scale(value, uncertainty, digits, _TIMES)


def seconds(value: float, uncertainty: float | None = None, digits: int = 3) -> str:
    """A time.

    >>> seconds(0.0123456), seconds(0.0123456, 0.0004), seconds(95)
    ('12.3 ms', '12.3 ms', '95.0 s')
    """
    return time_scale(value, uncertainty, digits).text(value) if value else "0 s"


def data_size(value: float, digits: int = 2) -> str:
    """A number of bytes, in powers of 1000.

    >>> data_size(1_500_000), data_size(12), data_size(85_899_345_920, digits=3)
    ('1.5 MB', '12 B', '85.9 GB')
    """
    if value < _SIZES[1][0]:
        return f"{value:.0f} B"
    return _scale(value, None, digits, _SIZES).text(value)


def rate(value: float, unit: str) -> str:
    """An amount per second, to three digits.

    >>> rate(95.23e9, "FLOP/s"), rate(1.5e12, "FLOP/s"), rate(120, "FLOP/s")
    ('95.2 GFLOP/s', '1.50 TFLOP/s', '120 FLOP/s')
    """
    units = tuple((size, f"{prefix}{unit}", least) for size, prefix, least in _PREFIXES)
    return _scale(value, None, 3, units).text(value)


def joules(value: float) -> str:
    """An energy, to two digits.

    >>> joules(0.0123), joules(250)
    ('12 mJ', '250 J')
    """
    return _scale(value, None, 2, _ENERGIES).text(value)


def percent(share: float) -> str:
    """A share of a whole, to two digits.

    >>> percent(0.64), percent(0.0123), percent(1.0)
    ('64 %', '1.2 %', '100 %')
    """
    return f"{fixed(100 * share, max(0, decimals_for(100 * share, None, 2)))} %"


def count(value: int) -> str:
    """An exact number: ``"9,400"``."""
    return f"{value:,}"


def about(value: float) -> str:
    """An estimated number, to two digits.

    >>> about(9387), about(12_345_678), about(3)
    ('9,400', '12 million', '3')
    """
    rounded = round(value, 1 - _position(value)) if value else 0.0
    if rounded < _COUNTS[0][0]:
        return fixed(rounded, 0)
    return _scale(rounded, None, 2, _COUNTS).text(rounded)


def listed(words: Iterable[str], most: int = 6) -> str:
    """Words with commas and an "and", each once; of many, the last are counted.

    >>> listed(["64", "256", "1024"]), listed(map(str, range(9)), most=3)
    ('64, 256 and 1024', '0, 1 and 7 more')
    """
    shown = list(dict.fromkeys(words))
    if len(shown) > most:
        shown = [*shown[: most - 1], f"{len(shown) - most + 1} more"]
    return " and ".join(filter(None, (", ".join(shown[:-1]), *shown[-1:])))


def plural(number: int, noun: str) -> str:
    """A number with its noun: ``"1 round"``, ``"2 rounds"``."""
    return f"{count(number)} {noun if number == 1 else noun + 's'}"


@dataclass(frozen=True)
class Ratio:
    """How many times as fast, with its interval, in digits that the interval allows.

    An interval that leaves out 1 is written with as many digits as it takes to see that.
    """

    value: float
    interval: tuple[float, float] | None = None

    @property
    def inverse(self) -> Ratio:
        """The same seen from the other side: half as fast is twice as slow."""
        turned = self.interval and (1 / self.interval[1], 1 / self.interval[0])
        return Ratio(1 / self.value, turned)

    @property
    def decimals(self) -> int:
        """Digits after the point."""
        uncertainty = half_width(self.interval)
        least = max(decimals_for(self.value, uncertainty, most=_MOST_RATIO_DIGITS), 0)
        low, high = self.interval or (1.0, 1.0)
        if low <= 1 <= high:
            return least
        ends = (least, least + 1, least + 2)
        seen = (d for d in ends if round(low, d) > 1 or round(high, d) < 1)
        return next(seen, least)

    def __str__(self) -> str:
        if not math.isfinite(self.value):
            return UNKNOWN
        return f"{fixed(self.value, self.decimals)}x"

    def span(self, unit: str = "") -> str:
        """The interval: ``"2.8 to 3.3"``; empty without one."""
        if self.interval is None or not all(map(math.isfinite, self.interval)):
            return ""
        low, high = (fixed(end, self.decimals) for end in self.interval)
        return f"{low}{unit} to {high}{unit}"

    def with_span(self) -> str:
        """Both: ``"3.1x (2.8 to 3.3)"``."""
        return f"{self} ({self.span()})" if self.span() else str(self)


def tiny(value: float) -> str:
    """A relative error, to one digit.

    >>> tiny(2.3e-7), tiny(0.034), tiny(1.5)
    ('2e-7', '0.03', '2')
    """
    if not math.isfinite(value):
        return UNKNOWN
    mantissa, _, power = f"{value:.0e}".partition("e")
    if -3 <= int(power) <= 2 or value == 0:
        return f"{float(f'{value:.0e}'):g}"
    return f"{mantissa}e{int(power)}"
