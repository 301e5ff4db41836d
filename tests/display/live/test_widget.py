"""A live view in a real kernel: what a front end gets, and what is left at the end."""

from __future__ import annotations

from collections.abc import Iterator
from queue import Empty
from typing import Any

import pytest

from tests.shell.kernels import Kernel, started_kernel

WIDGET = "application/vnd.jupyter.widget-view+json"

SETUP = """
import threading
from dlmagic.display.live.attention import Attention
from dlmagic.display.live.outlet import News
from dlmagic.display.live.surroundings import heeds_cells, outlet_here
from dlmagic.display.live.widget import FrontEnd

attention, pressed = Attention(), []
forget = heeds_cells(attention)
front_end = FrontEnd("export default liveView({});", "", lambda: {"title": "a view"}, lambda: [7])
outlet = outlet_here(lambda: front_end, attention, lambda: pressed.append("stop"))
"""
SHOW = "outlet.show({'text/plain': 'the first', 'text/html': '<p>the first</p>'})"
END = "outlet.end({'text/plain': 'the last', 'text/html': '<p>the last</p>'})"
TELL = """
def tell():
    for k in range(3):
        outlet.tell(News({"k": k}, dict))
thread = threading.Thread(target=tell)
thread.start()
thread.join()
"""


@pytest.fixture(scope="module")
def kernel() -> Iterator[Kernel]:
    with started_kernel() as kernel:
        yield kernel


@pytest.fixture
def comms(kernel: Kernel) -> dict[str, Any]:
    """A view in the kernel; the state of each widget that it opened."""
    kernel.run(SETUP)
    return {each["comm_id"]: each["data"]["state"] for each in of_kind(kernel, "comm_open")}


def of_kind(kernel: Kernel, kind: str) -> list[dict[str, Any]]:
    return [each["content"] for each in kernel.messages if each["msg_type"] == kind]


def page_says(
    kernel: Kernel, comms: dict[str, Any], *, over: str | None = None, **content: Any
) -> None:
    """What a page sends; the kernel reads it before the next cell, or at once over a subshell."""
    (view,) = (key for key, state in comms.items() if "_esm" in state)
    data = {"method": "custom", "content": content}
    message = kernel.client.session.msg("comm_msg", {"comm_id": view, "data": data})
    if over is not None:
        message["header"]["subshell_id"] = over
    kernel.client.shell_channel.send(message)


def subshell(kernel: Kernel) -> str | None:
    """A thread of the kernel for messages while a cell runs; None where it has no such."""
    client = kernel.client
    client.kernel_info(reply=True, timeout=30)
    client.control_channel.send(client.session.msg("create_subshell_request"))
    try:
        return str(client.get_control_msg(timeout=5)["content"]["subshell_id"])
    except (Empty, KeyError):
        return None


def value(kernel: Kernel, expression: str) -> str:
    kernel.run(expression)
    return kernel.text("execute_result")


def test_the_widget_has_the_static_form_beside_it(kernel: Kernel, comms: dict[str, Any]) -> None:
    (state,) = (state for state in comms.values() if "_esm" in state)
    assert state["about"] == {"title": "a view"}
    assert state["recent"] == [7]
    assert "liveView" in state["_esm"]
    kernel.run(SHOW)
    (shown,) = of_kind(kernel, "display_data")
    assert shown["data"]["text/plain"] == "the first"
    assert shown["data"]["text/html"] == "<p>the first</p>"
    assert shown["data"][WIDGET]["model_id"] in comms
    kernel.run(END)


def test_news_from_a_thread_reach_the_page(kernel: Kernel, comms: dict[str, Any]) -> None:
    kernel.run(SHOW)
    kernel.run(TELL)
    sent = [each["data"]["content"] for each in of_kind(kernel, "comm_msg")]
    assert sent == [{"kind": "news", "news": {"k": k}} for k in range(3)]
    kernel.run(END)


def test_at_the_end_the_static_form_is_left_and_no_widget(
    kernel: Kernel, comms: dict[str, Any]
) -> None:
    kernel.run(SHOW)
    (shown,) = of_kind(kernel, "display_data")
    kernel.run(END)
    (update,) = of_kind(kernel, "update_display_data")
    assert update["transient"] == shown["transient"]
    assert update["data"] == {"text/plain": "the last", "text/html": "<p>the last</p>"}
    assert {each["comm_id"] for each in of_kind(kernel, "comm_close")} == set(comms)
    kernel.run(TELL)
    assert of_kind(kernel, "comm_msg") == []
    assert kernel.text("stream") == ""


def test_the_page_says_whether_it_is_visible_and_is_answered(
    kernel: Kernel, comms: dict[str, Any]
) -> None:
    kernel.run(SHOW)
    page_says(kernel, comms, kind="here", page="a", visible=False)
    assert value(kernel, "attention.state()") == "'unseen'"
    page_says(kernel, comms, kind="here", page="a", visible=True)
    assert value(kernel, "attention.state()") == "'looked at'"
    kernel.run(END)


def test_the_page_can_stop_it(kernel: Kernel, comms: dict[str, Any]) -> None:
    kernel.run(SHOW)
    page_says(kernel, comms, kind="stop")
    assert value(kernel, "pressed") == "['stop']"
    kernel.run(END)


def test_a_page_is_heard_while_a_cell_runs(kernel: Kernel, comms: dict[str, Any]) -> None:
    over = subshell(kernel)
    if over is None:
        pytest.skip("ipykernel has no subshells")
    kernel.run(SHOW)
    kernel.run(TELL)
    wait = "import time\nend = time.time() + 20\nwhile not pressed and time.time() < end: pass"
    kernel.client.execute(wait)
    page_says(kernel, comms, over=over, kind="stop")
    assert value(kernel, "pressed, time.time() < end") == "(['stop'], True)"
    kernel.run(END)


def test_cells_are_heeded_until_they_are_forgotten(kernel: Kernel, comms: dict[str, Any]) -> None:
    count = "sum(map(len, get_ipython().events.callbacks.values()))"
    before = int(value(kernel, count))
    kernel.run("forget(); forget()")
    assert int(value(kernel, count)) == before - 2
    kernel.run(END)
