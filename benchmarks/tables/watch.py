"""The table of ``%watch``: one column per model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Model = Mapping[str, Any]
Figure = Mapping[str, Any]


def overhead(document: Mapping[str, Any]) -> str:
    """What watching adds to a training step."""
    found: Sequence[Model] = document["models"]
    lines = [
        _line("", [each["model"] for each in found]),
        _line("---", ["---"] * len(found)),
        _line("a plain step", [f"{1000 * each['plain']:.1f} ms" for each in found]),
    ]
    lines += [
        _line(f"{way}, over a plain step", [_ratio(each["ratios"][way]) for each in found])
        for way in found[0]["ratios"]
    ]
    if "gpu" in document:
        lines.insert(2, _line("on one", [document["gpu"]] * len(found)))
    lines.append(_line("the default rate is", [f"one step in {each['every']}" for each in found]))
    for every in sorted({every for each in found for every in each["added"]}, key=int):
        lines += _beside(found, every)
    lines += [
        _line(
            f"writing a sample to {to}", [f"{1000 * each['writing'][to]:.0f} ms" for each in found]
        )
        for to in found[0]["writing"]
    ]
    return "\n".join(lines)


def _beside(found: Sequence[Model], every: str) -> list[str]:
    often = "every step" if int(every) == 1 else f"one step in {every}"
    names = next(each["added"][every] for each in found if every in each["added"])
    return [
        _line(
            f"added to a step by {name}, {often}",
            [_added(each, every, name) if every in each["added"] else "" for each in found],
        )
        for name in names
    ]


def _added(model: Model, every: str, name: str) -> str:
    figure, times = model["added"][every][name], model["times"][every].get(name)
    value = _milliseconds(figure["value"])
    low, high = (figure if times is None else times)["interval"]
    if times is None:
        return f"{value} ms ({_milliseconds(low)} to {_milliseconds(high)})"
    return f"{value} ms, {times['value']:.0f} times as much ({low:.0f} to {high:.0f})"


def _milliseconds(seconds: float) -> str:
    milliseconds = 1000 * seconds
    return f"{milliseconds:,.0f}" if abs(milliseconds) >= 100 else f"{milliseconds:.2g}"


def _ratio(figure: Figure) -> str:
    low, high = figure["interval"]
    return f"{figure['value']:.3f}x ({low:.3f} to {high:.3f})"


def _line(name: str, cells: Sequence[str]) -> str:
    return f"| {name} | {' | '.join(cells)} |"
