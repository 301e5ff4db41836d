"""Errors and results as a real kernel sends them."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from jupyter_client.manager import start_new_kernel

LOAD = """
from dlmagic.shell import extension
from tests.shell.magics import ROOM
extension.load(get_ipython(), rooms=[ROOM])
"""


@dataclass
class Kernel:
    client: Any
    pid: int
    shown: list[dict[str, Any]] = field(default_factory=list)

    def run(self, cell: str) -> dict[str, Any]:
        self.shown.clear()
        reply = self.client.execute_interactive(cell, timeout=60, output_hook=self.hear)
        return dict(reply["content"])

    def hear(self, message: dict[str, Any]) -> None:
        """Keep what the kernel says; a cell that prints "interrupt me" is interrupted."""
        self.shown.append(message)
        if message["content"].get("text") == "interrupt me\n":
            os.kill(self.pid, signal.SIGINT)

    def text(self, kind: str) -> str:
        """All that messages of one kind said, without colours."""
        contents = [each["content"] for each in self.shown if each["msg_type"] == kind]
        lines = [str(c.get("text") or "\n".join(c.get("traceback", ()))) for c in contents]
        return "".join(lines)


@pytest.fixture(scope="module")
def kernel() -> Iterator[Kernel]:
    manager, client = start_new_kernel(kernel_name="python3")
    try:
        kernel = Kernel(client, manager.provisioner.pid)
        kernel.run("%colors nocolor")
        assert kernel.run(LOAD)["status"] == "ok", kernel.text("error")
        yield kernel
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def test_the_reply_to_an_error_of_the_user_is_an_error(kernel: Kernel) -> None:
    reply = kernel.run("%%sample\na = 1\na / 0")
    assert (reply["status"], reply["ename"]) == ("error", "ZeroDivisionError")
    shown = "\n".join(reply["traceback"])
    assert "----> 3 a / 0" in shown
    assert "dlmagic" not in shown
    assert shown in kernel.text("error")


def test_the_traceback_names_the_cell(kernel: Kernel) -> None:
    reply = kernel.run("%%sample\n1 / 0")
    # The file's name stands in its place before IPython 8.
    names = (f"In[{reply['execution_count']}]", f"ipykernel_{kernel.pid}")
    shown = "\n".join(reply["traceback"])
    assert any(name in shown for name in names), shown


def test_the_reply_to_a_slip_is_an_error_of_one_line(kernel: Kernel) -> None:
    reply = kernel.run("%%sample --tme 2\nx = 1")
    assert (reply["status"], reply["ename"]) == ("error", "UsageError")
    assert kernel.text("stream") == (
        "UsageError: %sample has no option --tme. Did you mean --time?\n"
    )


def test_the_reply_to_a_syntax_error_is_an_error(kernel: Kernel) -> None:
    reply = kernel.run("%%sample\na = = 1")
    assert (reply["status"], reply["ename"]) == ("error", "SyntaxError")
    assert "a = = 1" in kernel.text("error")
    assert "dlmagic" not in kernel.text("error")


def test_the_kernel_goes_on_after_errors(kernel: Kernel) -> None:
    assert kernel.run("%sample 6 * 7")["status"] == "ok"
    assert [each["msg_type"] for each in kernel.shown].count("execute_result") == 1


def test_an_interrupt_shows_the_line_that_it_hit(kernel: Kernel) -> None:
    reply = kernel.run("%%sample\nimport time\nprint('interrupt me')\ntime.sleep(60)")
    assert (reply["status"], reply["ename"]) == ("error", "KeyboardInterrupt")
    shown = "\n".join(reply["traceback"])
    assert "----> 4 time.sleep(60)" in shown
    assert "dlmagic" not in shown
