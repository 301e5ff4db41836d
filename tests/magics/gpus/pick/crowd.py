"""Many processes that pick at the same time, round after round, on one machine of the double."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.devices.double.boards import GIB, Process
from tests.devices.double.machine import Machine

PLAYER = "tests.magics.gpus.pick.player"


@dataclass
class Tally:
    """What came of some rounds.

    Attributes:
        rounds: How many.
        picks: How often somebody chose a GPU.
        doubles: How often it was one that another used.
        rounds_with_doubles: In how many rounds that happened.
    """

    rounds: int = 0
    picks: int = 0
    doubles: int = 0
    rounds_with_doubles: int = 0

    def count(self, answers: Sequence[str]) -> None:
        """Add a round."""
        doubles = sum(each.endswith("double") for each in answers)
        self.rounds += 1
        self.picks += sum(each != "none" for each in answers)
        self.doubles += doubles
        self.rounds_with_doubles += bool(doubles)


class Crowd:
    """Processes that pick in one way.

    Args:
        machine: Where; whoever picks is seen by the driver at once, as if CUDA had started.
        players: The processes.
    """

    def __init__(self, machine: Machine, players: Sequence[subprocess.Popen[str]]) -> None:
        self._machine, self._players = machine, players
        self._places = {board.uuid: place for place, board in enumerate(machine.boards)}
        self._on: list[tuple[int, int]] = []

    def play(self, rounds: int, *, apart: bool) -> Tally:
        """Let all pick at once, so many times.

        Args:
            rounds: How many.
            apart: Whether all have left before the first picks again; else they leave meanwhile.
        """
        tally = Tally()
        for _ in range(rounds):
            self._clear()
            if apart:
                list(self._answers("leave"))
            tally.count([self._seen(player, answer) for player, answer in self._answers("pick")])
        return tally

    def _answers(self, command: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
        for player in self._players:
            player.stdin.write(f"{command}\n")
            player.stdin.flush()
        for player in self._players:
            answer = player.stdout.readline().strip()
            assert answer, "a player has ended"
            yield player, answer

    def _seen(self, player: subprocess.Popen[str], answer: str) -> str:
        uuids = [] if answer == "none" else answer.split()[0].split(",")
        for place in map(self._places.__getitem__, uuids):
            self._machine.enter(place, Process(player.pid, 20 * GIB))
            self._on.append((place, player.pid))
        return answer

    def _clear(self) -> None:
        for place, pid in self._on:
            self._machine.leave(place, pid)
        self._on.clear()


@contextmanager
def crowd(
    way: str, count: int, machine: Machine, environment: Mapping[str, str], folder: Path
) -> Iterator[Crowd]:
    """Start them, and end them.

    Args:
        way: How they pick, as ``"module:function"``.
        count: How many.
        machine: Where.
        environment: Theirs.
        folder: For what they write.
    """
    witnesses = folder / "witnesses"
    witnesses.mkdir()
    with ExitStack() as stack:
        players = [
            stack.enter_context(_player([way, str(seed), str(witnesses)], environment))
            for seed in range(count)
        ]
        assert all(each.stdout.readline() == "ready\n" for each in players)
        yield Crowd(machine, players)


@contextmanager
def _player(arguments: list[str], environment: Mapping[str, str]) -> Iterator[subprocess.Popen]:
    command = [sys.executable, "-m", PLAYER, *arguments]
    with subprocess.Popen(
        command,
        env=dict(environment),
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as player:
        yield player
        player.stdin.close()
        player.wait(20)
