"""The turn to choose: reading what is free and taking it are one step for all others."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from dlmagic.devices.leases.clock import Clock
from dlmagic.devices.leases.fairness import kept
from dlmagic.devices.leases.home import Home
from dlmagic.devices.leases.label import own_label, written
from dlmagic.devices.leases.leases import Leases, own
from dlmagic.devices.leases.lockfile import FOLDER, LockFile
from dlmagic.devices.leases.look import Look, file_of
from dlmagic.devices.leases.queue import Place
from dlmagic.devices.leases.values import Claim, Holding, Waiter
from dlmagic.devices.reading import Reason

_NOT_TOLD = Reason("it cannot be told from here")


class Turn:
    """A time in which nobody else takes a lease.

    Args:
        path: The folder.
        home: The same, opened; None where it cannot be used.
        protection: Why leases in it do not keep all others away; None where they do.
        program: What to tell others of this process.
        clock: The time.
        proc: Where Linux tells about processes.
    """

    def __init__(
        self,
        path: Path,
        home: Home | None,
        protection: Reason | None,
        *,
        program: str,
        clock: Clock,
        proc: Path,
    ) -> None:
        self._path, self._home, self.protection = path, home, protection
        self._program, self._clock, self._proc = program, clock, proc

    def obstacles(
        self, claims: Sequence[Claim], place: Place | None = None
    ) -> dict[str, Holding | Waiter]:
        """What of it cannot be had, by UUID: who holds it, or for whom it is kept.

        Args:
            claims: What might be taken.
            place: The place of this process in the queue; without one it comes after all waiters.
        """
        if self._home is None:
            mine = {each.uuid: own(self._path, each.uuid) for each in claims}
            return {uuid: found for uuid, found in mine.items() if found is not None}
        look = self._look(self._home)
        found = {each.uuid: look.obstacle(each) for each in claims}
        held = {uuid: holding for uuid, holding in found.items() if holding is not None}
        free = [each for each in claims if each.uuid not in held]
        queue = look.queue()
        return {**held, **kept(free, queue if place is None else place.earlier(queue))}

    def free(self, claims: Sequence[Claim], place: Place | None = None) -> tuple[Claim, ...]:
        """What of it can be had; see :meth:`obstacles`."""
        obstacles = self.obstacles(claims, place)
        return tuple(each for each in claims if each.uuid not in obstacles)

    def take(self, claims: Iterable[Claim]) -> Leases | Holding | Reason:
        """Take all of it, or nothing: then who holds one of them, or why none can be taken.

        Args:
            claims: What to take; ask :meth:`free` before, as this does not ask who waits.
        """
        wanted = tuple(dict.fromkeys(claims))
        for claim in wanted:
            mine = own(self._path, claim.uuid)
            if mine is not None:
                return mine
        label = own_label(self._program, self._clock.wall())
        leases = Leases(self._path, (claim.uuid for claim in wanted), label, self.protection)
        try:
            obstacle = self._lock_all(leases, wanted)
            if obstacle is None:
                leases.keep()
                return leases
            leases.release()
        except BaseException:
            leases.release()
            raise
        return obstacle

    def _lock_all(self, leases: Leases, claims: Iterable[Claim]) -> Holding | Reason | None:
        """None if all are locked; the folder, too, so that nobody removes what is old in it."""
        if self._home is None:
            return None
        folder = leases.add(LockFile(self._home.descriptor, FOLDER)).try_lock(shared=True)
        if isinstance(folder, Reason):
            return folder
        for claim in claims:
            obstacle = self._lock(self._home, leases, claim)
            if obstacle is not None:
                return obstacle
        return None

    def _lock(self, home: Home, leases: Leases, claim: Claim) -> Holding | Reason | None:
        if claim.parent is not None:
            whole = leases.add(LockFile(home.descriptor, file_of(claim.parent)))
            obstacle = self._try(home, whole, claim.parent, shared=True)
            if obstacle is not None:
                return obstacle
        file = leases.add(LockFile(home.descriptor, file_of(claim.uuid)))
        obstacle = self._try(home, file, claim.uuid)
        if obstacle is None:
            file.write(written(leases.label))
        return obstacle

    def _try(
        self, home: Home, file: LockFile, uuid: str, *, shared: bool = False
    ) -> Holding | Reason | None:
        """Lock a file; who holds it, where that is somebody else."""
        locked = file.try_lock(shared=shared)
        if isinstance(locked, Reason):
            return locked
        return None if locked else self._look(home).holding(uuid) or _somebody(uuid)

    def _look(self, home: Home) -> Look:
        return Look(home, self._proc, self._clock.wall)


def _somebody(uuid: str) -> Holding:
    return Holding(uuid=uuid, pid=_NOT_TOLD, user=_NOT_TOLD, program=_NOT_TOLD, since=_NOT_TOLD)
