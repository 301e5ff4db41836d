"""What it costs to watch Dynamo at work: breaks, recompilations and graphs, against plain Dynamo.

Both compile the same cell for the same inputs, each time from fresh code, in turns. The watched
one notes every graph with its shapes, lines and FLOPs, and every graph break.
Run: ``python -m benchmarks.graphmode.capture [--write]``; takes a minute.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass

import numpy as np
import torch
from torch import nn

from benchmarks.recording import record
from dlmagic.cell.function import CellFunction, compile_cell
from dlmagic.cell.output import StreamOutput, unheard
from dlmagic.cell.source import CellSource
from dlmagic.display.html import render
from dlmagic.frameworks.registry import loaded_frameworks
from dlmagic.magics.graphmode.capture import Captured, CompiledCell
from dlmagic.magics.graphmode.result import GraphNode, GraphOfCell, GraphReport
from dlmagic.magics.graphmode.torch import DynamoCompiler
from dlmagic.magics.graphmode.view import document

ROUNDS = 7


@dataclass(frozen=True)
class Row:
    """One cell.

    Attributes:
        cell: What it does.
        plain: Seconds of plain Dynamo, median of the rounds.
        watched: Seconds when it is watched, median.
        ratio: Watched over plain, median over the rounds.
        ratio_spread: The smallest and the largest.
        added: Seconds more, median.
    """

    cell: str
    plain: float
    watched: float
    ratio: float
    ratio_spread: tuple[float, float]
    added: float


def cells() -> dict[str, tuple[str, Mapping[str, object]]]:
    """Cells with their inputs: small and large, whole and broken."""
    x = torch.randn(8, 16)
    deep = nn.Sequential(*[layer for _ in range(20) for layer in (nn.Linear(16, 16), nn.ReLU())])
    block = nn.TransformerEncoderLayer(16, 2, 32, batch_first=True)
    broken = "y = model(x)\nprint(y.sum())\nif y.sum() > 0:\n    y = y * 2\nz = y + 1"
    return {
        "one product": ("y = x @ x.T", {"x": x}),
        "forty layers": ("y = model(x)", {"x": x, "model": deep}),
        "a transformer layer": ("y = model(x)", {"x": x[None], "model": block}),
        "two breaks": (broken, {"x": x, "model": deep}),
    }


def fresh(text: str, names: Mapping[str, object]) -> CellFunction:
    """The cell as new code, which Dynamo has never seen."""
    return compile_cell(CellSource.from_text(text), {"torch": torch, **names})


def plainly(cell: CellFunction) -> None:
    """Compile and call it as a user would."""
    torch.compile(cell.function, backend="eager")(*cell.arguments())


def watched(cell: CellFunction) -> None:
    """The same as ``%%graphmode`` does it."""
    framework = next(each for each in loaded_frameworks() if each.name == "torch")
    compiler = DynamoCompiler("eager")
    arguments = dict(zip(cell.parameters, cell.arguments(), strict=True))
    prepared = compiler.prepare(cell, arguments, lambda _replaced: None)
    CompiledCell(cell, compiler, prepared, framework).run(arguments, Captured())


def seconds(call: Callable[[CellFunction], None], cell: CellFunction) -> float:
    """What one call takes."""
    start = time.perf_counter()
    call(cell)
    return time.perf_counter() - start


def measured(name: str, text: str, names: Mapping[str, object]) -> Row:
    """Both ways in turns, the order changing from round to round."""
    times: dict[str, list[float]] = {"plain": [], "watched": []}
    ways = {"plain": plainly, "watched": watched}
    for each in range(ROUNDS + 1):
        order = list(ways) if each % 2 else list(ways)[::-1]
        for way in order:
            times[way].append(seconds(ways[way], fresh(text, names)))
    plain, seen = (np.array(times[way][1:]) for way in ways)  # the first of all loads Dynamo
    ratios = seen / plain
    spread = (float(ratios.min()), float(ratios.max()))
    return Row(
        name,
        float(np.median(plain)),
        float(np.median(seen)),
        float(np.median(ratios)),
        spread,
        float(np.median(seen - plain)),
    )


def drawing(count: int = 1_000) -> tuple[float, int]:
    """Seconds to draw a graph of so many operations, and the bytes of the page."""
    nodes = [GraphNode("x", "input", shape=(4, 4), dtype="float32")]
    for k in range(count):
        inputs = (nodes[-1].name, nodes[max(0, k - 3)].name)
        nodes.append(GraphNode(f"n{k}", "add", inputs, (4, 4), "float32", line=k % 50))
    report = GraphReport(mode="compile", ran="graph", graphs=(GraphOfCell(tuple(nodes)),))
    start = time.perf_counter()
    page = render(document(report))
    return time.perf_counter() - start, len(page.encode())


def main() -> None:
    """Measure, print, and keep the figures where asked."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--write", action="store_true", help="keep the figures")
    options = parser.parse_args()
    torch.set_num_threads(1)
    with unheard(StreamOutput()):
        rows = [measured(name, *cell) for name, cell in cells().items()]
        drawn, size = drawing()
    for row in rows:
        low, high = row.ratio_spread
        print(
            f"{row.cell:20} plain {row.plain:6.3f} s, watched {row.watched:6.3f} s: "
            f"{row.ratio:.2f}x ({low:.2f} to {high:.2f}), {row.added * 1e3:+.0f} ms"
        )
    print(f"1,000 operations drawn in {drawn:.2f} s, {size:,} bytes")
    if options.write:
        figures = {
            "rounds": ROUNDS,
            "rows": [asdict(row) for row in rows],
            "drawing": {"operations": 1_000, "seconds": drawn, "bytes": size},
        }
        record("graphmode_capture", ("torch",), figures)


if __name__ == "__main__":
    main()
