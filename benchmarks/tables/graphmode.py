"""Tables of ``%%graphmode``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def capturing(document: Mapping[str, Any]) -> str:
    """What it takes to compile a cell while dlmagic looks on, one line per cell."""
    lines = [
        "| the cell | compiled by itself | looked at meanwhile | times as long (least to most) |",
        "| --- | ---: | ---: | ---: |",
    ]
    for row in document["rows"]:
        least, most = row["ratio_spread"]
        times = f"{1000 * row['plain']:,.0f} ms | {1000 * row['watched']:,.0f} ms"
        ratio = f"{row['ratio']:.2f} ({least:.2f} to {most:.2f})"
        lines.append(f"| {row['cell']} | {times} | {ratio} |")
    return "\n".join(lines)
