"""Results for other tools; what they need is imported when they are asked for."""

from __future__ import annotations

import importlib
import math
from collections.abc import Iterator
from typing import Any

from dlmagic.errors import MissingPackageError
from dlmagic.magics.bench.arm_result import Arm
from dlmagic.magics.bench.result import BenchResult
from dlmagic.magics.bench.sweep import export as sweep

_BEFORE = ("name", "block", "mode", "status", "reason", "line", "calls", "median")
_AFTER = ("verdict", "compile_seconds", "break_even_calls", "agrees", "agreement", "max_error")
_COUNTED = (
    "peak_memory", "peak_reserved", "memory_source", "flops", "bytes_moved", "flop_rate",
    "roofline_share", "energy",
)  # fmt: skip


def to_dataframe(result: BenchResult) -> Any:
    """A pandas DataFrame with one row per arm; see :meth:`BenchResult.to_dataframe`."""
    pandas = _optional("pandas", "to_dataframe()")
    if result.sweep is not None:
        rows = list(sweep.records(result.sweep, lambda arm: dict(_record(arm))))
        return pandas.DataFrame(rows).set_index(["value", "name"])
    return pandas.DataFrame([dict(_record(arm)) for arm in result.arms]).set_index("name")


def _record(arm: Arm) -> Iterator[tuple[str, object]]:
    """The numbers and words of an arm; an interval becomes two columns."""
    for name in _BEFORE:
        yield name, getattr(arm, name)
    yield from _ends("median", arm.interval)
    yield "rounds", len(arm.samples)
    yield "speedup", arm.speedup
    yield from _ends("speedup", arm.speedup_interval)
    for name in (*_AFTER, *_COUNTED):
        yield name, getattr(arm, name)
    yield from _ends("compile_seconds", arm.compile_interval)
    yield "compile_cache", arm.compile_cache
    low, high = arm.break_even_interval or (math.nan, math.nan)
    yield from _ends("break_even_calls", (low, math.inf if high is None else high))


def _ends(name: str, interval: tuple[float, float] | None) -> Iterator[tuple[str, float]]:
    low, high = interval or (math.nan, math.nan)
    yield f"{name}_low", low
    yield f"{name}_high", high


def plot(result: BenchResult, axes: Any = None) -> Any:
    """Every round as a mark on Matplotlib axes; see :meth:`BenchResult.plot`."""
    pyplot = _optional("matplotlib.pyplot", "plot()")
    axes = pyplot.subplots(layout="constrained")[1] if axes is None else axes
    if result.sweep is not None:
        return sweep.draw(result.sweep, axes)
    compared = result.compared_arms()
    rows = [(arm.name, result.round_speedups(arm)) for arm in compared]
    if compared:
        axes.axvline(1.0, color="grey", linestyle="--")
        axes.set_xlabel(f"times as fast as {result.reference}")
    else:
        rows = [(arm.name, arm.samples) for arm in result.arms if arm.measured]
        axes.set_xlabel("seconds per call")
    for place, (_, values) in enumerate(rows):
        axes.plot(values, [place] * len(values), "|", markersize=14)
    axes.set_yticks(range(len(rows)), [name for name, _ in rows])
    axes.invert_yaxis()
    return axes


def _optional(module: str, purpose: str) -> Any:
    package = module.partition(".")[0]
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as missing:
        if missing.name is None or missing.name.partition(".")[0] != package:
            raise  # the package is there, and something that it needs is not
        raise MissingPackageError(package, purpose) from None
