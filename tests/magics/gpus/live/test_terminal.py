"""In a terminal: a table that changes in its place until Ctrl-C, then what was seen."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.devices.double.boards import GIB, Board
from tests.devices.double.building import Libraries
from tests.devices.double.machine import Machine

EOF = pytest.importorskip("pexpect").EOF
fdpexpect = pytest.importorskip("pexpect.fdpexpect", reason="pexpect comes with IPython")
termios = pytest.importorskip("termios", reason="Windows has other terminals")

LIVE = "from dlmagic.magics.gpus.live.session import live; live(1).show(); print('and', 'on')"


@pytest.fixture
def environment(libraries: Libraries, tmp_path: Path) -> dict[str, str]:
    played = Machine(tmp_path, [Board(used=4 * GIB, temperature=61)])
    played.close()
    return {
        **played.environment(libraries.of("580")),
        "PYTHONPATH": os.pathsep.join(sys.path),
        "IPYTHONDIR": str(tmp_path),
        "TERM": "xterm",
    }


class Terminal(fdpexpect.fdspawn):  # type: ignore[misc]
    """A program in a terminal of its own, started without forking this process.

    pexpect's own way forks, which a JAX in this process does not survive.
    """

    def __init__(self, environment: dict[str, str], *command: str) -> None:
        here, there = os.openpty()
        termios.tcsetwinsize(there, (40, 100))
        streams = dict.fromkeys(("stdin", "stdout", "stderr"), there)
        self.process = subprocess.Popen(
            [sys.executable, *command], env=environment, start_new_session=True, **streams
        )
        os.close(there)
        super().__init__(here, timeout=30, encoding="utf8")

    def interrupt(self) -> None:
        """What Ctrl-C does."""
        self.process.send_signal(signal.SIGINT)

    def ended(self) -> str:
        """What was still written, and that it ended well."""
        self.expect(EOF)
        assert self.process.wait(30) == 0
        self.close()
        return str(self.before)


@pytest.fixture
def started(environment: dict[str, str]) -> Iterator[Callable[..., Terminal]]:
    """Starts programs, and sees to it that none is left."""
    programs: list[Terminal] = []

    def start(*command: str) -> Terminal:
        programs.append(Terminal(environment, *command))
        return programs[-1]

    yield start
    for program in programs:
        program.process.kill()
        program.process.wait()


def test_ctrl_c_ends_it_with_the_summary(started: Callable[..., Terminal]) -> None:
    program = started("-c", LIVE)
    program.expect("1 reading of 1 GPU, so far")
    program.expect("61 °C")
    program.expect("Ctrl-C ends it")
    program.expect("2 readings of 1 GPU over")
    program.interrupt()
    program.expect(r"readings of 1 GPU over [\d.]+ s\.")
    program.expect("4.29 GB")
    program.expect("and on")
    assert "Traceback" not in program.ended()


def test_ipython_shows_it_as_the_value_of_a_line(started: Callable[..., Terminal]) -> None:
    program = started("-m", "IPython", "--no-banner", "--simple-prompt")
    program.expect("In .1.: ")
    program.sendline("from dlmagic.magics.gpus.live.session import live")
    program.expect("In .2.: ")
    program.sendline("get_ipython().display_formatter.ipython_display_formatter.enabled")
    values_show_themselves = program.expect(["False", "True"])
    program.expect("In .3.: ")
    program.sendline("live(1)")
    if not values_show_themselves:  # in the terminal of IPython 7, whose values are text
        program.expect(r"\.show\(\) shows it")
        program.expect("In .4.: ")
        program.sendline("_.show()")
    program.expect("Ctrl-C ends it")
    program.interrupt()
    program.expect(r"of 1 GPU( over [\d.]+ s)?\.")
    program.expect(r"In .\d.: ")
    program.sendline("exit")
    program.ended()


def test_behind_a_pipe_it_is_written_once_and_goes_on(environment: dict[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LIVE], env=environment, capture_output=True, text=True, timeout=60
    )
    assert done.stdout.startswith("1 reading of 1 GPU, so far.")
    assert done.stdout.endswith("and on\n")
    assert done.stderr == ""
