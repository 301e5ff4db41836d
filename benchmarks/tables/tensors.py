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


def watched_steps(document: Mapping[str, Any]) -> str:
    """What a step of training takes under ``%%tensors``, one line per kind of step."""
    watched = document["watched_steps"]
    lines = [
        f"| | the first {watched} steps, which are watched | all later ones | plain again |",
        "| --- | ---: | ---: | ---: |",
    ]
    lines += [
        f"| {row['workload']} | {_times(row, 'ratio')} | {_times(row, 'after')} "
        f"| {_times(row, 'control')} |"
        for row in document["rows"]
    ]
    return "\n".join(lines)


def _times(row: Mapping[str, Any], name: str) -> str:
    low, high = row[f"{name}_interval"]
    return f"{row[name]:.2f}x ({low:.2f} to {high:.2f})"


def explaining(document: Mapping[str, Any]) -> str:
    """How long an explanation takes, one line per framework."""
    lines = [
        "| | failing cells | half of them within | all within |",
        "| --- | ---: | ---: | ---: |",
    ]
    lines += [
        f"| {row['framework']} | {row['cells']} | {1000 * row['median']:.0f} ms "
        f"| {1000 * row['most']:.0f} ms |"
        for row in document["rows"]
    ]
    return "\n".join(lines)
