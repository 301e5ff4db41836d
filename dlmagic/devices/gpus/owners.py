"""Whose the processes on a GPU are.

Numbers of processes are given again to others, and mean something only in the namespace that
they come from: where that is not sure, a process is believed if it has a GPU's device open.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from dlmagic.devices.gpus.trust import Surroundings, read_surroundings
from dlmagic.devices.reading import Reason

Whose = Literal["this kernel", "mine", "other", "unknown"]

_GONE = Reason("the process has ended, or cannot be seen from here")
_REUSED = Reason("the process has ended, and another one has its number now")
_NO_NUMBER = Reason("NVIDIA's driver gives it no number")
_ANOTHER = Reason("this number may belong to a process of another container")
_FORBIDDEN = Reason("this user may not see it")
_GRANULARITY = 1.0  # seconds; when a process began is told from a clock that counts these
_LONGEST = 500  # characters of a command
_MOST_KNOWN = 10_000

Entry = tuple[int, int]


@dataclass(frozen=True)
class Owner:
    """Whose a process is.

    Attributes:
        pid: Its number.
        user: Name of its user.
        command: Its command line, at most 500 characters.
        started: When it began, in seconds since 1970.
        whose: ``"this kernel"`` (this process, or one that it started), ``"mine"`` (the same
            user's), ``"other"``, or ``"unknown"``: cannot be told.
    """

    pid: int
    user: str | Reason
    command: str | Reason
    started: float | Reason
    whose: Whose

    @classmethod
    def unknown(cls, pid: int, why: Reason) -> Owner:
        """Of which nothing is known, for this reason."""
        return cls(pid, why, why, why, "unknown")


@dataclass(frozen=True)
class _Known:
    """A process that was looked up.

    Attributes:
        process: What psutil has of it.
        started: When it began.
        owner: Whose it is.
        entry: What Linux lists it as: each process has another one; None elsewhere.
    """

    process: Any
    started: float
    owner: Owner
    entry: Entry | None


class Owners:
    """Looks up processes; what does not change about one is read once.

    Args:
        surroundings: Where this process runs; None to ask the system when it is first needed.
        proc: Where Linux tells about processes.
    """

    def __init__(
        self, surroundings: Surroundings | None = None, proc: Path = Path("/proc")
    ) -> None:
        self._proc = proc
        self._surroundings = surroundings or read_surroundings(proc)
        self._known: dict[int, _Known] = {}

    def of(self, pid: int, read_at: float | None = None) -> Owner:
        """Whose a process is.

        Args:
            pid: Its number.
            read_at: When the driver listed it, in seconds since 1970; None for now. A process
                that began later only has got its number.
        """
        if pid <= 0:
            return Owner.unknown(pid, _NO_NUMBER)
        entry = self._entry(pid)
        known = self._still_there(pid, entry)
        if known is None:
            found = self._look_up(pid, entry)
            if isinstance(found, Owner):
                return found
            if len(self._known) >= _MOST_KNOWN:
                self._known.clear()
            known = self._known[pid] = found
        if known.started > (read_at or time.time()) + _GRANULARITY:
            return Owner.unknown(pid, _REUSED)
        return known.owner

    def _still_there(self, pid: int, entry: Entry | None) -> _Known | None:
        """What is known of a process, if it is the same and still runs."""
        known = self._known.get(pid)
        if known is None or (entry is not None and entry == known.entry):
            return known  # to ask psutil takes ten times as long
        if not known.process.is_running():
            return None
        known = self._known[pid] = replace(known, entry=entry)
        return known

    def _entry(self, pid: int) -> Entry | None:
        try:
            found = (self._proc / str(pid)).stat()
        except OSError:
            return None
        return found.st_ino, found.st_ctime_ns

    def _look_up(self, pid: int, entry: Entry | None) -> _Known | Owner:
        """What there is to know; or the owner of whom nothing is known."""
        import psutil

        try:
            process = psutil.Process(pid)
            started = float(process.create_time())
        except psutil.AccessDenied:
            return Owner.unknown(pid, _FORBIDDEN)
        except psutil.Error:
            return Owner.unknown(pid, _GONE)
        if not self._believed(pid):
            return Owner.unknown(pid, _ANOTHER)
        return _Known(process, started, _owner(process, started), entry)

    def _believed(self, pid: int) -> bool:
        """Whether the process of this number, as seen from here, is the one on the GPU."""
        if self._surroundings.first_namespace:
            return True
        try:
            opened = [entry.readlink() for entry in (self._proc / str(pid) / "fd").iterdir()]
        except OSError:
            return False
        return any(str(file).startswith("/dev/nvidia") for file in opened)


def _owner(process: Any, started: float) -> Owner:
    with process.oneshot():
        user, command = _told(process.username), _told(process.cmdline)
        whose = _whose(process)
    words = command if isinstance(command, Reason) else _in_words(command, process)
    return Owner(process.pid, user, words, started, whose)


def _told(ask: Any) -> Any:
    import psutil

    try:
        return ask()
    except psutil.AccessDenied:
        return _FORBIDDEN
    except (psutil.Error, OSError, KeyError, ValueError):
        return _GONE


def _in_words(command: list[str], process: Any) -> str | Reason:
    """The command line; the name of the program where it has none, as threads of the kernel."""
    if command:
        return " ".join(command)[:_LONGEST]
    name = _told(process.name)
    return name if isinstance(name, Reason) else str(name)


def _whose(process: Any) -> Whose:
    if process.pid == os.getpid() or any(each == os.getpid() for each in _ancestors(process)):
        return "this kernel"
    if not hasattr(os, "getuid"):  # on Windows
        return "unknown"
    users = _told(process.uids)
    if isinstance(users, Reason):
        return "unknown"
    return "mine" if users.real == os.getuid() else "other"


def _ancestors(process: Any) -> list[int]:
    found = _told(process.parents)
    return [] if isinstance(found, Reason) else [each.pid for each in found]
