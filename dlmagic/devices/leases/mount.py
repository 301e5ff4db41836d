"""Where a folder lies: the file system, and how the kernel names its device in lists of locks."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from dlmagic.devices.reading import Reason

_NETWORK = (
    *("9p", "afs", "beegfs", "ceph", "cifs", "coda", "gfs2", "gpfs", "lustre", "nfs", "nfs4"),
    *("ocfs2", "orangefs", "panfs", "pvfs2", "smb3", "smbfs", "wekafs"),
)
_IN_PROGRAMS = "fuse."  # file systems in programs, such as sshfs
_PRIVATE = "/systemd-private-"


@dataclass(frozen=True)
class Mount:
    """A mounted file system.

    Attributes:
        device: Its number as ``/proc/locks`` writes it, such as ``"fe:00"``.
        kind: Such as ``"ext4"``.
        root: What of the file system is mounted; ``"/"`` for all of it.
    """

    device: str
    kind: str
    root: str

    @property
    def refused(self) -> Reason | None:
        """Why locks on it do not protect, if they do not."""
        if self.kind in _NETWORK or self.kind.startswith(_IN_PROGRAMS):
            return Reason(f"it lies on a file system of kind {self.kind}, whose locks may not hold")
        return None

    @property
    def is_private(self) -> bool:
        """Whether systemd gave it to one service alone (``PrivateTmp``)."""
        return _PRIVATE in self.root

    @property
    def is_from_elsewhere(self) -> bool:
        """Whether a folder of another place is mounted here, as into a container."""
        return self.root != "/"


def mount_of(descriptor: int, proc: Path = Path("/proc")) -> Mount | None:
    """Where an open file lies; None where the system does not tell."""
    try:
        about = (proc / "self" / "fdinfo" / str(descriptor)).read_bytes()
    except OSError:
        return None
    number = re.search(rb"^mnt_id:\s*(\d+)$", about, re.MULTILINE)
    if number is None:
        return None
    return _listed(number[1].decode(), os.fstat(descriptor).st_dev, proc)


@lru_cache  # the list is long where there are many containers
def _listed(number: str, _device: int, proc: Path) -> Mount | None:
    """The mount of a number, which later may be another's, but then of another device."""
    try:
        mounts = (proc / "self" / "mountinfo").read_text(errors="replace").splitlines()
    except OSError:
        return None
    return _parse(next((line for line in mounts if line.startswith(f"{number} ")), ""))


def _parse(line: str) -> Mount | None:
    """A line such as ``27 1 254:0 / /tmp rw shared:1 - ext4 /dev/vda rw``."""
    here, _, there = line.partition(" - ")
    fields, kind = here.split(), there.split()[:1]
    if len(fields) < 5 or not kind or fields[2].count(":") != 1:
        return None
    major, minor = fields[2].split(":")
    return Mount(f"{int(major):02x}:{int(minor):02x}", kind[0], fields[3])
