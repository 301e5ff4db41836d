"""Sweeps as the engine would return them, one for each thing that a view must say."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from dlmagic.finding import Finding
from dlmagic.magics.bench.arm_result import Arm
from dlmagic.magics.bench.result import BenchResult
from dlmagic.magics.bench.sweep.growth import analysed
from dlmagic.magics.bench.sweep.result import SweepPoint
from tests.magics.bench.examples import (
    RECOMPILED,
    arm,
    failed,
    faster,
    reference,
    result,
    same,
    skipped,
    slower,
    unclear,
)

FAILED = SweepPoint(
    text="2048", number=2048, status="failed", reason="MemoryError: too <large>", line=3
)
MISSED = SweepPoint(
    text="4096", number=4096, status="skipped", reason="interrupted before it had a time"
)


def timed(arm: Arm, seconds: float) -> Arm:
    return replace(arm, median=seconds, interval=(seconds * 0.97, seconds * 1.03), samples=())


def compared(name: str, speedup: float) -> Arm:
    make = faster if speedup > 1 else slower
    return timed(make(name, speedup), 0.0)


def point(number: float, arms: Iterable[Arm], power: float = 2.0) -> SweepPoint:
    """The arms at a value; the reference takes 1 ms at 1000, and the others by their speedup."""
    own = 1e-3 * (number / 1000) ** power
    placed = tuple(timed(each, own / (each.speedup or 1.0)) for each in arms)
    return SweepPoint(text=f"{number:g}", number=number, arms=placed, rounds=50)


def sweep(points: Sequence[SweepPoint], name: str = "n", **more: object) -> BenchResult:
    last = [each for each in points if each.timed][-1:]
    arms = last[0].arms if last else ()
    return result(*arms, sweep=analysed(name, points, "eager"), **more)


def crossing(speedups: Sequence[float] = (0.5, 0.8, 1.6, 2.3)) -> list[SweepPoint]:
    numbers = [64 * 4**k for k in range(len(speedups))]
    return [
        point(number, (reference(), compared("compile", speedup)))
        for number, speedup in zip(numbers, speedups, strict=True)
    ]


def everywhere(*arms: Arm) -> list[SweepPoint]:
    return [point(number, (reference(), *arms)) for number in (64, 256)]


def largest() -> BenchResult:
    """Twelve values of eight arms with long names, and much to say."""
    points = []
    for k in range(12):
        arms = [
            compared(f"alternative {'x' * 40} {m}/compile:mode-{m}", 0.4 + 0.13 * (m + k))
            for m in range(7)
        ]
        found = tuple(replace(RECOMPILED, line=k * 10 + m, message="<b>&" * 90) for m in range(3))
        arms[0] = replace(arms[0], findings=found)
        points.append(point(2.0**k, (reference(), *arms)))
    return sweep(points, "the_number_of_rows", notes=tuple("<&>" * 60 + "x" * k for k in range(9)))


def again(times: int) -> Finding:
    return Finding("recompile", "warning", f"Recompiled {times} times while it was measured.")


def texts() -> BenchResult:
    points = [
        replace(each, text=text, number=None)
        for each, text in zip(crossing((0.5, 2.0)), ("'sum'", "'<b>'"), strict=True)
    ]
    return sweep(points, "mode")


EXAMPLES: dict[str, BenchResult] = {
    "overtakes": sweep(crossing()),
    "falls behind": sweep(crossing((2.3, 1.6, 0.8, 0.5))),
    "crosses twice": sweep(crossing((0.5, 2.0, 0.5))),
    "faster": sweep(everywhere(faster())),
    "slower": sweep(everywhere(slower("compile"))),
    "same": sweep(everywhere(same())),
    "unclear": sweep(everywhere(unclear())),
    "mixed": sweep([point(64, (reference(), unclear())), point(256, (reference(), faster()))]),
    "several": sweep(
        [
            point(n, (reference(), compared("compile", n / 200), same("trace"), slower("script")))
            for n in (64, 128, 256, 512)
        ]
    ),
    "one arm": sweep([point(64, (arm("plain"),)), point(256, (arm("plain"),))]),
    "failed": sweep([*crossing(), FAILED]),
    "partial": sweep([*crossing((0.5, 2.0)), MISSED], partial=True),
    "an arm failed": sweep(
        [point(64, (reference(), faster())), point(256, (reference(), failed("compile")))]
    ),
    "an arm skipped": sweep(everywhere(skipped())),
    "differ": sweep(
        [
            point(64, (reference(), faster())),
            point(256, (reference(), faster(agrees=False, agreement="loss is 0.31, not 0.42"))),
        ]
    ),
    "not compared": sweep(everywhere(faster(agrees=None, agreement="not compared: dropout"))),
    "recompiled": sweep(
        [
            point(64, (reference(), faster(findings=(again(2),)))),
            point(256, (reference(), faster(findings=(again(7),)))),
            point(1024, (reference(), faster())),
        ]
    ),
    "memory": sweep(
        [
            point(n, (reference(peak_memory=n * 10**6, flops=n * 1e3), faster(peak_memory=5)))
            for n in (64, 256)
        ]
    ),
    "texts": texts(),
    "largest": largest(),
}
