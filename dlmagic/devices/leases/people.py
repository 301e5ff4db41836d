"""Who has a lock: what the kernel knows of it before what is written."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TypedDict

from dlmagic.devices.leases.label import Label, printable, process_began, user_name
from dlmagic.devices.reading import Reason

_NOT_TOLD = Reason("it did not write who it is")
_ELSEWHERE = Reason("its process cannot be seen from here, as one in another container")
_ENDED = Reason("the process that took it has ended; a fork of it goes on")


class Person(TypedDict):
    """The fields of a :class:`~dlmagic.devices.leases.values.Party`."""

    pid: int | Reason
    user: str | Reason
    program: str | Reason
    since: float | Reason


def person(pid: int | None, label: Label | None, proc: Path = Path("/proc")) -> Person:
    """Who has a lock.

    Args:
        pid: Number of its process, as the kernel tells it; None where it does not.
        label: What is written in its file; it may be left over from who had it before.
        proc: Where Linux tells about processes.
    """
    if pid is None:
        return _as_written(label, _ELSEWHERE)
    own = label if label is not None and label.pid == pid else None
    owner = _owner(pid, own, proc)
    if owner is None:
        return _as_written(own, _ENDED)
    name = user_name(owner)
    if own is None:
        program = _name_of(pid, proc) or _NOT_TOLD
        return Person(pid=pid, user=name, program=program, since=_NOT_TOLD)
    return Person(pid=pid, user=name, program=own.program, since=own.since)


def _as_written(label: Label | None, why: Reason) -> Person:
    if label is None:
        return Person(pid=why, user=_NOT_TOLD, program=_NOT_TOLD, since=_NOT_TOLD)
    return Person(pid=why, user=label.user, program=label.program, since=label.since)


def _owner(pid: int, label: Label | None, proc: Path) -> int | None:
    """The user of a process; None where it has ended, though another may have its number now."""
    began = process_began(pid, proc)
    if not began or (label is not None and began != label.began):
        return None
    return _user_of(pid, began, proc)


@lru_cache(maxsize=256)
def _user_of(pid: int, _began: int, proc: Path) -> int | None:
    """The user of a process that began then; None where it has just ended.

    Not who owns its folder in ``/proc``: that is root where a program may not be looked into.
    """
    try:
        status = (proc / str(pid) / "status").read_text(errors="replace")
    except OSError:
        return None
    line = next((each for each in status.splitlines() if each.startswith("Uid:")), "")
    user = line.split()[1:2]
    return int(user[0]) if user else None


def _name_of(pid: int, proc: Path) -> str | None:
    try:
        return printable((proc / str(pid) / "comm").read_text(errors="replace"))
    except OSError:
        return None
