"""Whether two runs of a cell have said the same."""

from __future__ import annotations

import math
import re
from collections import Counter
from itertools import starmap

_FRACTION = re.compile(r"-?\d+\.\d*(?:e[-+]?\d+)?|-?\d+e[-+]?\d+")


def said_alike(wanted: Counter[str], found: Counter[str]) -> bool:
    """Whether two runs said the same, but for the rounding of numbers with a fraction."""
    if wanted == found:
        return True
    pairs = list(zip(sorted(wanted.elements()), sorted(found.elements()), strict=False))
    return wanted.total() == found.total() and all(starmap(_alike, pairs))


def _alike(first: str, second: str) -> bool:
    if _FRACTION.sub("#", first) != _FRACTION.sub("#", second):
        return False
    numbers = zip(_FRACTION.findall(first), _FRACTION.findall(second), strict=True)
    return all(math.isclose(float(a), float(b), rel_tol=1e-5, abs_tol=1e-6) for a, b in numbers)


def said_instead(wanted: Counter[str], found: Counter[str]) -> str:
    """What the second run said and the first did not, and the other way round."""
    only = (next(iter(each), "") for each in (wanted - found, found - wanted))
    plain, graph = (" ".join(text.split()) for text in only)
    return f"{graph:.60} instead of {plain:.60}" if plain and graph else "something else"
