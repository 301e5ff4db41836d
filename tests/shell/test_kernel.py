"""Errors and results as a real kernel sends them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.shell.kernels import Kernel, started_kernel

LOAD = """
from dlmagic.shell import extension
from tests.shell.magics import ROOM
extension.load(get_ipython(), rooms=[ROOM])
"""


@pytest.fixture(scope="module")
def kernel() -> Iterator[Kernel]:
    with started_kernel() as kernel:
        assert kernel.run(LOAD)["status"] == "ok", kernel.text("error")
        yield kernel


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
    assert [kind for kind, _ in kernel.outputs()] == ["execute_result"]


def test_an_interrupt_shows_the_line_that_it_hit(kernel: Kernel) -> None:
    cell = "%%sample\nimport time\nprint('interrupt me')\ntime.sleep(60)"
    reply = kernel.run(cell, interrupt_at="interrupt me")
    assert (reply["status"], reply["ename"]) == ("error", "KeyboardInterrupt")
    shown = "\n".join(reply["traceback"])
    assert "----> 4 time.sleep(60)" in shown
    assert "dlmagic" not in shown
