"""How the comparison with an earlier benchmark looks."""

from __future__ import annotations

import math

from dlmagic.display.parts import Column, Part, Sentence, Span, Table, Tone, abridge, sentence
from dlmagic.display.parts import shorten as shortened
from dlmagic.display.units import Ratio, seconds
from dlmagic.magics.bench.baseline_result import Baseline, BaselineArm
from dlmagic.magics.bench.headline import NAME_LIMIT
from dlmagic.magics.bench.result import BenchResult

_ORDER = ("slower", "faster", "same", "unclear")
_TONES: dict[str, Tone] = {"faster": "good", "slower": "bad"}
_MOST_ROWS = 40
_ABSENT = Span("–", "muted")


def baseline_answer(result: BenchResult) -> list[Sentence]:
    """What is different about the machine, if anything; then what became of the speed."""
    baseline = result.baseline
    if baseline is None:
        return []
    said = []
    if baseline.conditions:
        said.append(sentence(Span(shortened(baseline.conditions, 400), "bad"), role="alert"))
    if not baseline.arms:
        return [*said, sentence(f"Nothing to compare with {_whose(baseline)}: no arm was timed.")]
    return [*said, _answer(_most_telling(baseline), baseline)]


def baseline_parts(result: BenchResult) -> list[Part]:
    """The table, what is different about the inputs, and how far two runs lie apart."""
    baseline = result.baseline
    if baseline is None or not baseline.arms:
        return []
    notes = [*(shortened(line, 240) for line in baseline.inputs), *_level(baseline)]
    return [_table(baseline, result), *(sentence(note, role="note") for note in notes)]


def _most_telling(baseline: Baseline) -> BaselineArm:
    """The arm to speak of: a certain change first, then the larger one."""

    def place(arm: BaselineArm) -> tuple[int, float]:
        far = abs(math.log(arm.speedup)) if arm.speedup > 0 else 0.0
        return min(_ORDER.index(arm.verdict), 1), -far

    return min(baseline.arms, key=place) if _changed(baseline) else baseline.arms[0]


def _changed(baseline: Baseline) -> bool:
    return any(arm.verdict in _TONES for arm in baseline.arms)


def _answer(arm: BaselineArm, baseline: Baseline) -> Sentence:
    ratio = Ratio(arm.speedup, arm.interval)
    name = abridge(arm.name, NAME_LIMIT)
    if arm.same_code and arm.verdict not in _TONES:
        return _nothing_new(name, arm, baseline)
    other = f"{_counterpart(arm)} of {_day(baseline)}"
    how = "measured side by side" if arm.side_by_side else "not measured side by side"
    how += ", though code and inputs are the same" if arm.same_code else ""
    words: list[str | Span]
    match arm.verdict:
        case "faster":
            words = [Span(f"{name} is {ratio} faster", "good"), f" than {other}", _span(ratio)]
        case "slower":
            turned = ratio.inverse
            words = [Span(f"{name} is {turned} slower", "bad"), f" than {other}", _span(turned)]
        case "same":
            words = [Span(f"{name} is as fast", "strong"), f" as {other}: within 2 %"]
        case _:
            where = f": {ratio.span('x')}" if ratio.span() else ""
            what = f" whether {name} is faster than {other}{where}"
            words = [Span("Can't tell", "strong"), what]
    return sentence(*words, f", {how}.")


def _nothing_new(name: str, arm: BaselineArm, baseline: Baseline) -> Sentence:
    """Of the baseline's own code nothing else is to be expected."""
    other = f"{_counterpart(arm)} of {_day(baseline)}"
    if arm.verdict == "same":
        told, rest = f"{name} takes what {other} took", ", within 2 %"
    else:
        where = Ratio(arm.speedup, arm.interval).span("x")
        told = f"{name} has not changed that one could tell"
        rest = f" since {other}{f': {where} as fast' if where else ''}"
    return sentence(Span(told, "strong"), f"{rest}; code and inputs are the same.")


def _counterpart(arm: BaselineArm) -> str:
    if arm.against == arm.name:
        return "its baseline"
    return f"the baseline {abridge(arm.against, NAME_LIMIT)}"


def _span(ratio: Ratio) -> str:
    return f" ({ratio.span()})" if ratio.span() else ""


def _whose(baseline: Baseline) -> str:
    return f"the baseline of {_day(baseline)}"


def _day(baseline: Baseline) -> str:
    return baseline.created[:10] or "an unknown day"


def _table(baseline: Baseline, result: BenchResult) -> Table:
    named = any(arm.against != arm.name for arm in baseline.arms)
    columns = [
        Column("arm"),
        *([Column("against")] if named else []),
        Column("then", numeric=True),
        Column("now", numeric=True),
        Column("speedup (interval)"),
        Column("how"),
    ]
    medians = {arm.name: arm.median for arm in result.arms}
    rows = []
    for arm in baseline.arms[:_MOST_ROWS]:
        now = medians.get(arm.name)
        against = [Span(abridge(arm.against, NAME_LIMIT))] if named else []
        text = Ratio(arm.speedup, arm.interval).with_span()
        rows.append(
            (
                Span(abridge(arm.name, NAME_LIMIT), "strong"),
                *against,
                Span(seconds(arm.saved_median)),
                _ABSENT if now is None else Span(seconds(now)),
                Span(text, _TONES.get(arm.verdict, "plain")),
                Span(_how(arm)),
            )
        )
    file = shortened(baseline.file, 60)
    caption = f"Compared with {file} of {_day(baseline)}"
    return Table(caption, tuple(columns), tuple(rows))


def _how(arm: BaselineArm) -> str:
    if arm.side_by_side:
        return "side by side"
    return "same code, run again" if arm.same_code else "not side by side"


def _level(baseline: Baseline) -> list[str]:
    """How far two runs lie apart, and from where that is known."""
    apart = [arm for arm in baseline.arms if not arm.side_by_side]
    notes = []
    if baseline.level_source == "re-run" and baseline.level is not None:
        names = ", ".join(abridge(name, 30) for name in baseline.level_arms[:4])
        notes.append(
            f"Two runs of the baseline's own code ({names}) lie up to {_percent(baseline.level)} "
            "apart."
        )
    levels = [arm.level for arm in apart if arm.level is not None]
    if len(levels) < len(apart):
        notes.append(
            "How far the machine has changed since then is not known, so nothing can be told "
            "for sure; --save FILE keeps what that takes."
        )
    elif levels and (baseline.level_source != "re-run" or any(arm.same_code for arm in apart)):
        least = min(levels)
        notes.append(
            f"A fixed piece of work, timed then and now, lies up to {_percent(least)} apart; the "
            "intervals of what was not measured side by side are wider by as much."
        )
    return notes


def _percent(level: float) -> str:
    percent = 100 * (level - 1)
    return f"{percent:.1f} %" if percent < 10 else f"{percent:.0f} %"
