"""Sizes, times and shares as people write them: ``8GB``, ``10m``, ``10%``.

A bare number is refused where its unit is not plain: 8 may be bytes or gigabytes, and 2 seconds
or hours.
"""

from __future__ import annotations

import math
import re

from dlmagic.errors import OptionError

_PLAIN = re.IGNORECASE | re.ASCII
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([kmgt]?i?b|[kmgt])", _PLAIN)
_TIME = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|sec|m|min|h|d)", _PLAIN)
_TIMES = re.compile(rf"({_TIME.pattern}\s*)+", _PLAIN)
_SHARE = re.compile(r"(\d+(?:\.\d+)?)\s*%?", re.ASCII)
_PREFIXES = "kmgt"
_SECONDS = {"ms": 1e-3, "s": 1, "sec": 1, "m": 60, "min": 60, "h": 3600, "d": 86400}
_MOST_BYTES = 2**63
FOREVER = "forever"


def bytes_of(given: str | float, name: str) -> int:
    """A size in bytes: ``8GB`` is 8 thousand million of them, ``8GiB`` is 8 times 2 to the 30th.

    Args:
        given: What was written; a whole number counts bytes.
        name: What it was written for, such as ``"--min-free"``.

    Raises:
        OptionError: It is no size.
    """
    found = given if not isinstance(given, str) else _size(given.strip())
    if found is None or isinstance(found, bool) or not 0 <= found < _MOST_BYTES:
        raise OptionError(
            f"{name} takes a size with its unit, such as 8GB or 500MiB, not {given!r}."
        )
    return round(found)


def seconds_of(given: str | float, name: str, *, such_as: str = "30s, 10m, 2h or forever") -> float:
    """A time in seconds: ``30s``, ``10m``, ``1h30m``; infinite for ``forever``.

    Args:
        given: What was written; a number counts seconds.
        name: What it was written for, such as ``"--wait"``.
        such_as: What would do, for who wrote something else.

    Raises:
        OptionError: It is no time.
    """
    found = given if not isinstance(given, str) else _time(given.strip())
    if found is None or isinstance(found, bool) or not found >= 0:
        raise OptionError(f"{name} takes a time with its unit, such as {such_as}, not {given!r}.")
    return float(found)


def percent_of(given: str | float, name: str) -> float:
    """A share of 100: ``10`` or ``10%``.

    Args:
        given: What was written.
        name: What it was written for, such as ``"--max-util"``.

    Raises:
        OptionError: It is none, or above 100.
    """
    match = _SHARE.fullmatch(str(given).strip())
    if match is None or float(match[1]) > 100:
        raise OptionError(f"{name} takes a percentage from 0 to 100, not {given!r}.")
    return float(match[1])


def count_of(given: str | int, name: str) -> int:
    """A number of things, one at least.

    Args:
        given: What was written.
        name: What it was written for, such as ``"%gpus pick"``.

    Raises:
        OptionError: It is none.
    """
    text = str(given).strip()
    if isinstance(given, bool) or not text.isascii() or not text.isdigit() or int(text) < 1:
        raise OptionError(f"{name} takes a number of GPUs, 1 or more, not {given!r}.")
    return int(text)


def _size(text: str) -> float | None:
    match = _SIZE.fullmatch(text)
    if match is None:
        return None
    unit = match[2].lower()
    power = _PREFIXES.find(unit[0]) + 1
    return float(match[1]) * float((1024 if "i" in unit else 1000) ** power)


def _time(text: str) -> float | None:
    if text.lower() == FOREVER:
        return math.inf
    if _TIMES.fullmatch(text) is None:
        return None
    return sum(float(number) * _SECONDS[unit.lower()] for number, unit in _TIME.findall(text))
