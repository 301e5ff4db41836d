"""Who holds and who waits at one moment. To look takes nothing, and disturbs nobody who picks."""

from __future__ import annotations

import hashlib
import os
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from dlmagic.devices.leases.home import Home
from dlmagic.devices.leases.kernel import Locked, locked, pids_on
from dlmagic.devices.leases.label import LONGEST, Ticket, as_label, as_ticket
from dlmagic.devices.leases.leases import own
from dlmagic.devices.leases.lockfile import READ
from dlmagic.devices.leases.people import person
from dlmagic.devices.leases.values import Claim, Holding, Party, Waiter

PLACE = re.compile(r"waiting-\d{3}")
SILENCE = 30.0
"""Seconds without a sign of life after which a waiter does not count: its process stands still."""

_UNREADABLE = 2**60  # the number of a waiter without one: behind all others
_READINGS = 3  # of the list of locks, which may leave some out


@dataclass(frozen=True)
class Queued:
    """A waiter, and its place.

    Attributes:
        order: By which they are served.
        ticket: What it wrote; None where that cannot be read.
        waiter: Who it is.
    """

    order: tuple[int, str]
    ticket: Ticket | None
    waiter: Waiter


@dataclass(frozen=True)
class _Seen:
    """A file that somebody has locked.

    Attributes:
        pid: Who it is; None where the kernel does not tell.
        how: How.
        content: What is written in it.
        touched: When somebody last wrote or showed that it is there, in seconds since 1970.
    """

    pid: int | None
    how: Locked
    content: bytes
    touched: float


class Look:
    """The state of the folder, as the kernel tells it.

    Args:
        home: The folder.
        proc: Where Linux tells about processes.
        wall: Seconds since 1970.
    """

    def __init__(
        self, home: Home, proc: Path = Path("/proc"), wall: Callable[[], float] = time.time
    ) -> None:
        self._home, self._proc, self._wall = home, proc, wall
        self._device = _device(home)
        self._pids: dict[int, int] = {}
        self._readings = 0

    def holding(self, uuid: str) -> Holding | None:
        """Who has a GPU, or a part of it; None where it is free."""
        mine = own(self._home.path, uuid)
        if mine is not None:
            return mine
        seen = self._see(file_of(uuid))
        if seen is None:
            return None
        part = seen.how == "shared"
        who = person(seen.pid, None if part else as_label(seen.content), self._proc)
        return Holding(**who, uuid=uuid, mine=seen.pid == os.getpid(), part=part)

    def is_free(self, claim: Claim) -> bool:
        """Whether nobody has what is claimed; quicker than to ask who."""
        if own(self._home.path, claim.uuid) is not None or self._how(claim.uuid) is not None:
            return False
        return claim.parent is None or self._how(claim.parent) != "alone"

    def obstacle(self, claim: Claim) -> Holding | None:
        """Who has what is claimed, or the GPU that it is a part of; None where it is free."""
        found = self.holding(claim.uuid)
        if found is None and claim.parent is not None:
            whole = self.holding(claim.parent)
            return whole if whole is not None and not whole.part else None
        return found

    def queue(self) -> list[Queued]:
        """Who waits, in the order in which they are served."""
        found = (self._queued(name) for name in _places(self._home.descriptor))
        return sorted((each for each in found if each is not None), key=lambda each: each.order)

    def who_has(self, name: str) -> str:
        """Who has locked a file, in words."""
        seen = self._see(name)
        return Party(**person(seen.pid if seen else None, None, self._proc)).who

    def _queued(self, name: str) -> Queued | None:
        seen = self._see(name)
        if seen is None or self._wall() - seen.touched > SILENCE:
            return None
        ticket = as_ticket(seen.content)
        if ticket is not None and seen.pid not in (None, ticket.label.pid):
            ticket = None  # left over from who had this place before
        who = person(seen.pid, ticket.label if ticket else None, self._proc)
        mine = seen.pid == os.getpid()
        waiter = Waiter(**who, mine=mine, wish=ticket.wish if ticket else None)
        return Queued((ticket.number if ticket else _UNREADABLE, name), ticket, waiter)

    def _how(self, uuid: str) -> Locked | None:
        try:
            file = os.open(file_of(uuid), READ, dir_fd=self._home.descriptor)
        except OSError:
            return None
        try:
            return locked(file)
        except OSError:  # not a file that can be locked
            return None
        finally:
            os.close(file)

    def _see(self, name: str) -> _Seen | None:
        """A file, if somebody has locked it."""
        try:
            file = os.open(name, READ, dir_fd=self._home.descriptor)
        except OSError:
            return None
        try:
            how, about = locked(file), os.fstat(file)
            if how is None:
                return None
            content = os.read(file, min(about.st_size, LONGEST))
            return _Seen(self._pid_on(about.st_ino), how, content, about.st_mtime)
        except OSError:  # not a file that can be locked or read
            return None
        finally:
            os.close(file)

    def _pid_on(self, inode: int) -> int | None:
        while inode not in self._pids and self._readings < _READINGS:
            self._pids |= pids_on(self._device, self._proc)
            self._readings += 1
        return self._pids.get(inode)


def _places(folder: int) -> list[str]:
    with os.scandir(folder) as entries:
        return [entry.name for entry in entries if PLACE.fullmatch(entry.name)]


@lru_cache
def file_of(uuid: str) -> str:
    """The name of the file that stands for a GPU; no two GPUs have the same."""
    plain = re.sub(r"[^A-Za-z0-9-]", "_", uuid)[:80]
    if plain != uuid:
        plain += "-" + hashlib.sha256(uuid.encode(errors="replace")).hexdigest()[:16]
    return f"lease-{plain}"


def _device(home: Home) -> str:
    if home.mount is not None:
        return home.mount.device
    number = os.fstat(home.descriptor).st_dev
    return f"{os.major(number):02x}:{os.minor(number):02x}"
