"""One of many processes that pick at the same time, until its input ends.

python -m tests.magics.gpus.pick.player MODULE:WAY SEED WITNESSES

WAY is called without arguments and returns the UUIDs of the GPUs that it chose, if any, and how to
give them back. Whatever the way, who uses a GPU makes a file in the folder of witnesses that nobody
else may have made: two users of one GPU at a time are found by that and by nothing else.
"""

from __future__ import annotations

import os
import random
import sys
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

Chosen = tuple[tuple[str, ...], Callable[[], object]]


class Player:
    """Picks when told to, after a moment, and says what came of it.

    Args:
        choose: The way.
        seed: Of its delays.
        witnesses: The folder.
    """

    def __init__(self, choose: Callable[[], Chosen], seed: int, witnesses: Path) -> None:
        self._choose, self._random, self._witnesses = choose, random.Random(seed), witnesses
        self._used: list[Path] = []
        self._give_back: Callable[[], object] = _nothing

    def pick(self) -> str:
        """``"UUID,UUID alone"``, ``"UUID double"``, or ``"none"``."""
        time.sleep(self._random.uniform(0, 0.02))
        self.leave()
        time.sleep(self._random.uniform(0, 0.02))
        uuids, self._give_back = self._choose()
        if not uuids:
            return "none"
        alone = [self._use(uuid) for uuid in uuids]
        return f"{','.join(uuids)} {'alone' if all(alone) else 'double'}"

    def leave(self) -> str:
        """Stop using what was picked, and then give it back."""
        while self._used:
            self._used.pop().unlink()
        give_back, self._give_back = self._give_back, _nothing
        give_back()
        return "left"

    def _use(self, uuid: str) -> bool:
        """Whether nobody else uses it."""
        file = self._witnesses / uuid
        try:
            os.close(os.open(file, os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            return False
        self._used.append(file)
        return True


def _nothing() -> None:
    pass


def main() -> None:
    """Answer each line of the input with one."""
    way, seed, witnesses = sys.argv[1:]
    module, _, name = way.partition(":")
    player = Player(getattr(import_module(module), name), int(seed), Path(witnesses))
    _say("ready")
    for line in sys.stdin:
        _say(player.pick() if line == "pick\n" else player.leave())


def _say(answer: str) -> None:
    sys.stdout.write(f"{answer}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
