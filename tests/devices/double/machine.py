"""Machines that the doubles play: GPUs, who uses them, and what goes wrong, while programs run.

machine = Machine(folder, [Board(), Board(used=4 * GIB)])
machine.enter(0, Process(pid=77, memory=2 * GIB))
machine.break_down("nvmlDeviceGetName", gpu=1, code=15)
"""

from __future__ import annotations

import mmap
import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.devices.double.boards import Board, Call, Fault, Process, written
from tests.devices.double.generations import GENERATIONS

EVERY = -1
_ROOM = 8 * 2**20


class Machine:
    """The state file that the doubles read.

    Args:
        folder: Where the file is made.
        boards: The GPUs, in the order of NVML.
        generation: Which driver; see :data:`GENERATIONS`.
        count: How many GPUs the library counts, where that is not their number.
        logging: Whether calls are written down.
        pcie: Microseconds for which the traffic on the bus is counted when it is asked for.
    """

    def __init__(
        self,
        folder: Path,
        boards: Sequence[Board] = (Board(),),
        *,
        generation: str = "580",
        count: int = -1,
        logging: bool = True,
        pcie: int = 20_000,
    ) -> None:
        self.generation = GENERATIONS[generation]
        self.boards = [self._placed(board, place) for place, board in enumerate(boards)]
        self.faults: list[Fault] = []
        self.count, self._logging, self._pcie = count, logging, pcie
        self._faults_made = self._writes = 0
        self.path = folder / "machine.state"
        self.log = folder / "machine.state.log"
        with self.path.open("wb") as file:
            file.truncate(_ROOM)
        with self.path.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), _ROOM)
        self.write()

    def change(self, gpu: int, **values: Any) -> None:
        """Give a GPU other values."""
        self.boards[gpu] = replace(self.boards[gpu], **values)
        self.write()

    def enter(self, gpu: int, *processes: Process) -> None:
        """Let processes come to a GPU; what it uses grows by theirs."""
        board = self.boards[gpu]
        grown = board.used + sum(each.memory for each in processes)
        self.change(gpu, processes=(*board.processes, *processes), used=grown)

    def leave(self, gpu: int, pid: int) -> None:
        """Let a process go from a GPU, with its memory."""
        board = self.boards[gpu]
        gone = sum(each.memory for each in board.processes if each.pid == pid)
        left = tuple(each for each in board.processes if each.pid != pid)
        self.change(gpu, processes=left, used=board.used - gone)

    def break_down(
        self,
        function: str = "*",
        gpu: int = EVERY,
        *,
        code: int = 0,
        hang: float = 0.0,
        after: int = 0,
        times: int = -1,
    ) -> int:
        """Let a function fail.

        Args:
            function: Its name; ``*`` for all.
            gpu: The place of one; all, and the library as a whole, if it is not given.
            code: What it answers.
            hang: Seconds for which it waits first; until the fault is taken away, at most.
            after: How many calls go well before, in each process.
            times: How many calls fail, in each process; -1 for all.

        Returns:
            The number of the fault, for :meth:`mend`.
        """
        self._faults_made += 1
        microseconds = round(hang * 1e6)
        made = Fault(self._faults_made, function, gpu, code, microseconds, after, times)
        self.faults.append(made)
        self.write()
        return made.id

    def mend(self, *ids: int) -> None:
        """Take faults away: those with these numbers, or all."""
        self.faults = [each for each in self.faults if ids and each.id not in ids]
        self.write()

    def calls(self, function: str | None = None) -> list[Call]:
        """What was called, in order; of one function, if it is named."""
        if not self.log.exists():
            return []
        rows = [line.split() for line in self.log.read_text().splitlines()]
        found = [Call(int(row[0]), row[1], int(row[2]), int(row[3])) for row in rows]
        return [call for call in found if function in (None, call.function)]

    def forget_calls(self) -> None:
        """Begin the list of calls anew."""
        if self.log.exists():
            os.truncate(self.log, 0)

    def environment(self, libraries: Path) -> dict[str, str]:
        """What a child interpreter must be started with."""
        return {**os.environ, "FAKE_NVML": str(self.path), "LD_LIBRARY_PATH": str(libraries)}

    def write(self) -> None:
        """Write the file; programs see all of it or nothing."""
        text = "\n".join(self._lines()).encode() + b"\n\0"
        self._stamp()
        self._map[9 : 9 + len(text)] = text
        self._stamp()

    def close(self) -> None:
        """Let go of the file."""
        self._map.close()

    def _stamp(self) -> None:
        self._map[:9] = b"%08d\n" % ((self._writes + 1) % 10**8)
        self._writes += 1

    def _lines(self) -> Iterator[str]:
        about = self.generation
        yield (
            f"machine driver={about.driver} cuda={about.cuda} "
            f"count={self.count} log={int(self._logging)} pcie={self._pcie}"
        )
        for place, board in enumerate(self.boards):
            yield f"gpu index={place} {written(board)}"
            yield from (f"mig gpu={place} {written(part)}" for part in board.parts)
            yield from (f"process gpu={place} {written(each)}" for each in board.processes)
        yield from (f"fault {written(fault)}" for fault in self.faults)

    def _placed(self, board: Board, place: int) -> Board:
        uuid = board.uuid or f"GPU-{place:08x}-0000-0000-0000-{place:012x}"
        name = board.name
        if self.generation.garbled and isinstance(name, str):
            name = name.encode()[:7] + b"\xff\xfe\x80"
        return replace(
            board, uuid=uuid, bus=board.bus or f"00000000:{place + 1:02X}:00.0", name=name
        )
