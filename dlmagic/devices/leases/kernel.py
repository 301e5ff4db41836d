"""The two kinds of lock of the kernel that a lease is made of.

``flock`` keeps others away, and the kernel tells which process took it. But whether a file is
locked so can only be found by trying, which would hinder those who try in earnest; and the list of
all locks, ``/proc/locks``, is no reliable answer: where it is longer than a page it may leave out
some while others come and go, and in a container it leaves out those of other containers. So who
locks a file sets a mark as well: a lock of the other kind, on a byte of it, that hinders nobody
and can be asked for by all. Both belong to the open file: they go with it, or with the process.
"""

from __future__ import annotations

import re
import struct
from pathlib import Path
from typing import Literal

from dlmagic.devices.reading import Reason

try:
    import fcntl
except ImportError:  # on Windows
    HAS_LOCKS = False
else:
    HAS_LOCKS = hasattr(fcntl, "F_OFD_GETLK")

Locked = Literal["alone", "shared"]

_BYTE: dict[Locked, int] = {"alone": 0, "shared": 1}
_FORM = "@hhqqi"  # the structure of the C library: kind, whence, first byte, bytes, process


def lock_now(descriptor: int, how: Locked) -> bool | Reason:
    """Whether an open file could be locked at once.

    Args:
        descriptor: Of the file.
        how: ``"alone"``, or ``"shared"`` with others who lock it so.
    """
    kind = fcntl.LOCK_EX if how == "alone" else fcntl.LOCK_SH
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        return _refusal(error)
    try:
        fcntl.fcntl(descriptor, fcntl.F_OFD_SETLK, _region(fcntl.F_RDLCK, _BYTE[how], 1))
    except OSError as error:
        fcntl.flock(descriptor, fcntl.LOCK_UN)
        return _refusal(error)
    return True


def unlock(descriptor: int) -> None:
    """Free an open file, for all who share it."""
    fcntl.flock(descriptor, fcntl.LOCK_UN)  # first: what is not marked can be had
    fcntl.fcntl(descriptor, fcntl.F_OFD_SETLK, _region(fcntl.F_UNLCK, 0, 0))


def locked(descriptor: int) -> Locked | None:
    """How an open file is locked by somebody else; None where it is not."""
    question = _region(fcntl.F_WRLCK, 0, 0)
    kind, _, first, _, _ = struct.unpack(
        _FORM, fcntl.fcntl(descriptor, fcntl.F_OFD_GETLK, question)[: struct.calcsize(_FORM)]
    )
    if kind == fcntl.F_UNLCK:
        return None
    return "alone" if first == _BYTE["alone"] else "shared"


def pids_on(device: str, proc: Path = Path("/proc")) -> dict[int, int]:
    """Who has locked files of a device, by the number of the file, as far as the kernel lists it.

    Args:
        device: As the kernel writes it, such as ``"fe:00"``.
        proc: Where Linux tells about processes.
    """
    try:
        listed = (proc / "locks").read_bytes()
    except OSError:
        return {}
    # Such as "1: FLOCK  ADVISORY  WRITE 4711 fe:00:2146383 0 EOF"; who waits has an arrow.
    pattern = rb"^\d+: FLOCK +\w+ +\w+ +(\d+) " + device.encode() + rb":(\d+) "
    return {int(inode): int(pid) for pid, inode in re.findall(pattern, listed, re.MULTILINE)}


def _refusal(error: OSError) -> Reason:
    return Reason(f"its file system refuses locks ({(error.strerror or str(error)).lower()})")


def _region(kind: int, first: int, size: int) -> bytes:
    """A part of a file; size 0 reaches to its end."""
    return struct.pack(_FORM, kind, 0, first, size, 0) + bytes(8)
