"""What ``%%dlbench`` leaves in a notebook: a real kernel, its replies and its outputs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.shell.kernels import Kernel, started_kernel

PREPARE = """
%load_ext dlmagic
import time
numbers = [3, 1, 2]
"""

SLOW = """%%dlbench --time 60
print("hello")
numbers.append(len(numbers))
time.sleep({seconds})
"""


@pytest.fixture(scope="module")
def kernel() -> Iterator[Kernel]:
    with started_kernel() as kernel:
        assert kernel.run(PREPARE)["status"] == "ok", kernel.text("error")
        yield kernel


@pytest.fixture(autouse=True)
def numbers_are_put_back(kernel: Kernel) -> Iterator[None]:
    yield
    kernel.run("numbers")
    assert kernel.outputs() == [("execute_result", "[3, 1, 2]")]


def kinds(kernel: Kernel) -> list[str]:
    return [kind for kind, _ in kernel.outputs()]


def test_only_the_result_stays_in_the_notebook(kernel: Kernel) -> None:
    assert kernel.run("%%dlbench --time 0.3\nsorted(numbers)")["status"] == "ok"
    ((kind, text),) = kernel.outputs()
    assert kind == "execute_result"
    assert text.startswith("python takes ")
    assert any(line.startswith("round ") for line in kernel.progress())


def test_what_the_cell_shows_is_shown_once_in_its_order_before_the_result(kernel: Kernel) -> None:
    kernel.run(
        "%%dlbench --time 0.1\nprint('first')\ndisplay('shown')\nprint('last')\nnumbers.append(4)"
    )
    said = kernel.outputs()
    assert said[:3] == [("stream", "first\n"), ("display_data", "'shown'"), ("stream", "last\n")]
    assert [kind for kind, _ in said[3:]] == ["execute_result"]


def test_set_up_and_definitions_are_shown_once_too(kernel: Kernel) -> None:
    kernel.run(
        "%%dlbench --time 0.1\n"
        "print('set-up')\n"
        "# --- a\n"
        "class Loud:\n    print('class a')\n"
        "sorted(numbers)\n"
        "# --- b\n"
        "max(numbers)"
    )
    assert kernel.outputs()[0] == ("stream", "set-up\nclass a\n")
    assert kinds(kernel) == ["stream", "execute_result"]


def test_the_line_form_leaves_earlier_output_alone(kernel: Kernel) -> None:
    kernel.run("print('earlier')\nresult = %dlbench --time 0.1 sorted(numbers)\nresult.rounds > 0")
    said = kernel.outputs()
    assert said[0] == ("stream", "earlier\n")
    assert said[-1] == ("execute_result", "True")
    assert kernel.progress()[-1] == ""


def test_a_figure_is_shown_once(kernel: Kernel) -> None:
    pytest.importorskip("matplotlib")
    kernel.run("%matplotlib inline\nimport matplotlib.pyplot as plt")
    kernel.run("%%dlbench --time 0.2\nplt.plot(numbers)\nplt.title('sums');")
    assert kinds(kernel) == ["display_data", "execute_result"]
    assert "Figure" in kernel.outputs()[0][1]


def test_an_error_comes_after_what_the_cell_printed(kernel: Kernel) -> None:
    reply = kernel.run("%%dlbench\nprint('before')\nnumbers.append(0)\nnumbers[0] / numbers[-1]")
    assert (reply["status"], reply["ename"]) == ("error", "ZeroDivisionError")
    shown = "\n".join(reply["traceback"])
    assert "----> 4 numbers[0] / numbers[-1]" in shown
    assert "dlmagic" not in shown.replace("%%dlbench", "")
    assert kernel.outputs() == [("stream", "before\n"), ("error", shown)]


def test_a_slip_is_one_line_and_nothing_runs(kernel: Kernel) -> None:
    reply = kernel.run("%%dlbench --modes eagr\nprint('runs')")
    assert (reply["status"], reply["ename"]) == ("error", "UsageError")
    ((kind, text),) = kernel.outputs()
    assert kind == "stream"
    assert text.startswith("UsageError: ")
    assert text.count("\n") == 1


def test_an_interrupt_of_the_first_run_is_the_users_own(kernel: Kernel) -> None:
    reply = kernel.run(SLOW.format(seconds=60), interrupt_at="first run", after=0.3)
    assert (reply["status"], reply["ename"]) == ("error", "KeyboardInterrupt")
    shown = "\n".join(reply["traceback"])
    assert "----> 4 time.sleep(60)" in shown
    assert "/dlmagic/" not in shown
    assert kernel.outputs() == [("stream", "hello\n"), ("error", shown)]


@pytest.mark.parametrize("stage", ["preparing python", "warming up python", "round 2"])
def test_an_interrupt_later_gives_a_partial_result(kernel: Kernel, stage: str) -> None:
    reply = kernel.run(SLOW.format(seconds=0.02), interrupt_at=stage)
    assert reply["status"] == "ok"
    assert kernel.outputs()[0] == ("stream", "hello\n")
    assert kinds(kernel) == ["stream", "execute_result"]
    first = kernel.outputs()[1][1].splitlines()[0]
    assert first.startswith("Partial result" if stage == "round 2" else "Nothing was timed")


def test_the_kernel_goes_on(kernel: Kernel) -> None:
    kernel.run("%%dlbench -q -o kept --time 0.1\nsorted(numbers)")
    assert kernel.outputs() == []
    kernel.run("kept.partial, kept.arms[0].status")
    assert kernel.outputs() == [("execute_result", "(False, 'ok')")]
