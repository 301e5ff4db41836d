"""The live view in a real kernel: what a page gets, asks for, and what is left at the end."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from dlmagic.magics.watch.live.view import LiveView
from dlmagic.magics.watch.sample_result import Overhead
from tests.display.live.test_widget import WIDGET, of_kind, page_says, value
from tests.magics.watch.live.training import Training
from tests.shell.kernels import Kernel, started_kernel

SETUP = """
from dlmagic.magics.watch.live.view import LiveView
from tests.magics.watch.live.training import Training, finding_of
training = Training(12, steps=30)
view = LiveView(training)
def advance(count=1):
    samples = training.advance(count)
    view.tell(samples, [(samples[-1].step, 0.5)], [], training.overhead())
"""
ADVANCE = "import time; time.sleep(0.3); advance()"


@pytest.fixture(scope="module")
def kernel() -> Iterator[Kernel]:
    with started_kernel() as kernel:
        yield kernel


@pytest.fixture
def comms(kernel: Kernel) -> Iterator[dict[str, Any]]:
    """A view that is shown; the state of each widget that it opened."""
    kernel.run(SETUP)
    kernel.run("view.show()")
    yield {each["comm_id"]: each["data"]["state"] for each in of_kind(kernel, "comm_open")}
    kernel.run("view.end({'text/plain': 'the last'})")


def told(kernel: Kernel, kind: str) -> list[dict[str, Any]]:
    said = [each["data"].get("content", {}) for each in of_kind(kernel, "comm_msg")]
    return [each for each in said if each.get("kind") == kind]


def say(kernel: Kernel, comms: dict[str, Any], **said: Any) -> None:
    """What a page says between two cells; the kernel's messages are what it answers."""
    page_says(kernel, comms, **said)
    kernel.messages.clear()
    while not kernel.messages or kernel.messages[-1]["content"].get("execution_state") != "idle":
        kernel.messages.append(kernel.client.get_iopub_msg(timeout=30))


def answer(kernel: Kernel, comms: dict[str, Any], **said: Any) -> str:
    say(kernel, comms, id="1", **said)
    (told_back,) = told(kernel, "answer")
    assert told_back["to"] == "1"
    return str(told_back["text"])


def test_a_page_gets_new_columns_as_bytes(kernel: Kernel, comms: dict[str, Any]) -> None:
    (state,) = (state for state in comms.values() if "_esm" in state)
    assert state["about"]["layers"][0] == ["encoder.0.linear0", "Linear"]
    assert state["about"]["kernel"]
    assert state["recent"][0]["steps"] == list(range(1, 31))
    kernel.run(ADVANCE)
    (message,) = [each for each in kernel.messages if each["msg_type"] == "comm_msg"]
    news = message["content"]["data"]["content"]["news"]
    assert news["steps"] == [31]
    assert len(news["parts"]) == len(message["buffers"])
    assert sum(map(len, message["buffers"])) <= 12_000


def test_news_come_four_times_a_second_at_most(kernel: Kernel, comms: dict[str, Any]) -> None:
    kernel.run("import time\nfor _ in range(50):\n    advance()\n    time.sleep(0.02)")
    assert 3 <= len(told(kernel, "news")) <= 6


def test_while_nobody_looks_nothing_is_sent_and_then_all(
    kernel: Kernel, comms: dict[str, Any]
) -> None:
    for visible in (True, False):
        say(kernel, comms, kind="here", page="a", visible=visible)
    kernel.run(f"{ADVANCE}; advance(5)")
    assert told(kernel, "news") == []
    say(kernel, comms, kind="here", page="a", visible=True)
    (sent,) = told(kernel, "news")
    assert sent["news"]["snapshot"] is True
    assert sent["news"]["steps"] == list(range(1, 37))


def test_a_page_chooses_layers_and_is_told_what_is_wrong(
    kernel: Kernel, comms: dict[str, Any]
) -> None:
    assert answer(kernel, comms, kind="choose", pattern=" encoder.1.* ") == ""
    assert "Did you mean" in answer(kernel, comms, kind="choose", pattern="nothing")
    assert value(kernel, "training.heard") == "['choose encoder.1.*', 'choose nothing']"


def test_a_page_pauses_resumes_and_stops(kernel: Kernel, comms: dict[str, Any]) -> None:
    for kind in ("pause", "resume", "stop"):
        assert answer(kernel, comms, kind=kind) == ""
    assert value(kernel, "training.heard") == "['pause', 'resume', 'stop']"


def test_a_page_gets_the_numbers_of_the_layer_that_it_selects(
    kernel: Kernel, comms: dict[str, Any]
) -> None:
    kernel.run(ADVANCE)
    say(kernel, comms, kind="select", layer="encoder.1.linear2")
    (sent,) = told(kernel, "news")
    assert sent["news"]["detail"]["layer"] == "encoder.1.linear2"
    assert "steps" not in sent["news"]


def test_at_the_end_the_static_form_is_left_and_no_widget(
    kernel: Kernel, comms: dict[str, Any]
) -> None:
    kernel.run("view.end({'text/plain': 'the last'}); view.end({})")
    (update,) = of_kind(kernel, "update_display_data")
    assert update["data"] == {"text/plain": "the last"}
    assert WIDGET not in update["data"]
    assert {each["comm_id"] for each in of_kind(kernel, "comm_close")} == set(comms)
    kernel.run(ADVANCE)
    assert of_kind(kernel, "comm_msg") == []


def test_without_widgets_the_static_form_is_refreshed_once_a_second() -> None:
    with started_kernel() as kernel:
        kernel.run("import sys; sys.modules['anywidget'] = None")
        kernel.run(SETUP)
        kernel.run("view.show()")
        assert of_kind(kernel, "display_data")[0]["data"]["text/plain"].startswith("30 samples")
        kernel.run("import time\nfor _ in range(24):\n    advance()\n    time.sleep(0.05)")
        assert 1 <= len(of_kind(kernel, "update_display_data")) <= 3
        assert kernel.text("stream") == ""


def test_in_a_terminal_it_is_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    training = Training(12, steps=3)
    view = LiveView(training)
    view.show()
    view.tell(training.advance(), [], [], Overhead())
    view.end({})
    assert capsys.readouterr().out == "3 samples\n"
