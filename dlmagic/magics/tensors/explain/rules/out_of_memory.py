"""More memory than there is."""

from __future__ import annotations

import re
from collections.abc import Iterator

from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.rule import Candidate, Explained, Operand
from dlmagic.magics.tensors.explain.sites import Site

PATTERNS = (
    re.compile(r"out of memory\. Tried to allocate (?P<asked>[\d.]+ \w+)"),
    re.compile(r"you tried to allocate (?P<asked>\d+ bytes)"),
)
_UNITS = ("bytes", "KiB", "MiB", "GiB", "TiB", "PiB")
_MOST_TENSORS = 3


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:
    """How much was asked for, and which tensors of the user's hold most."""
    site = failure.site
    if site is None:
        return None
    largest = sorted(_tensors(site), key=lambda each: -_bytes(each))[:_MOST_TENSORS]
    held = ", ".join(f"{each.name} ({_text(_bytes(each))})" for each in largest)
    more = f" Held here by name: {held}." if held else ""
    return Explained(
        kind="out-of-memory",
        message=f"This line asks for {_asked(match['asked'])} of memory, more than is free.{more}",
        operands=tuple(largest),
        candidates=(
            Candidate(
                "Take a smaller batch; del what is no longer needed, and evaluate under "
                "torch.no_grad(), which keeps no graph. %tensors shows what holds memory."
            ),
        ),
    )


def _tensors(site: Site) -> Iterator[Operand]:
    seen: set[int] = set()
    for name, value in list(site.frame.f_locals.items()) + list(site.frame.f_globals.items()):
        found = Operand(name, value)
        if not name.startswith("_") and id(value) not in seen and _bytes(found):
            seen.add(id(value))
            yield found


def _bytes(operand: Operand) -> int:
    known = operand.description
    return known.nbytes or 0 if known is not None else 0


def _asked(text: str) -> str:
    number, unit = text.split()
    return _text(int(number)) if unit == "bytes" else text


def _text(count: float) -> str:
    for unit in _UNITS[:-1]:
        if count < 1024:
            return f"{count:.3g} {unit}"
        count /= 1024
    return f"{count:.3g} {_UNITS[-1]}"
