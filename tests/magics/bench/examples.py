"""Benchmarks as the engine would return them, one for each thing that a view must say."""

from __future__ import annotations

import math
import random
import statistics
from dataclasses import replace
from typing import Any

from dlmagic.environment import Environment
from dlmagic.finding import Finding, Fix
from dlmagic.magics.bench.arm_result import RESIDENT, Arm
from dlmagic.magics.bench.rank_result import RankSpread
from dlmagic.magics.bench.result import BenchResult

ENVIRONMENT = Environment(
    created="2026-01-02T03:04:05+00:00",
    dlmagic="0.1.0",
    python="3.12.4",
    platform="Linux 6.8",
    processor="Example CPU 3000",
    cores=2,
    memory_bytes=8_000_000_000,
    packages={"numpy": "2.4.0", "scipy": "1.17.0", "torch": "2.13.0"},
    threads={"torch": 2},
)

CELL = """%%dlbench
for images, labels in batches:
    loss = model(images).sum()
    if loss.item() > 0:
        loss.backward()"""


def arm(
    name: str, factor: float = 1.0, *, rounds: int = 50, noise: float = 0.05, **more: Any
) -> Arm:
    """An arm that takes 1.5 ms divided by ``factor``."""
    source = random.Random(name)
    shared = random.Random("machine")
    samples = tuple(
        1.5e-3 / factor * math.exp(shared.gauss(0, 0.1) + source.gauss(0, noise))
        for _ in range(rounds)
    )
    middle = statistics.median(samples)
    known: dict[str, Any] = {
        "mode": name,
        "samples": samples,
        "calls": 10,
        "median": middle,
        "interval": (middle * 0.97, middle * 1.02),
    }
    return Arm(name=name, **(known | more))


def reference(name: str = "eager", **more: Any) -> Arm:
    return arm(name, verdict="reference", speedup=1.0, **more)


def faster(name: str = "compile", factor: float = 3.1, **more: Any) -> Arm:
    known: dict[str, Any] = {
        "speedup": factor,
        "speedup_interval": (factor * 0.91, factor * 1.07),
        "verdict": "faster",
        "compile_seconds": 12.3,
        "break_even_calls": 9387,
        "agrees": True,
        "max_error": 2.1e-7,
    }
    return arm(name, factor, **(known | more))


def slower(name: str = "trace", factor: float = 0.5, **more: Any) -> Arm:
    interval = (factor * 0.97, factor * 1.04)
    known = {"verdict": "slower", "speedup_interval": interval, "break_even_calls": None}
    return faster(name, factor, **(known | more))


def same(name: str = "compile", **more: Any) -> Arm:
    known = {"verdict": "same", "speedup_interval": (0.994, 1.008), "break_even_calls": None}
    return faster(name, 1.001, **(known | more))


def unclear(name: str = "compile", **more: Any) -> Arm:
    known = {"verdict": "unclear", "speedup_interval": (0.97, 1.08), "break_even_calls": None}
    return faster(name, 1.02, **(known | more))


def failed(name: str = "script", **more: Any) -> Arm:
    reason = "NotSupportedError: Compiled functions can't take variable number of arguments"
    return Arm(name=name, mode=name, **({"status": "failed", "reason": reason, "line": 4} | more))


def skipped(name: str = "cudagraph") -> Arm:
    return Arm(name=name, mode=name, status="skipped", reason="there is no NVIDIA GPU")


def result(*arms: Arm, **more: Any) -> BenchResult:
    known: dict[str, Any] = {
        "arms": arms,
        "reference": "eager",
        "cell": CELL,
        "seconds": 17.4,
        "rounds": max((len(each.samples) for each in arms), default=0),
        "environment": ENVIRONMENT,
    }
    return BenchResult(**(known | more))


RECOMPILED = Finding(
    kind="recompile",
    level="warning",
    message="compile was compiled 7 times, since the shape of images changes.",
    line=3,
    source="    loss = model(images).sum()",
    operands=("images",),
    fix=Fix(
        "Tell it that the shape changes.",
        "model = torch.compile(model, dynamic=True)",
        "shape-verified",
    ),
)
SKIPPED_WORK = Finding(
    "impossible-time",
    "warning",
    "compile takes 0.50 ms, and the 4.2 billion FLOPs of the cell alone would take 0.70 ms.",
)
HINT = Finding("synchronise", "hint", "loss.item() waits for the device in every call.", line=4)


def blocks() -> BenchResult:
    """Two alternatives in three modes."""
    arms = [reference("einsum/eager", mode="eager", block="einsum")]
    for block, factor in (("einsum", 1.7), ("bmm", 2.4)):
        for mode, more in (("eager", 0.8), ("compile", 1.0), ("compile:max-autotune", 1.1)):
            if (block, mode) != ("einsum", "eager"):
                name = f"{block}/{mode}"
                arms.append(faster(name, factor * more, mode=mode, block=block))
    return result(*arms, reference="einsum/eager")


