"""What is sent to pages: how much, how often, and that nothing is lost on the way."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from dlmagic.magics.watch.layer_result import states_of
from dlmagic.magics.watch.live.feed import PERIOD, Feed
from dlmagic.magics.watch.live.measures import BROKEN, MEASURES
from dlmagic.magics.watch.live.message import LARGEST, Message
from tests.display.live.test_attention import Clock
from tests.magics.watch.live.training import Training, finding_of

CALLS = 20
STATE = {"paused": False}


def part(message: Message, name: str, dtype: str) -> np.ndarray:
    return np.frombuffer(message.buffers[message.plain["parts"].index(name)], dtype)


def columns(message: Message, layers: int) -> np.ndarray:
    """The columns as numbers again, ``[column, measure, layer]``."""
    upper = part(message, "columns", "<u2").astype(np.uint32) << 16
    return upper.view(np.float32).reshape(-1, len(MEASURES), layers)


class Page:
    """A training and a feed of it, which is asked whenever it may be."""

    def __init__(self, layers: int) -> None:
        self.training, self.clock = Training(layers), Clock()
        self.feed = Feed([layer.name for layer in self.training.layers], self.clock)
        self.messages: list[tuple[float, Message]] = []

    def advance(self, steps: int, seconds: float, *, broken: int | None = None) -> None:
        samples = self.training.advance(steps, broken)
        losses = [(sample.step, 1 / sample.step) for sample in samples]
        self.feed.note(samples, [finding_of("encoder.0.linear0")], STATE)
        self.feed.add(samples, losses)
        self.clock.now += seconds
        message = self.feed.due()
        if message is not None:
            self.messages.append((self.clock.now, message))


@pytest.mark.parametrize("layers", [3, 40, 300])
@pytest.mark.parametrize("steps", [1, 25])
def test_messages_are_few_and_small(layers: int, steps: int) -> None:
    page = Page(layers)
    for _ in range(CALLS):
        page.advance(steps, 0.07)
    times = [at for at, _ in page.messages]
    assert 0.8 * CALLS * 0.07 / PERIOD - 1 <= len(times) <= CALLS * 0.07 / PERIOD + 1
    assert min(np.diff(times)) >= PERIOD - 1e-9
    assert max(message.size for _, message in page.messages) <= LARGEST


def test_more_layers_than_fit_are_sent_at_a_lower_rate() -> None:
    page = Page(1500)
    for _ in range(16):
        page.advance(1, 0.25)
    sizes = [message.size for _, message in page.messages]
    assert sum(sizes) / (16 * 0.25) <= 1.2 * LARGEST / PERIOD
    assert len(sizes) >= 4


def test_the_numbers_of_a_step_arrive() -> None:
    page = Page(12)
    page.advance(3, 1)
    (_, message), (sample, *_) = page.messages[0], page.training.samples
    assert message.plain["steps"] == [1, 2, 3]
    assert part(message, "layers", "<u2").tolist() == list(range(12))
    sent = columns(message, 12)
    norms = [
        value
        for value, row in zip(sample.column("norm"), sample.rows, strict=True)
        if row.layer == "encoder.0.linear0" and row.quantity == "gradient"
    ]
    assert sent[0, 0, 0] == pytest.approx(np.hypot(*norms), rel=0.005)
    assert np.isnan(sent[0, 0, 1])  # a ReLU has no parameters
    losses = message.buffers[message.plain["parts"].index("losses")]
    assert np.frombuffer(losses[:12], "<u4").tolist() == [1, 2, 3]
    assert np.frombuffer(losses[12:], "<f4") == pytest.approx([1, 1 / 2, 1 / 3])


def test_updates_are_shares_of_their_weights_as_in_the_table() -> None:
    page = Page(12)
    page.advance(1, 1)
    (_, message), (sample,) = page.messages[0], page.training.samples
    places, none = np.arange(len(sample.rows)), np.zeros((len(sample.rows), 2))
    states = states_of(sample.rows, sample.values, sample.calls, none, places)
    table = [np.nan if state.update is None else state.update for state in states]
    assert MEASURES[3].title == "update ratio"
    assert columns(message, 12)[0, 3] == pytest.approx(table, rel=0.005, nan_ok=True)


def test_of_many_steps_the_last_is_sent_and_nothing_broken_is_lost() -> None:
    page = Page(300)
    page.advance(20, 0)
    page.advance(1, 0, broken=100)
    page.advance(20, 1)
    assert page.messages[0][1].plain["steps"][-1] == 20  # sent with the first column
    (_, message) = page.messages[-1]
    assert message.plain["steps"][-1] == 41
    sent = columns(message, 300)
    assert (sent[:, BROKEN].max(axis=0) > 0).any()


def test_of_the_selected_layer_all_is_sent() -> None:
    page = Page(12)
    page.feed.select("encoder.1.linear2")
    page.advance(1, 1)
    (_, message), (sample,) = page.messages[0], page.training.samples
    detail: dict[str, Any] = message.plain["detail"]
    assert detail["layer"] == "encoder.1.linear2"
    assert detail["rows"][:4] == ["output", "output gradient", "weight gradient", "weight"]
    first = next(k for k, row in enumerate(sample.rows) if row.layer == "encoder.1.linear2")
    sent = part(message, "detail", "u1").tobytes()
    numbers = np.frombuffer(sent, "<f4", 8 * 5).reshape(8, 5)
    assert numbers[0, 1] == sample.column("std")[first]
    heights = np.frombuffer(sent[8 * 5 * 4 :], "<u2").reshape(8, -1)
    counts = sample.histograms[first]
    assert heights[0].argmax() == counts.argmax()
    assert heights[0] / 65535 == pytest.approx(counts / counts.max(), abs=1e-4)


def test_findings_are_sent_when_they_change_and_now_and_then() -> None:
    page = Page(12)
    for _ in range(16):
        page.advance(1, 1)
    told = [k for k, (_, message) in enumerate(page.messages) if "findings" in message.plain]
    assert told == [0, 8]
    (finding,) = page.messages[0][1].plain["findings"]
    assert finding["layer"] == "encoder.0.linear0"
    assert "vanish" in finding["text"]


def test_nothing_new_is_no_message() -> None:
    page = Page(12)
    page.advance(1, 1)
    page.clock.now += 10
    assert page.feed.due() is None
    page.feed.note([], [finding_of("encoder.0.linear0")], {"paused": True})
    message = page.feed.due()
    assert message is not None
    assert message.plain["paused"] is True


def test_other_layers_are_announced() -> None:
    page = Page(12)
    page.advance(1, 1)
    page.training.course = type(page.training.course)(page.training.layers[2:4])
    page.advance(1, 1)
    (_, first), (_, second) = page.messages
    assert part(second, "layers", "<u2").tolist() == [2, 3]
    assert first.plain["set"] != second.plain["set"]
