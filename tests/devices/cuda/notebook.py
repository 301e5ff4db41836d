"""A process that runs cells and tells the state of CUDA in it, as a notebook's kernel would."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any

_PROGRAM = """
import contextlib, dataclasses, json, os, sys
answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)  # what cells print is no answer
cells = {}
def state(wanted):
    from dlmagic.devices.cuda.advice import advice
    from dlmagic.devices.cuda.state import read_cuda_state
    found = read_cuda_state()
    named = dataclasses.asdict(found)
    named["devices"] = found.devices if isinstance(found.devices, tuple) else str(found.devices)
    return {**named, "advice": advice(found, wanted), "pid": os.getpid()}
for line in sys.stdin:
    asked = json.loads(line)
    exec(asked["code"], cells)
    if not asked["forked"]:
        print(json.dumps(state(asked["wanted"])), file=answers, flush=True)
    elif os.fork() == 0:
        print(json.dumps(state(asked["wanted"])), file=answers, flush=True)
        os._exit(0)
    else:
        os.wait()
"""


@dataclass(frozen=True)
class Told:
    """What a process tells: the fields of the state, the advice, and its number."""

    kind: str
    devices: tuple[str, ...] | str
    by: tuple[str, ...]
    sure: bool
    settled: tuple[str, ...]
    advice: str
    pid: int


class Notebook:
    """A process with this environment."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", _PROGRAM],
            env=dict(environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, code: str, wanted: tuple[str, ...] = (), *, forked: bool = False) -> Told:
        """Run a cell, and ask; in a child that is forked then, if that is wanted."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(
            json.dumps({"code": code, "wanted": wanted, "forked": forked}) + "\n"
        )
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        assert answer, self._process.communicate()[1][-2000:]
        fields: dict[str, Any] = json.loads(answer)
        named = {name: _frozen(value) for name, value in fields.items()}
        return Told(**named)

    def __enter__(self) -> Notebook:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.communicate()


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
