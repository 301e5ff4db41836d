"""Tables of ``%tensors`` and ``%explain``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

_COUNTED = ("something", "operand", "line", "mended")
_HEADS = (
    *("", "failing cells", "says something", "names the operand", "names the line to edit"),
    "gives a line with which the cell runs",
)


def explanations(document: Mapping[str, Any]) -> str:
    """What each package says of failing cells, all frameworks together."""
    packages = dict.fromkeys(row["package"] for row in document["rows"])
    lines = [f"| {' | '.join(_HEADS)} |", "| --- | ---: | ---: | ---: | ---: | ---: |"]
    for package in packages:
        rows = [row for row in document["rows"] if row["package"] == package]
        sums = sum((Counter({n: row[n] for n in _COUNTED}) for row in rows), Counter[str]())
        counts = (str(sums[name] or "–") for name in _COUNTED)
        cells = sum(row["cells"] for row in rows)
        lines.append(f"| {package} | {cells} | {' | '.join(counts)} |")
    return "\n".join(lines)
