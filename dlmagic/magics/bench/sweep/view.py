"""How a sweep looks: the answer, the table of all values, the curves."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from dlmagic.display.parts import Part
from dlmagic.display.units import listed, seconds
from dlmagic.finding import Finding
from dlmagic.magics.bench.arm_result import Arm
from dlmagic.magics.bench.result import BenchResult
from dlmagic.magics.bench.sweep.headline import said_first
from dlmagic.magics.bench.sweep.notes import alike
from dlmagic.magics.bench.sweep.picture import picture_of
from dlmagic.magics.bench.sweep.result import Sweep
from dlmagic.magics.bench.sweep.table import tables_of

_WORTH_SAYING = 0.05
"""Seconds of compilation below which nobody asks what it costs."""


def main_parts(result: BenchResult, sweep: Sweep) -> list[Part]:
    """What comes before troubles, findings and notes."""
    picture = picture_of(sweep)
    return [*said_first(result, sweep), *tables_of(sweep), *([picture] if picture else [])]


def gathered(result: BenchResult, sweep: Sweep) -> BenchResult:
    """The same with arms of all values that failed or have something to say, each thing once.

    An arm is called by its name and its values; a value that failed is an arm of its own.
    """
    failed = [
        Arm(
            name=f"{sweep.name} = {point.text}",
            status=point.status,
            reason=point.reason,
            line=point.line,
        )
        for point in sweep.points
        if point.status == "failed"
    ]
    return BenchResult(
        environment=result.environment,
        findings=result.findings,
        reference=result.reference,
        cell=result.cell,
        seconds=result.seconds,
        arms=(*failed, *_troubled(sweep), *_with_findings(sweep)),
        rounds=sum(point.rounds for point in sweep.points),
        notes=(*result.notes, *_compiling(sweep)),
    )


def _troubled(sweep: Sweep) -> Iterable[Arm]:
    """Arms that failed or were skipped, one per reason."""
    groups: dict[tuple[object, ...], list[tuple[str, Arm]]] = {}
    for point in sweep.points:
        for arm in point.arms:
            if arm.status != "ok":
                key = (arm.name, arm.status, arm.reason, arm.line)
                groups.setdefault(key, []).append((point.text, arm))
    for group in groups.values():
        named = _named(group[0][1].name, [text for text, _ in group], sweep)
        yield replace(group[0][1], name=named, findings=())


def _with_findings(sweep: Sweep) -> Iterable[Arm]:
    """What arms have to say, one arm for each thing."""
    groups: dict[tuple[object, ...], list[tuple[str, Finding]]] = {}
    for point in sweep.points:
        for arm in point.arms:
            for finding in arm.findings:
                key = (arm.name, *alike(finding))
                groups.setdefault(key, []).append((point.text, finding))
    for (name, *_), group in groups.items():
        named = _named(str(name), [text for text, _ in group], sweep)
        yield Arm(name=named, findings=(group[-1][1],))


def _named(name: str, texts: list[str], sweep: Sweep) -> str:
    with_arm = [point for point in sweep.points if any(arm.name == name for arm in point.arms)]
    texts = list(dict.fromkeys(texts))
    if len(texts) == len(with_arm):
        return name
    return f"{name} at {sweep.name} = {listed(texts)}"


def _compiling(sweep: Sweep) -> list[str]:
    """What compiling cost, which the table leaves out."""
    said = []
    for name in sweep.arms:
        arms = [arm for point in sweep.points for arm in point.arms if arm.name == name]
        costs = sorted(arm.compile_seconds for arm in arms if arm.compile_seconds is not None)
        if costs and costs[-1] >= _WORTH_SAYING:
            low, high = (seconds(cost, digits=2) for cost in (costs[0], costs[-1]))
            said.append(f"{name} {low if low == high else f'{low} to {high}'}")
    if not said:
        return []
    return [f"Compiling, apart from these times, once for each {sweep.name}: {', '.join(said)}."]
