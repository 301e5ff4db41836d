"""What a process has taken."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from dlmagic.devices.leases.label import Label
from dlmagic.devices.leases.lockfile import LockFile
from dlmagic.devices.leases.values import Holding
from dlmagic.devices.reading import Reason

_LOST = Reason("the file of a lease was removed, so that others may take the GPU as well")

_of_this_process: dict[tuple[Path, str], Leases] = {}


class Leases:
    """GPUs that this process has taken, all together.

    They last until :meth:`release` or until the process ends, whatever becomes of this object: a
    notebook that forgets the name of its pick keeps its GPU. A fork shares them: they last until
    it has ended, too, if it outlives this process. What :meth:`release` frees in the process that
    took them is free at once, for its forks as well; in a fork it lets go of the fork's share only.

    Args:
        path: The folder in which they are taken.
        uuids: Of what.
        label: What is told others of this process.
        protection: Why they do not keep others away; None where they do.
    """

    def __init__(
        self, path: Path, uuids: Iterable[str], label: Label, protection: Reason | None
    ) -> None:
        self._path, self.uuids, self.label = path, tuple(uuids), label
        self._protection = protection
        self._files: list[LockFile] = []

    def add(self, file: LockFile) -> LockFile:
        """Let a file be freed with these leases; to be called before it is locked."""
        self._files.append(file)
        return file

    def keep(self) -> None:
        """Let them last, now that all are taken."""
        for uuid in self.uuids:
            _of_this_process[self._path, uuid] = self

    @property
    def protection(self) -> Reason | None:
        """Why others can take the same GPUs all the same; None where they cannot."""
        if self._protection is not None or self.released:
            return self._protection
        try:
            folder = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return _LOST
        try:
            return None if all(file.is_in_place(folder) for file in self._files) else _LOST
        finally:
            os.close(folder)

    @property
    def released(self) -> bool:
        """Whether they have been given back."""
        return not any(_of_this_process.get((self._path, uuid)) is self for uuid in self.uuids)

    def release(self) -> None:
        """Give them back; a second time does nothing."""
        try:
            self._let_go()
        except BaseException:  # an interrupt just now
            self._let_go()
            raise

    def _let_go(self) -> None:
        for file in self._files:
            file.close()
        for uuid in self.uuids:
            if _of_this_process.get((self._path, uuid)) is self:
                del _of_this_process[self._path, uuid]


def own(path: Path, uuid: str) -> Holding | None:
    """What this process, or the one that it was forked from, holds itself."""
    leases = _of_this_process.get((path, uuid))
    if leases is None:
        return None
    label = leases.label
    return Holding(
        uuid=uuid,
        pid=label.pid,
        user=label.user,
        program=label.program,
        since=label.since,
        mine=True,
    )


def all_own(path: Path) -> tuple[Leases, ...]:
    """All that this process has taken in a folder."""
    found = (leases for (where, _), leases in _of_this_process.items() if where == path)
    return tuple(dict.fromkeys(found))
