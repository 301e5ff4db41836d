"""The answer of a sweep in plain words."""

from __future__ import annotations

from collections.abc import Sequence

from dlmagic.display.parts import Sentence, Span, Tone, abridge, sentence
from dlmagic.display.units import Ratio, fixed, listed, plural, seconds
from dlmagic.magics.bench.arm_result import Arm
from dlmagic.magics.bench.headline import NAME_LIMIT, Pieces
from dlmagic.magics.bench.result import BenchResult
from dlmagic.magics.bench.sweep.result import Crossing, Growth, Sweep, SweepPoint

_MOST_STORIES = 4
_MOST_GROWTHS = 5
_MOST_ALERTS = 4
_FIRST: dict[str, tuple[str, Tone]] = {
    "faster": ("{who} is faster than {other}", "good"),
    "slower": ("{who} is slower than {other}", "bad"),
    "same": ("No difference that matters between {who} and {other}", "strong"),
    "unclear": ("Can't tell yet whether {who} is faster than {other}", "strong"),
}
_LATER = {
    "faster": "faster",
    "slower": "slower",
    "same": "no difference that matters",
    "unclear": "can't tell yet",
}

Known = Sequence[tuple[SweepPoint, Arm]]


def said_first(result: BenchResult, sweep: Sweep) -> list[Sentence]:
    """All sentences above the table: alerts, the answer, the other arms, growth, agreement."""
    names = _by_interest(result, sweep)
    stories = [_story(name, result, sweep) for name in names[:_MOST_STORIES]]
    more = len(names) - _MOST_STORIES
    return [
        *_alerts(result, sweep),
        sentence(*(stories[0] if stories else _alone(sweep)), ".", role="answer"),
        *(sentence(*story, ".") for story in stories[1:]),
        *([sentence(f"And {plural(more, 'more arm')}; the table has them.")] if more > 0 else []),
        *_growth(sweep),
        *_agreement(names, sweep),
    ]


def compared(name: str, sweep: Sweep) -> Known:
    """The points at which an arm has a speedup, by value."""
    return [
        (point, arm)
        for point in sweep.ascending
        for arm in point.arms
        if arm.name == name and arm.measured and arm.speedup and arm.verdict != "reference"
    ]


def _by_interest(result: BenchResult, sweep: Sweep) -> list[str]:
    """The compared arms: those that cross the reference first, then the fastest at the end."""
    names = [name for name in sweep.arms if name != result.reference and compared(name, sweep)]
    crossing = {each.arm for each in sweep.crossings}

    def place(name: str) -> tuple[bool, float]:
        return name not in crossing, -(compared(name, sweep)[-1][1].speedup or 0.0)

    return sorted(names, key=place)


def _story(name: str, result: BenchResult, sweep: Sweep) -> Pieces:
    known = compared(name, sweep)
    crossings = [each for each in sweep.crossings if each.arm == name]
    who, other = abridge(name, NAME_LIMIT), abridge(result.reference, NAME_LIMIT)
    if crossings:
        return _crossed(who, other, crossings, known, sweep)
    pieces: Pieces = []
    for verdict, (words, tone) in _FIRST.items():
        group = [pair for pair in known if pair[1].verdict == verdict]
        if not group:
            continue
        first = Span(words.format(who=who, other=other), tone)
        pieces += ["; ", _LATER[verdict]] if pieces else [first]
        pieces.append(f" for {_where(sweep, group, everywhere=len(group) == len(known))}")
        pieces.append(_extent(group, sweep) if verdict in ("faster", "slower") else "")
    if all(arm.verdict == "unclear" for _, arm in known):
        pieces.append("; give it more time with --time")
    return pieces


def _where(sweep: Sweep, group: Known, *, everywhere: bool) -> str:
    name = abridge(sweep.name, NAME_LIMIT)
    if everywhere:
        return f"every {name}" if group[0][1].verdict in ("faster", "slower") else f"any {name}"
    return f"{name} = {listed(_text(point) for point, _ in group)}"


def _extent(group: Known, sweep: Sweep) -> str:
    """By how much, at the first and the last of some values."""
    if len(group) == 1:
        return f": {_factor(group[0][1])}"
    ends = (group[0], group[-1])
    return ": " + ", ".join(_at(point, _factor(arm), sweep) for point, arm in ends)


