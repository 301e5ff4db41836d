"""What compiling spent its time on, a line for each mode that has something to tell."""

from __future__ import annotations

from dlmagic.display.parts import Sentence, abridge, sentence
from dlmagic.display.units import half_width, seconds, time_scale
from dlmagic.magics.bench.arm_result import Arm
from dlmagic.magics.bench.headline import NAME_LIMIT, best_first
from dlmagic.magics.bench.result import BenchResult

_MOST = 4
_WORTH_A_LINE = 0.05  # seconds of compilation
_WORTH_A_WORD = 0.01  # of the whole, below which a phase is left out

_PLAINLY = {
    "Dynamo": "reading the code (Dynamo)",
    "AOTAutograd": "planning gradients (AOTAutograd)",
    "Inductor": "writing fast code (Inductor)",
}
"""What a phase does, where its name does not tell."""


def compile_lines(result: BenchResult) -> list[Sentence]:
    """Phases and interval of the compile times, the fastest modes first."""
    told = [arm for arm in best_first(result.arms) if _tells(arm)]
    lines = [sentence(_line(arm), role="note") for arm in told[:_MOST]]
    if len(told) > _MOST:
        rest = f"And {len(told) - _MOST} more compiled; compile_phases of result.arms has them."
        lines.append(sentence(rest, role="note"))
    return lines


def _tells(arm: Arm) -> bool:
    known = arm.compile_phases or arm.compile_interval
    return arm.measured and bool(known) and (arm.compile_seconds or 0.0) >= _WORTH_A_LINE


def _line(arm: Arm) -> str:
    whole = arm.compile_seconds or 0.0
    width = half_width(arm.compile_interval)
    text = f"Making {abridge(arm.name, NAME_LIMIT)} ready took {seconds(whole, width, digits=2)}"
    if arm.compile_interval is not None:
        text += f" ({time_scale(whole, width, digits=2).span(arm.compile_interval)})"
    phases = _phases(arm, whole)
    text += f": {', '.join(phases)}" if phases else ""
    if arm.compile_cache == "cold":
        text += "; it is in a disk cache now, so a later session pays less"
    return f"{text}."


def _phases(arm: Arm, whole: float) -> list[str]:
    shown = {n: s for n, s in arm.compile_phases.items() if s >= _WORTH_A_WORD * whole}
    if not shown:
        return []
    rest = whole - sum(shown.values())
    if rest >= _WORTH_A_WORD * whole:
        shown["the rest"] = rest
    return [f"{_PLAINLY.get(name, name)} {seconds(n, digits=2)}" for name, n in shown.items()]
