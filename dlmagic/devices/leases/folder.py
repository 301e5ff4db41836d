"""The folder of leases: what the rest of dlmagic uses of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from dlmagic.devices.gpus.trust import read_surroundings
from dlmagic.devices.leases.clock import Clock
from dlmagic.devices.leases.home import TURN, USUAL, Home, about, opened, usual_path
from dlmagic.devices.leases.label import this_program
from dlmagic.devices.leases.leases import Leases, all_own, own
from dlmagic.devices.leases.lockfile import FOLDER, LockFile, closing
from dlmagic.devices.leases.look import Look
from dlmagic.devices.leases.queue import Place, first_free, places
from dlmagic.devices.leases.turn import Turn
from dlmagic.devices.leases.values import Holding, Waiter, Wish
from dlmagic.devices.reading import Reason

_OTHERS = "leases do not reach processes outside of it, nor theirs it"
_BRISK, _PATIENT = 0.001, 0.02  # seconds between two tries to have the turn, at first and at last


class LeaseFolder:
    """Leases of all users of this machine, in one folder.

    To take some: have a turn, ask what is free, take it. To wait, have a place in the queue, and
    have a turn at each of its attempts. A process that holds GPUs should not wait for more: two
    that do so may wait for each other for ever.

    Args:
        path: The folder; None for the one that ``DLMAGIC_LEASES`` names, or else
            ``/tmp/dlmagic-leases``.
        program: What to tell others of this process; None for the name of its notebook or script.
        clock: The time.
        proc: Where Linux tells about processes.
    """

    def __init__(
        self,
        path: Path | None = None,
        *,
        program: str | None = None,
        clock: Clock = Clock(),  # noqa: B008 - it has no state
        proc: Path = Path("/proc"),
    ) -> None:
        self.path = (usual_path() if path is None else path).absolute()
        self._program = this_program() if program is None else program
        self._clock, self._proc = clock, proc

    @property
    def protection(self) -> Reason | None:
        """Why leases here do not keep all other processes of this machine away; None if they do.

        Some keep nobody away, since none can be taken; others do not reach all. They can be asked
        for all the same.
        """
        with opened(self.path, self._proc, create=True) as home:
            if not isinstance(home, Home):
                return home
            file = LockFile(home.descriptor, TURN)
            with closing(file):
                looked = file.try_lock(shared=True)
            return about(self.path, looked) if isinstance(looked, Reason) else self._reach(home)

    @contextmanager
    def turn(self, seconds: float = 10.0) -> Iterator[Turn | Reason]:
        """The turn to choose, for as long as the ``with`` lasts: keep that short.

        Where the folder cannot be used, nobody is kept waiting: then the leases protect nothing,
        and say so.

        Args:
            seconds: How long to wait for it; then it is the reason why it was not had.
        """
        with opened(self.path, self._proc, create=True) as home:
            if not isinstance(home, Home):
                yield self._turn(None, home)
                return
            folder, file = LockFile(home.descriptor, FOLDER), LockFile(home.descriptor, TURN)
            with closing(file, folder):
                end = self._clock.monotonic() + seconds
                had = self._wait(folder, end, shared=True)
                if had is True:
                    had = self._wait(file, end)
                if isinstance(had, Reason):
                    yield self._turn(None, about(self.path, had))
                elif had:
                    yield self._turn(home, self._reach(home))
                else:
                    yield self._occupied(home, seconds)

    @contextmanager
    def queue(self, wish: Wish) -> Iterator[Place]:
        """A place in the queue, for as long as the ``with`` lasts.

        Args:
            wish: What this process waits for; it must be possible at all.
        """
        with opened(self.path, self._proc, create=True) as home:
            if not isinstance(home, Home):
                yield self._place(wish, None, None)
                return
            folder, files = LockFile(home.descriptor, FOLDER), places(home.descriptor)
            with closing(*files, folder):
                folder.try_lock(shared=True)
                yield self._place(wish, home, first_free(files))

    def holding(self, uuids: Iterable[str]) -> dict[str, Holding]:
        """Who holds these GPUs, as far as somebody does; to ask takes nothing."""
        wanted = tuple(uuids)
        with opened(self.path, self._proc) as home:
            if isinstance(home, Home):
                look = Look(home, self._proc, self._clock.wall)
                found = {uuid: look.holding(uuid) for uuid in wanted}
            else:
                found = {uuid: own(self.path, uuid) for uuid in wanted}
        return {uuid: holding for uuid, holding in found.items() if holding is not None}

    def waiting(self) -> tuple[Waiter, ...]:
        """Who waits, the next to be served first."""
        with opened(self.path, self._proc) as home:
            if not isinstance(home, Home):
                return ()
            queue = Look(home, self._proc, self._clock.wall).queue()
        return tuple(each.waiter for each in queue)

    def mine(self) -> tuple[Leases, ...]:
        """What this process has taken."""
        return all_own(self.path)

    def _wait(self, file: LockFile, end: float, *, shared: bool = False) -> bool | Reason:
        """Whether it could be locked in time."""
        pause = _BRISK
        while True:
            locked = file.try_lock(shared=shared)
            left = end - self._clock.monotonic()
            if locked is not False or left <= 0:
                return locked
            self._clock.sleep(min(pause, left))
            pause = min(_PATIENT, 2 * pause)

    def _turn(self, home: Home | None, protection: Reason | None) -> Turn:
        return Turn(
            self.path,
            home,
            protection,
            program=self._program,
            clock=self._clock,
            proc=self._proc,
        )

    def _place(self, wish: Wish, home: Home | None, file: LockFile | None) -> Place:
        return Place(wish, home, file, program=self._program, clock=self._clock, proc=self._proc)

    def _reach(self, home: Home) -> Reason | None:
        """Whom the leases do not reach; a folder that was named is taken to be shared by all."""
        if self.path != USUAL or home.mount is None:
            return None
        if home.mount.is_private:
            return Reason(f"this service has a {self.path.parent} of its own: {_OTHERS}")
        shared = home.mount.is_from_elsewhere
        if read_surroundings(self._proc).first_namespace is False and not shared:
            return Reason(f"this is a container with a {self.path.parent} of its own: {_OTHERS}")
        return None

    def _occupied(self, home: Home, seconds: float) -> Reason:
        look = Look(home, self._proc, self._clock.wall)
        return Reason(f"{look.who_has(TURN)} has been choosing a GPU for more than {seconds:g} s")
