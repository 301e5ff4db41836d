from __future__ import annotations

import io
import os
import subprocess
import sys
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from dlmagic.display.progress import Nowhere, Progress, TerminalLine, surroundings


class Recorder:
    """A line that remembers what it showed."""

    def __init__(self) -> None:
        self.shown: list[str] = []

    def show(self, text: str) -> None:
        self.shown.append(text)

    def clear(self) -> None:
        self.shown.append("<cleared>")


class Clock:
    """Time that passes when it is told to."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_at_most_four_updates_a_second_reach_the_reader() -> None:
    line, clock = Recorder(), Clock()
    with Progress(line=line, clock=clock) as progress:
        for step in range(200):
            clock.now = 100 + step * 0.01
            progress.update(f"round {step}")
    assert line.shown[0] == "round 0"
    assert len(line.shown) == 8 + 1
    assert line.shown[-1] == "<cleared>"


def test_a_new_stage_is_shown_at_once_since_it_may_take_long() -> None:
    line = Recorder()
    with Progress(line=line, clock=Clock()) as progress:
        for text in ("preparing eager", "preparing compile", "round 1 of 9", "round 2 of 9"):
            progress.update(text)
    assert line.shown == ["preparing eager", "preparing compile", "round 1 of 9", "<cleared>"]


def test_the_line_is_gone_after_an_interrupt() -> None:
    line = Recorder()

    def work() -> None:
        with Progress(line=line) as progress:
            progress.update("compiling")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        work()
    assert line.shown == ["compiling", "<cleared>"]


def test_without_a_message_nothing_is_cleared() -> None:
    line = Recorder()
    with Progress(line=line):
        pass
    assert line.shown == []


def test_a_terminal_line_is_overwritten_and_blanked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    stream = io.StringIO()
    line = TerminalLine(stream)
    line.show("a long message that would wrap")
    line.show("short")
    line.clear()
    first, second, blank, end = stream.getvalue().split("\r")[1:]
    assert len(first) == 19
    assert second == "short".ljust(19)
    assert (blank, end) == (" " * 5, "")


def test_a_pipe_sees_nothing() -> None:
    assert isinstance(surroundings(), Nowhere)


def test_a_script_sees_nothing_and_imports_no_ipython() -> None:
    code = (
        "import sys; from dlmagic.display.progress import Progress\n"
        "with Progress() as progress: progress.update('round 1')\n"
        "assert 'IPython' not in sys.modules"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, check=True, env=environment
    )
    assert (done.stdout, done.stderr) == (b"", b"")


WORK = """
import time
from dlmagic.display.progress import Progress
{before}
with Progress(alone={alone}) as progress:
    for k in range(3):
        progress.update(f"round {{k}} of 3")
        time.sleep(0.3)
"the result"
"""


class Watcher(NotebookClient):
    """A front end that remembers the messages behind each cell."""

    def process_message(self, msg: Any, cell: Any, cell_index: int) -> Any:
        cell.metadata.setdefault("messages", []).append((msg["msg_type"], str(msg["content"])))
        return super().process_message(msg, cell, cell_index)


@pytest.fixture(scope="module")
def executed() -> list[nbformat.NotebookNode]:
    """Two cells that showed progress, as a real kernel left them in the notebook."""
    sources = [
        WORK.format(before="", alone=True),
        WORK.format(before="print('output of the user')", alone=False),
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(s) for s in sources])
    Watcher(notebook, kernel_name="python3", timeout=60).execute()
    return list(notebook.cells)


@pytest.mark.parametrize("cell", [0, 1])
def test_a_notebook_sees_one_line_that_changes(
    executed: list[nbformat.NotebookNode], cell: int
) -> None:
    messages = executed[cell].metadata["messages"]
    said = [(kind, text) for kind, text in messages if "of 3" in text and "display_data" in kind]
    assert [kind for kind, _ in said] == ["display_data", *["update_display_data"] * 2]
    assert [f"round {k} of 3" in text for k, (_, text) in enumerate(said)] == [True] * 3


def test_nothing_stays_in_the_saved_notebook(executed: list[nbformat.NotebookNode]) -> None:
    (output,) = executed[0].outputs
    assert output.output_type == "execute_result"
    assert output.data == {"text/plain": "'the result'"}


def test_output_of_the_user_stays(executed: list[nbformat.NotebookNode]) -> None:
    stream, line, value = executed[1].outputs
    assert stream.text == "output of the user\n"
    assert set(line.data.values()) == {""}
    assert value.data == {"text/plain": "'the result'"}
