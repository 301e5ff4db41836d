"""How a live view looks when it has ended, and where there is no page to show it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise

from dlmagic.display.findings import notice
from dlmagic.display.parts import Column, Document, Part, Span, Table, sentence, shorten
from dlmagic.display.units import data_size, plural, seconds
from dlmagic.magics.gpus.live.result import Course, DeviceHistory, GpuHistory

_UNKNOWN = "–"
_MOST_ROWS = 100
_MOST_REASONS = 6
_BARS = "▁▂▃▄▅▆▇█"
_WIDTH = 20  # characters of a course

_Text = Callable[[float], str]


def document(history: GpuHistory) -> Document:
    """All that was seen."""
    return Document((sentence(_answer(history), role="answer"), *_parts(history)))


def _answer(history: GpuHistory) -> str:
    if not history.readings:
        return "Nothing has been read yet."
    count = plural(history.readings, "reading")
    lasted = history.times[-1]
    over = f" over {seconds(lasted, digits=2)}" if history.readings > 1 else ""
    return f"{count} of {_devices(history.devices)}{over}{_state(history)}."


def _devices(devices: tuple[DeviceHistory, ...]) -> str:
    if [each.kind for each in devices] == ["machine"]:
        return "this machine"
    parts = sum(each.kind == "part of a GPU" for each in devices)
    gpus = plural(len(devices) - parts, "GPU")
    return f"{gpus} and {plural(parts, 'part')}" if parts else gpus


def _state(history: GpuHistory) -> str:
    if history.ended in ("", "stopped"):
        return "" if history.ended else ", so far"
    return f"; {history.ended}"


def _parts(history: GpuHistory) -> Iterator[Part]:
    yield from map(notice, history.findings)
    if history.missing:
        yield sentence(f"No NVIDIA GPU: {history.missing}.")
    rows = [row for device in history.devices for row in _rows(device)]
    if rows:
        yield Table(_caption(history), _COLUMNS, tuple(rows[:_MOST_ROWS]))
    if len(rows) > _MOST_ROWS:
        more = len(rows) - _MOST_ROWS
        yield sentence(f"And {plural(more, 'row')} more; .devices has them all.", role="note")
    for reason in _reasons(history.devices):
        yield sentence(reason, role="note")


_COLUMNS = (
    Column("device"),
    Column("what"),
    Column("least", numeric=True),
    Column("mean", numeric=True),
    Column("most", numeric=True),
    Column("last", numeric=True),
    Column("over time"),
)


def _caption(history: GpuHistory) -> str:
    every = f"{history.period:g} s"
    began = history.began.replace("T", " ").replace("+00:00", " UTC")
    return f"Memory, utilisation and temperature from {began} on, read every {every}"


def _rows(device: DeviceHistory) -> Iterator[tuple[Span, ...]]:
    total = device.memory_total
    yield _row(device.name, f"memory{_of(total)}", device.memory, _bytes, total)
    yield _row(device.name, "utilisation", device.utilization, _percent, 100.0)
    if device.kind != "machine":
        yield _row(device.name, "temperature", device.temperature, _degrees, 100.0)


def _row(name: str, what: str, course: Course, text: _Text, top: float | None) -> tuple[Span, ...]:
    numbers = (course.least, course.mean, course.most, course.last)
    return (
        Span(shorten(name, 60)),
        Span(what),
        *(Span(_UNKNOWN if each is None else text(each)) for each in numbers),
        Span(_bars(course.values, top or course.most), "muted"),
    )


def _bars(values: tuple[float | None, ...], top: float | None) -> str:
    """A course in characters: the mean of each stretch of it, a space where nothing is known."""
    shown = (_mean(stretch) for stretch in _stretches(values))
    return "".join(" " if each is None else _bar(each, top) for each in shown).rstrip()


def _bar(value: float, top: float | None) -> str:
    share = value / top if top else 0.0
    return _BARS[min(max(int(share * len(_BARS)), 0), len(_BARS) - 1)]


def _stretches(values: tuple[float | None, ...]) -> list[tuple[float | None, ...]]:
    count = min(_WIDTH, len(values))
    ends = [len(values) * k // count for k in range(count + 1)] if count else [0]
    return [values[begin:end] for begin, end in pairwise(ends)]


def _mean(values: Iterable[float | None]) -> float | None:
    known = [each for each in values if each is not None]
    return sum(known) / len(known) if known else None


def _reasons(devices: tuple[DeviceHistory, ...]) -> list[str]:
    """Why the newest readings failed, each reason once."""
    found: dict[str, list[str]] = {}
    for device in devices:
        courses = {"memory": device.memory, "utilisation": device.utilization}
        if device.kind != "machine":
            courses["temperature"] = device.temperature
        for what, course in courses.items():
            if course.why:
                found.setdefault(course.why, []).append(f"{device.name}, {what}")
    texts = [f"{_places(places)}: {why}." for why, places in found.items()]
    more = len(texts) - _MOST_REASONS
    return [*texts[:_MOST_REASONS], *([f"And {plural(more, 'reason')} more."] if more > 0 else [])]


def _places(places: list[str]) -> str:
    more = f" and {len(places) - 2} more" if len(places) > 2 else ""
    return f"{'; '.join(places[:2])}{more}"


def _of(total: float | None) -> str:
    return "" if total is None else f" (of {_bytes(total)})"


def _bytes(value: float) -> str:
    return data_size(value, digits=3)


def _percent(value: float) -> str:
    return f"{value:.0f} %"


def _degrees(value: float) -> str:
    return f"{value:.0f} °C"