def largest() -> BenchResult:
    """Eight modes of four alternatives with long names, 300 rounds, and much to say."""
    arms = [
        faster(f"alternative {'x' * 50} {b}/compile:mode-{m}", 1 + 0.3 * m + b, rounds=300)
        for b in range(4)
        for m in range(8)
    ]
    arms[0] = replace(arms[0], verdict="reference", speedup=1.0)
    findings = tuple(replace(RECOMPILED, line=k, message="<b>&" * 500) for k in range(30))
    notes = tuple(f"note {k} " + "<&>" * 500 for k in range(20))
    return result(*arms, reference=arms[0].name, findings=findings, notes=notes)


def spread(size: int = 2, **more: Any) -> RankSpread:
    known: dict[str, Any] = {
        "medians": tuple(1.5e-3 * (1 + 0.01 * rank) for rank in range(size)),
        "skew": 42e-6,
        "throughput": size / 1.5e-3,
        "alone": 1.2e-3,
        "efficiency": 0.8,
        "efficiency_interval": (0.76, 0.85),
        "communication": 0.31,
        "communication_by_rank": tuple(0.3 + 0.02 * (rank % 2) for rank in range(size)),
    }
    return RankSpread(size=size, **(known | more))


def ranks() -> BenchResult:
    """Two ranks that time a training step in two modes; the second has a straggler."""
    lagging = {"straggler": 1, "lag": 1.32, "lag_interval": (1.2, 1.45), "lag_seen": "waiting"}
    return result(
        reference(spread=spread()),
        faster(spread=spread(**lagging, throughput=4100.0)),
        hosts=("node-1", "node-1"),
    )


def many_ranks() -> BenchResult:
    """A thousand ranks that no framework tells about, of which one lags."""
    known = spread(
        1000,
        communication=None,
        communication_by_rank=(),
        why_no_communication="no framework tells what the ranks communicate",
        alone=None,
        efficiency=None,
        efficiency_interval=None,
        why_no_efficiency="the processes of JAX form one program",
        straggler=999,
        lag=1.1,
        lag_interval=(1.08, 1.12),
        lag_seen="time",
    )
    hosts = tuple(f"node-{rank // 8:03}" for rank in range(1000))
    return result(reference("plain", spread=known), reference="plain", hosts=hosts)


EXAMPLES: dict[str, BenchResult] = {
    "ranks": ranks(),
    "many ranks": many_ranks(),
    "faster": result(reference(), faster()),
    "slower": result(reference(), slower("compile")),
    "same": result(reference(), same()),
    "unclear": result(reference(), unclear()),
    "failed": result(reference(), failed("compile")),
    "skipped": result(reference(), skipped()),
    "several": result(
        reference(),
        slower("script"),
        faster("compile"),
        failed("trace"),
        same("compile:reduce-overhead"),
        unclear("compile:max-autotune"),
        faster("export", 1.3, compile_seconds=0.8, break_even_calls=1),
        skipped(),
        findings=(RECOMPILED, HINT),
        notes=("TorchScript is deprecated since PyTorch 2.10.",),
    ),
    "blocks": blocks(),
    "blocks without modes": result(
        reference("a @ b", block="a @ b", mode="plain"),
        faster(
            "bmm",
            1.05,
            mode="plain",
            block="bmm",
            compile_seconds=None,
            max_error=0.0,
            speedup_interval=(1.02, 1.09),
        ),
        reference="a @ b",
    ),
    "one arm": result(arm("plain"), reference="plain"),
    "partial": result(reference(rounds=12), faster(rounds=12), partial=True),
    "partial without a round": result(reference="eager", partial=True),
    "all failed": result(failed("eager"), failed("compile"), failed("trace")),
    "reference failed": result(failed("eager"), arm("compile", compile_seconds=8.0), arm("trace")),
    "differ": result(
        reference(), faster(agrees=False, agreement="loss is 0.31 instead of 0.42", max_error=0.26)
    ),
    "not compared": result(
        reference(), faster(agrees=None, agreement="dropout draws other numbers", max_error=None)
    ),
    "memory": result(
        reference(peak_memory=1_234_567_890, flops=4.2e9), faster(peak_memory=98_000_000)
    ),
    "what compiling cost": result(
        reference(),
        faster(
            compile_seconds=2.1,
            compile_interval=(1.9, 2.6),
            compile_phases={"Dynamo": 0.3, "AOTAutograd": 0.2, "Inductor": 1.5, "guards": 0.001},
            compile_cache="cold",
            break_even_calls=1234,
            break_even_interval=(1100, 1500),
        ),
        unclear(
            "compile:max-autotune",
            compile_phases={"Dynamo": 12.3},
            compile_cache="warm",
            break_even_interval=(410_000, None),
        ),
    ),
    "perhaps never": result(
        reference(), faster(break_even_calls=None, break_even_interval=(9_100, None))
    ),
    "costs": result(
        reference(
            peak_memory=260_000,
            memory_source=RESIDENT,
            flops=4.2e9,
            bytes_moved=3e6,
            roofline_share=0.031,
            energy=0.42,
        ),
        faster(
            peak_memory=98_000_000,
            peak_reserved=120_000_000,
            memory_source="CUDA allocator",
            flops=4.2e9,
            bytes_moved=3e6,
            roofline_share=1.4,
            energy=0.0123,
            findings=(SKIPPED_WORK,),
        ),
        cold=True,
    ),
    "one round": result(
        arm("plain", rounds=1, interval=None, calls=1, median=95.2), reference="plain"
    ),
    "largest": largest(),
}