def _crossed(
    who: str, other: str, crossings: Sequence[Crossing], known: Known, sweep: Sweep
) -> Pieces:
    first = crossings[0]
    verb = "overtakes" if first.turns == "faster" else "falls behind"
    places = [
        f"{_rounded(each.at)} ({abridge(each.after, 20)} to {abridge(each.before, 20)})"
        for each in crossings
    ]
    sure = [pair for pair in known if pair[1].verdict in ("faster", "slower")]
    if len(crossings) > 1:
        begin = f"{who} and {other} cross {len(crossings)} times"
        return [Span(begin, "strong"), f": at {sweep.name} ≈ {listed(places)}"]
    place, _, bracket = places[0].partition(" ")
    ends = ", ".join(
        _at(point, f"{_factor(arm)} {arm.verdict}", sweep) for point, arm in (sure[0], sure[-1])
    )
    begin = f"{who} {verb} {other} at {sweep.name} ≈ {place}"
    return [Span(begin, "good" if first.turns == "faster" else "bad"), f" {bracket}: {ends}"]


def _at(point: SweepPoint, words: str, sweep: Sweep) -> str:
    """``"2.3x faster at n = 1024"``."""
    return f"{words} at {sweep.name} = {_text(point)}"


def _factor(arm: Arm) -> str:
    """How many times as fast or, for one that is slower, as slow."""
    ratio = Ratio(arm.speedup or 1.0, arm.speedup_interval)
    return str(ratio.inverse if arm.verdict == "slower" else ratio)


def _text(point: SweepPoint) -> str:
    return abridge(point.text, 30)


def _rounded(value: float) -> str:
    """A number to two digits: an interpolated one means no more."""
    return format(float(f"{value:.2g}"), ".10g")


def _alone(sweep: Sweep) -> Pieces:
    """Times without a comparison."""
    timed = [(p, arm) for p in sweep.ascending for arm in p.arms if arm.measured]
    if not timed:
        return [Span("Nothing was timed", "bad")]
    name = timed[0][1].name
    ends = [pair for pair in timed if pair[1].name == name]
    if not sweep.numeric:
        ends.sort(key=lambda pair: pair[1].median or 0.0)
    times = [f"{seconds(a.median or 0.0)} at {sweep.name} = {_text(p)}" for p, a in ends]
    who = "The cell" if len(sweep.arms) == 1 else abridge(name, NAME_LIMIT)
    through = f" and {times[-1]}" if len(times) > 1 else ""
    return [Span(f"{who} takes {times[0]}{through}", "strong"), " per call"]


def _growth(sweep: Sweep) -> list[Sentence]:
    shown = [_power(each, sweep) for each in sweep.growth[:_MOST_GROWTHS]]
    more = len(sweep.growth) - _MOST_GROWTHS
    if not shown:
        return []
    return [sentence(f"Growth: {', '.join(shown)}{f', and {more} more' if more > 0 else ''}.")]


def _power(growth: Growth, sweep: Sweep) -> str:
    """``"eager n^1.9 (1.8 to 2.1)"``, with digits that the interval allows."""
    low, high = growth.interval or (growth.exponent, growth.exponent)
    digits = 2 if growth.interval and high - low < 0.1 else 1
    ends = f" ({fixed(low, digits)} to {fixed(high, digits)})" if growth.interval else ""
    name = abridge(growth.arm, NAME_LIMIT)
    return f"{name} {sweep.name}^{fixed(growth.exponent, digits)}{ends}"


def _agreement(names: Sequence[str], sweep: Sweep) -> list[Sentence]:
    arms = [arm for name in names for _, arm in compared(name, sweep)]
    if not arms or any(arm.agrees is False for arm in arms):
        return []
    if all(arm.agrees for arm in arms):
        return [sentence(f"All answers agree for every {sweep.name}.")]
    unknown = next(arm for arm in arms if arm.agrees is None)
    why = abridge(unknown.agreement.removeprefix("not compared").strip(" :"), 160)
    return [sentence(f"Not all answers were compared{f': {why}' if why else ''}.")]


def _alerts(result: BenchResult, sweep: Sweep) -> list[Sentence]:
    """What has to be read before any speed: a partial result, answers that differ."""
    said = []
    if result.partial:
        left = [_text(point) for point in sweep.points if point.status == "skipped"]
        cut = [_text(point) for point in sweep.points if point.partial]
        what = [f"no times for {sweep.name} = {listed(left)}"] if left else []
        what += [f"few rounds for {sweep.name} = {listed(cut)}"] if cut else []
        said.append(_alert("Partial result", f": stopped, so {' and '.join(what)}."))
    for name in sweep.arms:
        differing = [(p, a) for p, a in compared(name, sweep) if a.agrees is False]
        if differing and len(said) < _MOST_ALERTS:
            where = f"{sweep.name} = {listed(_text(point) for point, _ in differing)}"
            why = abridge(differing[0][1].agreement, 200)
            strong = f"The answers of {abridge(name, NAME_LIMIT)} differ"
            whose = f" from those of {abridge(result.reference, NAME_LIMIT)} for {where}"
            said.append(_alert(strong, f"{whose}{f': {why}' if why else ''}."))
    return said


def _alert(strong: str, rest: str) -> Sentence:
    return sentence(Span(strong, "bad"), rest, role="alert")
