"""How a live view looks when it has ended, and where there is no page to show it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from dlmagic.display.findings import notice
from dlmagic.display.parts import Column, Document, Part, Span, Table, sentence, shorten
from dlmagic.display.units import data_size, plural, seconds
from dlmagic.magics.gpus.live.result import Course, DeviceHistory, GpuHistory

_UNKNOWN = "–"
_MOST_DEVICES = 40
_MOST_REASONS = 6
_BARS = "▁▂▃▄▅▆▇█"
_WIDTH = 20  # characters of a course


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
    if history.devices:
        yield from (_table(quantity, history) for quantity in _quantities(history))
        yield sentence(_when(history), role="note")
    more = len(history.devices) - _MOST_DEVICES
    if more > 0:
        yield sentence(f"And {plural(more, 'device')} more; .devices has them all.", role="note")
    for reason in _reasons(history):
        yield sentence(reason, role="note")


@dataclass(frozen=True)
class _Quantity:
    """What has a table of its own."""

    field: str
    caption: str
    word: str
    text: Callable[[float], str]

    def course(self, device: DeviceHistory) -> Course:
        course: Course = getattr(device, self.field)
        return course


def _bytes(value: float) -> str:
    return data_size(value, digits=3)


_QUANTITIES = (
    _Quantity("memory", "Memory in use", "memory", _bytes),
    _Quantity("utilization", "Utilisation", "utilisation", lambda value: f"{value:.0f} %"),
    _Quantity("temperature", "Temperature", "temperature", lambda value: f"{value:.0f} °C"),
)


def _quantities(history: GpuHistory) -> tuple[_Quantity, ...]:
    """Of the machine itself, no temperature is read."""
    only_machine = all(device.kind == "machine" for device in history.devices)
    return _QUANTITIES[:-1] if only_machine else _QUANTITIES


def _table(quantity: _Quantity, history: GpuHistory) -> Table:
    heads = ("least", "mean", "most", *(["in all"] if quantity.field == "memory" else []))
    numbers = (Column(head, numeric=True) for head in heads)
    rows = (_row(quantity, device) for device in history.devices[:_MOST_DEVICES])
    columns = (Column("device"), *numbers, Column("over time"))
    return Table(quantity.caption, columns, tuple(rows))


def _row(quantity: _Quantity, device: DeviceHistory) -> tuple[Span, ...]:
    course, total = quantity.course(device), device.memory_total
    in_memory = quantity.field == "memory"
    numbers = (course.least, course.mean, course.most, *([total] if in_memory else []))
    shown = (Span(_UNKNOWN if each is None else quantity.text(each)) for each in numbers)
    top = (total or course.most) if in_memory else 100.0
    return (Span(shorten(device.name, 60)), *shown, Span(_bars(course.values, top), "muted"))


def _when(history: GpuHistory) -> str:
    began = history.began.replace("T", " ").replace("+00:00", " UTC")
    return f"From {began} on, read every {history.period:g} s while somebody looked."


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


def _reasons(history: GpuHistory) -> list[str]:
    """Why the newest readings failed, each reason once."""
    found: dict[str, list[str]] = {}
    for device in history.devices:
        for quantity in _quantities(history):
            why = quantity.course(device).why
            if why:
                found.setdefault(why, []).append(f"{device.name}, {quantity.word}")
    texts = [f"{_places(places)}: {why}." for why, places in found.items()]
    more = len(texts) - _MOST_REASONS
    return [*texts[:_MOST_REASONS], *([f"And {plural(more, 'reason')} more."] if more > 0 else [])]


def _places(places: list[str]) -> str:
    more = f" and {len(places) - 2} more" if len(places) > 2 else ""
    return f"{'; '.join(places[:2])}{more}"
