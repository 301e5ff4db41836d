"""Who holds and who waits at one moment. To look takes nothing, and disturbs nobody who picks."""

from __future__ import annotations

import hashlib
import os
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from dlmagic.devices.gpus.trust import read_surroundings
from dlmagic.devices.leases.home import TURN, Home
from dlmagic.devices.leases.kernel import KernelLock, is_locked, locks_on
from dlmagic.devices.leases.label import Ticket, read_label, read_ticket
from dlmagic.devices.leases.leases import own
from dlmagic.devices.leases.people import person
from dlmagic.devices.leases.values import Claim, Holding, Party, Waiter

PLACE = re.compile(r"waiting-\d{3}")
SILENCE = 30.0
"""Seconds without a sign of life after which a waiter does not count: its process stands still."""

_UNREADABLE = 2**60  # the number of a waiter without one: behind all others
_UNKNOWN = KernelLock(pid=None, exclusive=True)


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
        self._locks = locks_on(_device(home), proc)
        self._complete = _sees_all(proc)

    def holding(self, uuid: str) -> Holding | None:
        """Who has a GPU, or a part of it; None where it is free."""
        mine = own(self._home.path, uuid)
        if mine is not None:
            return mine
        name = file_of(uuid)
        locks = self._locks_on(name)
        if not locks:
            return None
        label = read_label(self._home.descriptor, name) if locks[0].exclusive else None
        who = person(locks[0], label, self._proc)
        here = locks[0].pid == os.getpid()
        return Holding(**who, uuid=uuid, mine=here, part=not locks[0].exclusive)

    def obstacle(self, claim: Claim) -> Holding | None:
        """Who has what is claimed, or the GPU that it is a part of; None where it is free."""
        found = self.holding(claim.uuid)
        if found is None and claim.parent is not None:
            whole = self.holding(claim.parent)
            return whole if whole is not None and not whole.part else None
        return found

    def queue(self) -> list[Queued]:
        """Who waits, in the order in which they are served."""
        names = filter(PLACE.fullmatch, _names_in(self._home.descriptor))
        found = (self._queued(name) for name in names)
        return sorted((each for each in found if each is not None), key=lambda each: each.order)

    def who_has(self, name: str) -> str:
        """Who has locked a file, in words."""
        locks = self._locks_on(name) or (_UNKNOWN,)
        return Party(**person(locks[0], None, self._proc)).who

    @property
    def state(self) -> object:
        """Something that is another after any change that the kernel tells of these locks."""
        with os.scandir(self._home.descriptor) as entries:
            return {
                entry.name: self._locks.get(entry.inode())
                for entry in entries
                if entry.name != TURN and not entry.name.startswith(".")
            }

    def _queued(self, name: str) -> Queued | None:
        locks = self._locks_on(name)
        if not locks or not self._is_alive(name):
            return None
        ticket = read_ticket(self._home.descriptor, name)
        if ticket is not None and locks[0].pid not in (None, ticket.label.pid):
            ticket = None  # left over from who had this place before
        who = person(locks[0], ticket.label if ticket else None, self._proc)
        mine = locks[0].pid == os.getpid()
        waiter = Waiter(**who, mine=mine, wish=ticket.wish if ticket else None)
        return Queued((ticket.number if ticket else _UNREADABLE, name), ticket, waiter)

    def _is_alive(self, name: str) -> bool:
        try:
            touched = os.stat(name, dir_fd=self._home.descriptor).st_mtime
        except OSError:
            return False
        return self._wall() - touched <= SILENCE

    def _locks_on(self, name: str) -> tuple[KernelLock, ...]:
        folder = self._home.descriptor
        try:
            inode = os.stat(name, dir_fd=folder, follow_symlinks=False).st_ino
        except OSError:
            return ()
        found = self._locks.get(inode, ())
        if found or self._complete:
            return found
        return (_UNKNOWN,) if is_locked(folder, name) else ()


def _names_in(folder: int) -> list[str]:
    with os.scandir(folder) as entries:
        return [entry.name for entry in entries]


@cache
def _sees_all(proc: Path) -> bool:
    """Whether the kernel lists the locks of all processes to this one."""
    return read_surroundings(proc).first_namespace is True


def file_of(uuid: str) -> str:
    """The name of the file that stands for a GPU; no two GPUs have the same."""
    plain = re.sub(r"[^A-Za-z0-9-]", "_", uuid)[:80]
    if plain != uuid:
        plain += "-" + hashlib.sha256(uuid.encode(errors="replace")).hexdigest()[:16]
    return f"lease-{plain}"


def _device(home: Home) -> str | None:
    if home.mount is not None:
        return home.mount.device
    number = os.fstat(home.descriptor).st_dev
    return f"{os.major(number):02x}:{os.minor(number):02x}"
