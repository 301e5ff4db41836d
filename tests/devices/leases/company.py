"""Processes that take leases, as a test starts and orders them about."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
from collections.abc import Iterable, Sequence
from itertools import pairwise
from operator import itemgetter
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[3]
PROGRAM = Path(__file__).with_name("player.py")


class Player:
    """One process.

    Args:
        folder: Of the leases.
        user: Number of the user that it becomes; None for that of the test.
        inside: The program, and its arguments, that starts it.
    """

    def __init__(self, folder: Path, user: int | None = None, inside: Sequence[str] = ()) -> None:
        self.process = subprocess.Popen(
            [*inside, sys.executable, PROGRAM, folder, *([] if user is None else [str(user)])],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        self.pid = self.process.pid

    def ready(self) -> Player:
        """Itself, when it has started; so that many can start at once."""
        assert self.answer() == "ready"
        return self

    def begin(self, do: str, **order: Any) -> None:
        """Let it do something; its answer can be had later."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"do": do, **order}) + "\n")
        self.process.stdin.flush()

    def has_answered(self) -> bool:
        """Whether it has said something that nobody has heard yet."""
        return bool(select.select([self.process.stdout], [], [], 0)[0])

    def answer(self) -> Any:
        """What it says next."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, "the process has ended"
        return json.loads(line)

    def does(self, do: str, **order: Any) -> Any:
        """Its answer to an order."""
        self.begin(do, **order)
        return self.answer()

    def nudge(self) -> None:
        """An empty line, which some orders wait for."""
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def close(self) -> None:
        """End it, however it stands."""
        self.kill()
        for pipe in (self.process.stdin, self.process.stdout):
            assert pipe is not None
            pipe.close()


def double_claims(held: Iterable[Sequence[Any]]) -> int:
    """How often somebody had what another had not yet given back.

    Args:
        held: What was held, from when, until when.
    """
    ordered = sorted(held, key=itemgetter(0, 1))
    return sum(
        first[0] == second[0] and second[1] < first[2] for first, second in pairwise(ordered)
    )
