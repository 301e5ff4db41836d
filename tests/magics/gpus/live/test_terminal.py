"""In a terminal: a table that changes in its place until Ctrl-C, then what was seen."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.devices.double.boards import GIB, Board
from tests.devices.double.building import Libraries
from tests.devices.double.machine import Machine

pexpect = pytest.importorskip("pexpect", reason="pexpect comes with IPython, but not on Windows")

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


def started(environment: dict[str, str], *command: str):
    return pexpect.spawn(
        sys.executable,
        [*command],
        env=environment,
        dimensions=(40, 100),
        timeout=30,
        encoding="utf8",
    )


def test_ctrl_c_ends_it_with_the_summary(environment: dict[str, str]) -> None:
    program = started(environment, "-c", LIVE)
    program.expect("1 reading of 1 GPU, so far")
    program.expect("61 °C")
    program.expect("Ctrl-C ends it")
    program.expect("2 readings of 1 GPU over")
    program.sendintr()
    program.expect(r"readings of 1 GPU over [\d.]+ s\.")
    program.expect("4.29 GB")
    program.expect("and on")
    program.expect(pexpect.EOF)
    assert "Traceback" not in program.before


def test_ipython_shows_it_as_the_value_of_a_line(environment: dict[str, str]) -> None:
    program = started(environment, "-m", "IPython", "--no-banner", "--simple-prompt")
    program.expect("In .1.: ")
    program.sendline("from dlmagic.magics.gpus.live.session import live")
    program.expect("In .2.: ")
    program.sendline("live(1)")
    program.expect("Ctrl-C ends it")
    program.sendintr()
    program.expect(r"of 1 GPU( over [\d.]+ s)?\.")
    program.expect("In .3.: ")
    program.sendline("exit")
    program.expect(pexpect.EOF)


def test_behind_a_pipe_it_is_written_once_and_goes_on(environment: dict[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LIVE], env=environment, capture_output=True, text=True, timeout=60
    )
    assert done.stdout.startswith("1 reading of 1 GPU, so far.")
    assert done.stdout.endswith("and on\n")
    assert done.stderr == ""
