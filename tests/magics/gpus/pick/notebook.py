"""A process that runs cells, as the kernel of another notebook would."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

ROOT = Path(__file__).parents[4]

_PROGRAM = """
import json, os, sys, time
answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)  # what cells print is no answer
names = {"__name__": "__main__"}
exec("import os, dlmagic; from dlmagic import pick_gpus", names)
print("ready", file=answers, flush=True)
for line in sys.stdin:
    names["answer"] = None
    try:
        exec(json.loads(line), names)
        told = {"answer": names["answer"]}
    except BaseException as error:
        told = {"kind": type(error).__name__, "error": str(error), "at": time.monotonic()}
    print(json.dumps(told), file=answers, flush=True)
"""


class Refused(Exception):  # noqa: N818 - as what it stands for
    """What a cell ended with.

    Args:
        kind: Name of the exception's class.
        text: What it said.
        at: When, of the monotonic clock of all processes.
    """

    def __init__(self, kind: str, text: str, at: float) -> None:
        super().__init__(f"{kind}: {text}")
        self.kind, self.text, self.at = kind, text, at


class Notebook:
    """A process with this environment."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", _PROGRAM],
            env={**environment, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.pid = self._process.pid
        assert self._line() == "ready\n"

    def run(self, code: str) -> Any:
        """Run a cell; what it left in `answer`."""
        self.begin(code)
        return self.end()

    def begin(self, code: str) -> None:
        """Let it run a cell."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(code) + "\n")
        self._process.stdin.flush()

    def end(self) -> Any:
        """What the cell left in `answer`.

        Raises:
            Refused: It has failed.
        """
        told = json.loads(self._line())
        if "error" in told:
            raise Refused(told["kind"], told["error"], told["at"])
        return told["answer"]

    def interrupt(self) -> None:
        """As with the button of a notebook."""
        os.kill(self.pid, signal.SIGINT)

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()
        self._process.wait()

    def _line(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the process has ended"
        return line

    def __enter__(self) -> Notebook:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.kill()
        self._process.communicate()
