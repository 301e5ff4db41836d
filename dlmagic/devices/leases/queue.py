"""The queue of those who wait.

A place in it is a file that the waiter has locked: when it is killed, the place is free at once
and the next one uses the file again, so that nothing piles up. The order is what is written in
the files, a number; who comes takes one more than the highest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from dlmagic.devices.leases.clock import Clock
from dlmagic.devices.leases.fairness import kept
from dlmagic.devices.leases.home import Home
from dlmagic.devices.leases.label import MOST, Ticket, own_label, written
from dlmagic.devices.leases.lockfile import LockFile
from dlmagic.devices.leases.look import Look, Queued
from dlmagic.devices.leases.values import Waiter, Wish

_ROOM = 1000  # for so many, in a folder

_STEP = 0.25  # seconds between two looks at what the kernel tells of locks
_PERIOD = 1.0  # seconds between two attempts, as GPUs become free without any lock, too
_SIGN_OF_LIFE = 5.0  # seconds


def places(folder: int) -> list[LockFile]:
    """The files that stand for places; none is opened.

    Args:
        folder: Descriptor of the folder.
    """
    return [LockFile(folder, f"waiting-{number:03}") for number in range(_ROOM)]


def first_free(files: Iterable[LockFile]) -> LockFile | None:
    """The first place that nobody has, locked; None where there is none."""
    for file in files:
        if file.try_lock() is True:
            return file
        file.close()
    return None


class Place:
    """A place in the queue.

    Args:
        wish: What this process waits for.
        home: The folder; None where it cannot be used: then there is no queue.
        file: The file of this place; None as long as there is none.
        program: What to tell others of this process.
        clock: The time.
        proc: Where Linux tells about processes.
    """

    def __init__(
        self,
        wish: Wish,
        home: Home | None,
        file: LockFile | None,
        *,
        program: str,
        clock: Clock,
        proc: Path,
    ) -> None:
        self._wish, self._home, self._file = wish, home, file
        self._clock, self._proc = clock, proc
        self._ticket = Ticket(own_label(program, clock.wall()), 0, wish)
        self._alive = clock.monotonic()
        if file is not None:
            last = max((each.ticket.number for each in self._others() if each.ticket), default=0)
            self._write(min(last + 1, MOST), ())

    def ahead(self) -> tuple[Waiter, ...]:
        """Who is served before this process, the next one first."""
        return tuple(each.waiter for each in self.earlier(self._others()))

    def earlier(self, queue: Sequence[Queued]) -> list[Queued]:
        """Those of a queue who come before this process: all, where it has no place in it."""
        if self._file is None:
            return list(queue)
        own = self._ticket.number, self._file.name
        return [each for each in queue if each.order < own]

    def decline(self, uuids: Sequence[str]) -> None:
        """Let others have what does not suit at present, such as a GPU in use without a lease.

        Args:
            uuids: All of it; what is not named any more is kept again.
        """
        if self._file is not None and tuple(uuids) != self._ticket.declined:
            self._write(self._ticket.number, tuple(uuids))

    def attempts(
        self, seconds: float | None, meanwhile: Callable[[], None] = lambda: None
    ) -> Iterator[None]:
        """Come back whenever it may be worth an attempt: at once, then as things change.

        Once a second, as long as nobody holds what is wished for; within about a quarter of a
        second after it has been given back or its holder has ended; and a last time at the end.

        Args:
            seconds: How long to wait; None for ever.
            meanwhile: Called about four times a second, to tell how long it has been.
        """
        end = None if seconds is None else self._clock.monotonic() + seconds
        before, tried = self._available(), self._clock.monotonic()
        yield
        while (left := self._left(end)) > 0:
            self._clock.sleep(min(_STEP, left))
            self._show_life()
            meanwhile()
            available = self._available()
            new, before = available - before, available
            if new or (available and self._clock.monotonic() - tried >= _PERIOD):
                tried = self._clock.monotonic()
                yield
        yield

    def _left(self, end: float | None) -> float:
        return _STEP if end is None else end - self._clock.monotonic()

    def _others(self) -> list[Queued]:
        if self._home is None:
            return []
        name = self._file.name if self._file is not None else ""
        return [each for each in self._look(self._home).queue() if each.order[1] != name]

    def _available(self) -> frozenset[str]:
        """What is wished for and free, if it is enough, but for what those before keep."""
        claims = self._wish.claims
        if self._home is None:
            return frozenset(each.uuid for each in claims)
        look = self._look(self._home)
        free = [each for each in claims if look.is_free(each)]
        if len(free) < self._wish.count:
            return frozenset()
        uuids = {each.uuid for each in free} - kept(free, self.earlier(look.queue())).keys()
        return frozenset(uuids) if len(uuids) >= self._wish.count else frozenset()

    def _look(self, home: Home) -> Look:
        return Look(home, self._proc, self._clock.wall)

    def _write(self, number: int, declined: tuple[str, ...]) -> None:
        self._ticket = Ticket(self._ticket.label, number, self._wish, declined)
        if self._file is not None:
            self._file.write(written(self._ticket))

    def _show_life(self) -> None:
        now = self._clock.monotonic()
        if self._file is not None and now - self._alive >= _SIGN_OF_LIFE:
            self._file.touch()
            self._alive = now
