"""A process that takes leases, told what to do over a pipe: one line of JSON each way.

Started as ``player.py FOLDER [USER]``; with a number of a user it becomes that user first.
"""

from __future__ import annotations

import ctypes
import json
import os
import pwd  # noqa: F401 - may not be found any more as another user
import random
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from dlmagic.devices.leases.clock import Clock
from dlmagic.devices.leases.folder import LeaseFolder
from dlmagic.devices.leases.leases import Leases
from dlmagic.devices.leases.queue import Place
from dlmagic.devices.leases.values import Claim, Wish
from dlmagic.devices.reading import Reason

FOLDER = LeaseFolder(Path(sys.argv[1]), program="player")
HURRIED = LeaseFolder(FOLDER.path, clock=Clock(sleep=lambda seconds: time.sleep(seconds / 10)))
GRIP: list[Leases] = []


def take(uuids: list[str], parent: str | None = None) -> str:
    """Take all, or nothing; the answer says which."""
    with FOLDER.turn(60) as turn:
        got = turn.take([Claim(uuid, parent) for uuid in uuids])
    if isinstance(got, Leases):
        GRIP.append(got)
        return "taken"
    return str(got)


def take_and_release(uuids: list[str], times: int) -> int:
    """How often it could take what nobody else wants.

    Now and then it gives others time to look: while it holds all, and while all are free.
    """
    taken = 0
    for number in range(times):
        taken += take(uuids) == "taken"
        time.sleep(0.005 if number % 20 == 0 else 0)
        release()
        time.sleep(0.005 if number % 20 == 10 else 0)
    return taken


def release() -> str:
    while GRIP:
        GRIP.pop().release()
    return "released"


def stay_in_turn() -> None:
    """Have the turn, say so, and keep it until told otherwise."""
    with FOLDER.turn() as turn:
        tell(str(turn.protection))
        sys.stdin.readline()


def wait(count: int, uuids: list[str], seconds: float | None) -> dict[str, Any]:
    """Wait for so many, and tell when there is a place in the queue; then how long it took."""
    wish = Wish(count, tuple(Claim(uuid) for uuid in uuids))
    begun, used = time.monotonic(), None
    with FOLDER.queue(wish) as place:
        tell(len(place.ahead()))
        for _ in place.attempts(seconds):
            got = try_to_take(wish, place)
            if got is not None:
                GRIP.append(got)
                break
            used = used or time.process_time()
    return {
        "served": got is not None,
        "at": time.monotonic(),
        "seconds": time.monotonic() - begun,
        "used": time.process_time() - (used or 0),
    }


def try_to_take(wish: Wish, place: Place) -> Leases | None:
    with FOLDER.turn(60) as turn:
        free = turn.free(wish.claims, place)
        got = turn.take(free[: wish.count]) if len(free) >= wish.count else None
    return got if isinstance(got, Leases) else None


def wait_until_interrupted(uuids: list[str]) -> Any:
    """Wait for ever; what is left after the interrupt."""
    try:
        wait(1, uuids, None)
    except KeyboardInterrupt:
        at = time.monotonic()
    return {"at": at, "mine": len(FOLDER.mine())}


def interrupted_again_and_again(uuids: list[str], times: int) -> dict[str, int]:
    """Take, give back and wait, interrupted by a timer at any moment; what is left after that."""
    luck = random.Random(0)
    found = {"held": 0, "turns": 0}
    for _ in range(times):
        signal.signal(signal.SIGALRM, signal.default_int_handler)
        try:
            signal.setitimer(signal.ITIMER_REAL, luck.uniform(1e-4, 0.02))
            while True:
                take_and_wait(uuids)
        except KeyboardInterrupt:
            signal.setitimer(signal.ITIMER_REAL, 0)
        release()
        for leases in FOLDER.mine():
            leases.release()
        found["held"] += len(FOLDER.holding(uuids)) + len(FOLDER.waiting())
        with FOLDER.turn(0) as turn:
            found["turns"] += not isinstance(turn, Reason)
    return found


def take_and_wait(uuids: list[str]) -> None:
    take(uuids)
    with FOLDER.queue(Wish(len(uuids), tuple(Claim(uuid) for uuid in uuids))) as place:
        for _ in place.attempts(0.001):
            release()


def race(uuids: list[str], rounds: int, seed: int, pause: float) -> list[tuple[str, float, float]]:
    """Take one at a time, at random; when each was held, by a clock that all processes share."""
    luck = random.Random(seed)
    held = []
    for _ in range(rounds):
        time.sleep(luck.random() * pause)
        with FOLDER.turn(60) as turn:
            free = turn.free([Claim(uuid) for uuid in uuids])
            time.sleep(luck.random() * pause / 10)
            got = turn.take([luck.choice(free)]) if free else None
        if isinstance(got, Leases):
            begun = time.monotonic()
            time.sleep(luck.random() * pause)
            held.append((got.uuids[0], begun, time.monotonic()))
            got.release()
    return held


def race_of_those_who_look_first(
    uuids: list[str], rounds: int, seed: int, pause: float
) -> list[tuple[str, float, float]]:
    """The same without a turn: a mark is made where none was seen."""
    luck = random.Random(seed)
    held = []
    for _ in range(rounds):
        time.sleep(luck.random() * pause)
        free = [uuid for uuid in uuids if not (FOLDER.path / f"mark-{uuid}").exists()]
        time.sleep(luck.random() * pause / 10)
        if free:
            mark = FOLDER.path / f"mark-{luck.choice(free)}"
            mark.touch()
            begun = time.monotonic()
            time.sleep(luck.random() * pause)
            held.append((mark.name, begun, time.monotonic()))
            mark.unlink(missing_ok=True)
    return held


def queue_again_and_again(
    uuids: list[str], counts: list[int], rounds: int, seed: int, hold: float
) -> list[dict[str, Any]]:
    """Wait for some at a time, looking ten times as often; what was held when."""
    luck = random.Random(seed)
    told = []
    for _ in range(rounds):
        wish = Wish(luck.choice(counts), tuple(Claim(uuid) for uuid in uuids))
        asked = time.monotonic()
        with HURRIED.queue(wish) as place:
            ahead = len(place.ahead())
            got = served(place, wish)
        begun = time.monotonic()
        time.sleep(luck.random() * hold)
        ended = time.monotonic()
        assert len(got.uuids) == wish.count
        got.release()
        told.append({"uuids": got.uuids, "ahead": ahead, "times": (asked, begun, ended)})
    return told


def served(place: Place, wish: Wish) -> Leases:
    for _ in place.attempts(None):
        got = try_to_take(wish, place)
        if got is not None:
            return got
    raise AssertionError("it waits for ever")


def kill_holders(uuids: list[str], kills: int, seed: int) -> dict[str, Any]:
    """Fork processes that take all, and kill each: every second one at any moment."""
    luck = random.Random(seed)
    slowest = late = 0.0
    for number in range(kills):
        ready, tell_ready = os.pipe()
        child = os.fork()
        if child == 0:
            hold_until_killed(uuids, tell_ready)
        os.close(tell_ready)
        if number % 2:
            time.sleep(luck.random() * 0.004)
        else:
            assert os.read(ready, 1) == b"1", "it could not take what was free"
        os.close(ready)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        killed = time.monotonic()
        taken = take(uuids)
        slowest = max(slowest, time.monotonic() - killed)
        late += taken != "taken"
        release()
    return {"stale": late, "slowest": slowest}


def hold_until_killed(uuids: list[str], tell_ready: int) -> None:
    if take(uuids) == "taken":
        os.write(tell_ready, b"1")
    while True:
        signal.pause()


def fork_that_keeps(seconds: float) -> int:
    """A fork that does nothing but be there, for so long; its number."""
    child = os.fork()
    if child == 0:
        time.sleep(seconds)
        os._exit(0)
    return child


def fork_that_releases() -> bool:
    """Whether this process still holds what it held, after a fork has released it."""
    child = os.fork()
    if child == 0:
        release()
        os._exit(0)
    os.waitpid(child, 0)
    held = [uuid for leases in GRIP for uuid in leases.uuids]
    return len(FOLDER.holding(held)) == len(held)


def ways_to_open(uuids: list[str]) -> list[int]:
    """The flags with which files are opened for taking, twice, and for waiting."""
    ways: list[int] = []

    def hook(event: str, args: tuple[Any, ...]) -> None:
        if event == "open" and args[1] is None:  # by os.open
            ways.append(args[2])

    sys.addaudithook(hook)
    for _ in range(2):
        with FOLDER.queue(Wish(1, (Claim(uuids[0]),))):
            take(uuids)
            release()
    return list(ways)


def holding(uuids: list[str]) -> dict[str, Any]:
    return {uuid: [each.user, str(each.pid)] for uuid, each in FOLDER.holding(uuids).items()}


def protection() -> str:
    return str(FOLDER.protection)


def become(user: int) -> None:
    """Another user, whose processes can be seen as those of any other program."""
    os.setgroups([])
    os.setgid(user)
    os.setuid(user)
    ctypes.CDLL(None).prctl(4, 1, 0, 0, 0)  # PR_SET_DUMPABLE, which the change has taken away
    os.umask(0o077)


def tell(answer: Any) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


def main() -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if len(sys.argv) > 2:
        become(int(sys.argv[2]))
    tell("ready")
    for line in sys.stdin:
        order = json.loads(line)
        work: Callable[..., Any] = globals()[order.pop("do")]
        answer = work(**order)
        tell(answer)


if __name__ == "__main__":
    main()
